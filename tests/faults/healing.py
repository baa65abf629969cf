# SPDX-License-Identifier: GPL-3.0-or-later
"""What every trial on the bench ends with: the same stage without faults until nothing is left to do; then all must be as if nothing had happened."""

from collections import Counter

from bench import STAGE_OF, Bench, Ended


class Healer:
    def __init__(self, bench: Bench):
        self.bench = bench
        self.swept: Counter[str] = Counter()

    def heal(self, leg: str, attempts: int = 3, apart_from: str = "") -> list[str]:
        """The same stage without faults, until nothing is left to do; then everything must be as if nothing had happened."""
        bench, said = self.bench, Ended(0, "")
        for _ in range(attempts):
            said = bench.run(STAGE_OF[leg])
            if said.code == 0 and not self.compare(leg, apart_from):
                return []
        wrong = self.compare(leg, apart_from)
        return wrong + ([f"the healing run ended with {said.code}: {said.err.strip().splitlines()[-1:]}"] if said.code != 0 or wrong else [])

    def compare(self, leg: str, apart_from: str = "") -> list[str]:
        judge = self.bench.judge
        expected = {part: wanted for part, wanted in self.bench.reference[leg].items() if part != apart_from}
        return judge.now() + judge.settled() + judge.differences(expected, judge.portrait())

    def leftovers(self) -> list[str]:
        """Each kind of leftover is given to cleanup a few times: it must know it."""
        found = self.bench.judge.leftovers()
        kinds = {self.bench.judge.shape(one) for one in found}
        if not any(self.swept[kind] < 3 for kind in kinds):
            return []
        self.swept.update(kinds)
        self.bench.run("cleanup", clock=2)      # cleanup_after is 0 s: what was touched in this second stays
        return [f"nobody removes {one}" for one in self.bench.judge.leftovers()]

    def finish(self, leg: str) -> list[str]:
        """The rest of the way, to the very end."""
        done = self.bench.walk(leg)
        wrong = self.bench.judge.now() + self.bench.judge.settled() + self.bench.judge.differences(self.bench.reference["end"], self.bench.judge.portrait())
        return ([f"the rest of the way ended with {done.code}: {done.err}"] if done.code != 0 else []) + wrong
