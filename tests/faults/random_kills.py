#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random moments of `mediaferry run` and of the daemon with its children, over a library of 40 assets. A journey begins at one of the
moments of the bench; its run is killed, started again, killed again, until one comes to its end. Each time one of three: everything at once, one
process of it, or the parent alone (then its children must end by themselves). After each kill nothing may be lost, doubled or wrong (judge.py);
at the end of the journey the rest of the way is gone as a person would, and everything must be as after an undisturbed one.

    random_kills.py [--full] [--kills N] [--seed N] [--seconds N] [--journey N]"""

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import side_by_side
import tiny_library
from bench import STAGE_OF, Bench
from healing import Healer
from results import Results
from world import binary

KEYS = tiny_library.KEYS + [f"plain-{index}" for index in range(tiny_library.PLAIN)]
QUICK = tiny_library.KEYS
MOST_KILLS = 8                # of one journey: then it may come to its end
BEGINNINGS = ["download", "download", "download", "nas_archive", "compress", "icloud_mark", "icloud_delete"]
HOWS = ("everything at once", "one process of it", "the parent alone")


class RandomKills:
    def __init__(self, bench: Bench, given: argparse.Namespace, stop: side_by_side.Stop):
        self.bench, self.given, self.stop = bench, given, stop
        self.random = random.Random(given.seed)
        self.killed: Counter[tuple[str, str]] = Counter()
        self.wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.durations: dict[str, float] = {}
        self.healer = Healer(bench)
        self.journeys = 0
        self.until = time.monotonic() + given.seconds if given.seconds else None
        self.daemon_config = bench.root / "daemon.yaml"
        text = bench.world.config_file.read_text()
        stages = ("icloud_download", "pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete", "cleanup")
        self.daemon_config.write_text(text + "schedule:\n" + "".join(f"  {stage}: every 1s\n" for stage in stages))

    def count(self) -> int:
        return sum(self.killed.values())

    def over(self) -> bool:
        return self.stop.said or self.count() >= self.given.kills or (self.until is not None and time.monotonic() > self.until)

    # killing --------------------------------------------------------------------------------------------------------

    def start(self, what: str, leg: str) -> subprocess.Popen:
        environment = self.bench.world.environment()
        words = ["run", "--no-progress", "--start", STAGE_OF[leg]]
        if what == "the daemon":
            words = ["daemon"]
            environment["MEDIAFERRY_CONFIG"] = str(self.daemon_config)
        return subprocess.Popen([str(binary()), *words], env=environment, cwd=self.bench.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    @staticmethod
    def below(pid: int) -> list[int]:
        """Children and theirs, by the kernel's own list."""
        found, todo = [], [pid]
        while todo:
            one = todo.pop()
            for task in Path(f"/proc/{one}/task").glob("*/children"):
                try:
                    children = [int(word) for word in task.read_text().split()]
                except OSError:
                    continue
                found += children
                todo += children
        return found

    @staticmethod
    def outlives(pid: int) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    return False
            except OSError:
                return False
            time.sleep(0.01)
        return True

    def strike(self, process: subprocess.Popen, how: str, after: float) -> list[str] | None:
        """None: it came to its end before. Else what was wrong with the deaths themselves."""
        try:
            process.wait(after)
            return None
        except subprocess.TimeoutExpired:
            pass
        children = self.below(process.pid)
        victims = {"everything at once": [process.pid, *children], "one process of it": [self.random.choice(children or [process.pid])], "the parent alone": [process.pid]}[how]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if process.pid not in victims:          # it goes on without that one for a moment, then it goes too
            try:
                process.wait(self.random.random() * 0.5)
            except subprocess.TimeoutExpired:
                children += self.below(process.pid)
                process.kill()
        process.wait()
        return [f"process {pid} outlives its parent" for pid in children if self.outlives(pid)]

    # one journey ----------------------------------------------------------------------------------------------------

    def duration(self, leg: str) -> float:
        if leg not in self.durations:
            self.bench.put_back(leg)
            began = time.monotonic()
            self.bench.world.run("run", "--no-progress", "--start", STAGE_OF[leg])
            self.durations[leg] = time.monotonic() - began
        return self.durations[leg]

    def journey(self, number: int) -> None:
        bench, what = self.bench, ("mediaferry run", "the daemon")[number % 2]
        leg = self.random.choice(BEGINNINGS)
        long = self.duration(leg)
        most = self.count() + (MOST_KILLS if self.given.full else self.given.kills // 2)      # both kinds of runs have their turn
        bench.put_back(leg)
        told, wrong, how = [f"journey {number}: {what} from {leg}"], [], HOWS[0]
        for kills in range(MOST_KILLS):
            how, after = HOWS[(number + kills) % 3], self.random.random() * long / (1 + kills / 2)
            deaths = self.strike(self.start(what, leg), how, after)
            if deaths is None:
                break
            self.killed[what, how] += 1
            told.append(f"{how} after {after:.3f} s")
            if (wrong := deaths + bench.judge.now()) or self.over() or self.count() >= most:
                break
            # Two deaths set a file aside by design; a person lets it go on.
            if bench.world.database.exists() and self.attention():
                bench.world.run("release", "--all")
        self.journeys += 1
        wrong = wrong or self.to_the_end(leg) or bench.audit() or self.healer.leftovers()
        if wrong:
            self.wrong[what, how].append(wrong[0])
            print("VIOLATION " + ", ".join(told), *("  " + one for one in wrong[:12]), sep="\n", flush=True)

    def attention(self) -> int:
        return len(self.bench.judge.rows("SELECT 1 FROM step WHERE status = 'attention'"))

    def to_the_end(self, leg: str) -> list[str]:
        """As a person would: run, free the phone's space, run, approve, run."""
        bench, wrong = self.bench, []
        for step in range(7):
            done = bench.world.run("run", "--no-progress", "--start", STAGE_OF[leg] if step == 0 else "icloud_download")
            if done.code not in (0, 1, 75):
                return [f"the run after it ended with {done}"]
            if self.attention():
                bench.world.run("release", "--all")
            if step >= 1:
                bench.phone.free_up_space()
            plan = bench.world.value("SELECT max(id) FROM plan WHERE status = 'proposed'")
            if plan is not None:
                bench.world.expect(0, "approve", str(plan))
            if step >= 1 and not (wrong := bench.judge.differences(bench.reference["end"], bench.judge.portrait())):
                break
        return bench.judge.now() + bench.judge.settled() + wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="500 kills")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--journey", type=int, help="this one alone")
    parser.add_argument("--seconds", type=float, help="stop beginning new journeys after this long")
    parser.add_argument("--seed", type=int, default=1)
    side_by_side.arguments(parser)
    given = parser.parse_args()
    size = "full" if given.full else "quick"
    if given.processes > 1:
        return side_by_side.run("random_kills", size, given.processes)
    given.kills = side_by_side.share(given.kills or (500 if given.full else 8), given.part)
    given.seconds = given.seconds or (None if given.full else 30)
    stop = side_by_side.Stop()
    with Bench(KEYS if given.full else QUICK, "random-kills") as bench:
        began = time.monotonic()
        bench.prepare()
        work = RandomKills(bench, given, stop)
        print(f"prepared in {time.monotonic() - began:.1f} s", file=sys.stderr)
        part, parts = map(int, given.part.split("/"))
        numbers = [given.journey] if given.journey is not None else (number for number in itertools.count() if number // 2 % parts == part - 1)
        for tried, number in enumerate(numbers):
            if work.over() and tried >= 2:
                break
            work.random.seed(f"{given.seed} {number}")
            work.journey(number)
    found = Results("random_kills", size)
    for (what, how), count in sorted(work.killed.items()):
        found.add(f"kill -9 of {what} at a random moment, {how}", count, len(work.wrong[what, how]))
    found.add(f"journeys of {len(KEYS if given.full else QUICK)} assets with such kills, each gone to its end", work.journeys, 0)
    return found.write()


if __name__ == "__main__":
    sys.exit(main())
