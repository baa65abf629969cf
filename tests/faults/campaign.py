#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault campaigns: every stage is killed at its k-th changing call and has that call fail, for all k (or a sample), and is killed once more
while it recovers from that; the NAS goes away in the middle of a copy. After each: is anything lost, doubled or wrong (judge.py), does the next run heal it,
is everything then as after an undisturbed run, and does `mediaferry audit` agree?

    campaign.py [--full] [--only kills,again,errors,reads,nas] [--leg NAME] [--per-leg N] [--seed N] [--everything]

There are about 70,000 such trials. --full draws from them by chance, as many as fit into PART_SECONDS; --everything takes them all, for a night."""

import argparse
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from bench import LEGS, STAGE_OF, Bench, Ended
from results import Results

SMALL = ["live", "edited", "twin-1", "twin-2", "double", "double-2"]
WHOLE = SMALL + ["raw-pair", "edited-video", "screenshot", "unicode", "clip"]
ORIGINALS_AT = {"icloud_download": "/media/incoming/", "pixel_sync": "/media/backup/", "nas_archive": "/media/backup/", "processing": "/media/backup/",
                "compress": "/media/compress/", "icloud_mark": "/media/compress/"}
TOLD = {"kill": "kill -9 before, after or in the middle of the k-th changing call", "kill twice": "and once more while it recovers",
        "errno": "the k-th changing call fails (EIO, ENOSPC, EDQUOT, EROFS, EINTR, ESTALE, EXDEV, EACCES, short, done and then failed)",
        "nas reads badly": "the NAS gives back other bytes than it was given, or none", "nas refuses": "the NAS refuses the k-th changing call",
        "nas unmounted": "the NAS is lazily unmounted in the middle of a run", "nas replaced by an empty disk": "the NAS is swapped for an empty disk in the middle of a run",
        "nas mounted anew": "the NAS is mounted anew in the middle of a run", "nas read-only": "the NAS turns read-only in the middle of a run",
        "nas full": "the NAS is full in the middle of a run"}
PART_SECONDS = {"kills": 1500, "again": 600, "errors": 1500, "reads": 600, "nas": 1500}      # of --full, each
KILLS = ("kill", "kill_after", "torn")
ERRORS = ("EIO", "ENOSPC:sticky", "EDQUOT", "EROFS:sticky", "EINTR", "short", "EIO:sticky", "EIO_after", "ESTALE", "EXDEV", "EACCES")


def fault(what: str, k: int, path: str = "") -> str:
    """kill, 137 -> kill:137;  ENOSPC:sticky, 12, /nas/ -> ENOSPC:12:sticky:/nas/"""
    word, _, sticky = what.partition(":")
    return f"{word}:{k}" + (f":{sticky}" if sticky else "") + (f":{path}" if path else "")


@dataclass
class Tally:
    trials: int = 0
    hit: int = 0
    points: int = 0
    violations: list[str] = field(default_factory=list)


class Campaign:
    def __init__(self, bench: Bench, given: argparse.Namespace):
        self.bench, self.given = bench, given
        self.tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self.random = random.Random(given.seed)
        self.swept: Counter[str] = Counter()
        self.possible: Counter[str] = Counter()
        self.until = time.monotonic() + given.seconds if given.seconds else None

    def over(self) -> bool:
        return self.until is not None and time.monotonic() > self.until

    # one trial ------------------------------------------------------------------------------------------------------

    def violated(self, what: str, leg: str, which: str, wrong: list[str]) -> None:
        if not wrong:
            return
        self.tallies[what, leg].violations.append(f"{leg} {which}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""))
        print(f"VIOLATION {leg} [{which}]", *("  " + one for one in wrong[:12]), sep="\n", flush=True)

    def heal(self, leg: str, attempts: int = 3, apart_from: str = "") -> list[str]:
        """The same stage without faults, until nothing is left to do; then everything must be as if nothing had happened."""
        bench, said = self.bench, Ended(0, "")
        for _ in range(attempts):
            said = bench.run(STAGE_OF[leg])
            if said.code == 0 and not (wrong := self.compare(leg, apart_from)):
                return []
        wrong = self.compare(leg, apart_from)
        return wrong + ([f"the healing run ended with {said.code}: {said.err.strip().splitlines()[-1:]}"] if said.code != 0 or wrong else [])

    def compare(self, leg: str, apart_from: str = "") -> list[str]:
        judge = self.bench.judge
        expected = {part: wanted for part, wanted in self.bench.reference[leg].items() if part != apart_from}
        return judge.now() + judge.settled() + judge.differences(expected, judge.portrait())

    def leftovers(self, leg: str) -> list[str]:
        """Each kind of leftover is given to cleanup a few times: it must know it."""
        found = self.bench.judge.leftovers()
        kinds = {self.bench.judge.shape(one) for one in found}
        if not any(self.swept[kind] < 3 for kind in kinds):
            return []
        self.swept.update(kinds)
        time.sleep(1.1)                     # cleanup_after is 0 s: what was touched in this second stays
        self.bench.run("cleanup")
        return [f"nobody removes {one}" for one in self.bench.judge.leftovers()]

    def finish(self, leg: str) -> list[str]:
        """The rest of the way, to the very end."""
        done = self.bench.walk(leg)
        wrong = self.bench.judge.now() + self.bench.judge.settled() + self.bench.judge.differences(self.bench.reference["end"], self.bench.judge.portrait())
        return ([f"the rest of the way ended with {done.code}: {done.err}"] if done.code != 0 else []) + wrong

    def kill(self, leg: str, what: str, k: int, to_the_end: bool) -> None:
        bench, tally = self.bench, self.tallies["kill", leg]
        bench.put_back(leg)
        ended = bench.run(STAGE_OF[leg], fault(what, k))
        tally.trials += 1
        tally.hit += ended.hit
        wrong = bench.judge.now() or self.heal(leg) or bench.audit() or self.leftovers(leg)
        if not wrong and to_the_end:
            wrong = self.finish(leg)
        self.violated("kill", leg, fault(what, k), wrong)

    def kill_again(self, leg: str, k: int, again: int) -> None:
        """Killed, and killed once more while recovering. Two deaths set an item aside by design; a person lets it go on."""
        bench, tally = self.bench, self.tallies["kill twice", leg]
        bench.put_back(leg)
        bench.run(STAGE_OF[leg], fault("kill_after", k))
        ended = bench.run(STAGE_OF[leg], fault("kill", again))
        tally.trials += 1
        tally.hit += ended.hit
        wrong = bench.judge.now()
        if not wrong:
            bench.run(STAGE_OF[leg])
            bench.world.run("release", "--all")
            wrong = self.heal(leg) or bench.audit() or self.leftovers(leg)
        self.violated("kill twice", leg, f"kill_after:{k}, then kill:{again}", wrong)

    def error(self, leg: str, what: str, k: int, path: str = "", name: str = "errno", release: bool = False) -> None:
        """`release`: it looks like rotten files, and those are for a person to judge; a photo that arrived like that lies in the trash."""
        bench, tally = self.bench, self.tallies[name, leg]
        bench.put_back(leg)
        spec = fault(what, k, path)
        ended = bench.run(STAGE_OF[leg], spec)
        tally.trials += 1
        tally.hit += ended.code != 0
        wrong = bench.judge.now()
        if ended.code in (70, -99) or ended.code < 0:
            wrong.append(f"ended with {ended.code}: {ended.err.strip().splitlines()[-1:]}")
        if ended.code != 0 and not ended.err.strip():
            wrong.append(f"exit {ended.code} without a word")
        if release and not wrong:
            bench.run(STAGE_OF[leg])
            bench.world.run("release", "--all")
        wrong = wrong or self.heal(leg, apart_from="trash" if release else "") or bench.audit() or self.leftovers(leg)
        self.violated(name, leg, spec, wrong)

    # campaigns ------------------------------------------------------------------------------------------------------

    def legs(self) -> list[str]:
        return [leg for leg, _ in LEGS if self.given.leg in (None, leg)]

    def sample(self, count: int, per_leg: int) -> list[int]:
        if per_leg <= 0 or per_leg >= count:
            return list(range(1, count + 1))
        offset = self.random.random()
        return sorted({min(count, int((i + offset) * count / per_leg) + 1) for i in range(per_leg)})

    def drawn(self, possible: list, name: str) -> list:
        """All of them in an order of chance when there is a time to keep: what is tried then is a fair sample of every leg and every fault."""
        self.possible[name] += len(possible)
        if self.until is not None and self.given.full:
            self.random.shuffle(possible)
        return possible

    def kills(self) -> None:
        trials = []
        for leg in self.legs():
            calls = self.bench.calls(leg)
            self.tallies["kill", leg].points = len(calls)
            modes = KILLS if self.given.per_leg <= 0 else KILLS[:2]
            for at, k in enumerate(self.sample(len(calls), self.given.per_leg)):
                for mode in modes if self.given.per_leg <= 0 else [modes[at % 2]]:
                    if mode != "torn" or calls[k - 1].startswith("write"):
                        trials.append((leg, mode, k))
        for leg, mode, k in self.drawn(trials, "kill"):
            if self.over():
                return
            self.kill(leg, mode, k, to_the_end=self.random.random() < self.given.ends)

    def kills_in_recovery(self) -> None:
        trials = []
        for leg in self.legs():
            count = len(self.bench.calls(leg))
            for k in self.sample(count, self.given.per_leg // 2 or (count // 4 if not self.given.per_leg else 1)):
                trials.append((leg, k, self.random.randint(1, max(2, count - k))))
        for leg, k, again in self.drawn(trials, "kill twice"):
            if self.over():
                return
            self.kill_again(leg, k, again)

    def errors(self) -> None:
        trials = []
        for leg in self.legs():
            calls = self.bench.calls(leg)
            self.tallies["errno", leg].points = len(calls)
            for at, k in enumerate(self.sample(len(calls), self.given.errors_per_leg)):
                for what in ERRORS if self.given.per_leg <= 0 else [ERRORS[(at + len(leg) + self.given.seed) % len(ERRORS)]]:
                    if self.fits(what, calls[k - 1]):
                        trials.append((leg, what, k))
        for leg, what, k in self.drawn(trials, "errno"):
            if self.over():
                return
            self.error(leg, what, k)

    def reads(self) -> None:
        """Reading fails, or gives other bytes than are there: of the database, of the photos at home."""
        quick = ("download", "nas_archive", "compress") if self.given.per_leg == 2 else self.legs()
        trials = []
        for leg in (leg for leg in self.legs() if leg in quick):
            home = ORIGINALS_AT.get(STAGE_OF[leg], "/media/delete_pending/")
            for what, path in (("read_EIO", "/state/"), ("read_EIO", "/media/"), ("read_EIO:sticky", ""), ("read_flip", home), ("read_flip:sticky", home),
                               ("close_EIO", "/nas/"), ("close_EIO", "/media/"), ("close_EDQUOT:sticky", "/nas/"), ("recv_ECONNRESET", "socket:"), ("recv_short", "socket:"),
                               ("recv_ETIMEDOUT:sticky", "socket:")):
                trials += [(leg, what, k, path) for k in self.sample(40, self.given.errors_per_leg)]
        for leg, what, k, path in self.drawn(trials, "reads"):
            if self.over():
                return
            self.error(leg, what, k, path, name=what.replace("_", " "), release=what.startswith("read_") and what != "read_EIO")

    @staticmethod
    def fits(what: str, call: str) -> bool:
        """Whether the fault would be met at all by this call."""
        operation = call.split(" ")[0]
        if what == "short":
            return operation in ("write", "clone")
        if what == "EXDEV":
            return operation in ("rename", "link")
        if what == "EINTR":
            return operation in ("write", "fsync", "open")
        if what == "EIO_after":
            return operation not in ("write", "send", "open")
        return operation != "send"

    def one(self, leg: str, spec: str) -> None:
        """A single trial, told at length: for whoever looks for the cause."""
        bench = self.bench
        calls = bench.calls(leg)
        k, path = int(spec.split(":")[1]), spec.split(":")[-1] if "/" in spec else ""
        calls = [call for call in calls if path in call]
        if not spec.startswith("read_"):
            print("\n".join(f"{'->' if at == k else '  '} {at} {calls[at - 1]}" for at in range(max(1, k - 6), min(len(calls), k + 6) + 1)))
        bench.put_back(leg)
        print(bench.run(STAGE_OF[leg], spec))
        for what, wrong in (("now", bench.judge.now()), ("healed", self.heal(leg)), ("audit", bench.audit()), ("leftovers", self.leftovers(leg))):
            print(what, *wrong, sep="\n  ")

    # the NAS --------------------------------------------------------------------------------------------------------

    def nas(self) -> None:
        from nas_faults import NasFaults
        NasFaults(self).run()

    # telling --------------------------------------------------------------------------------------------------------

    def sums(self) -> dict[str, tuple[int, int, int]]:
        """What was tried: how often, with how many violations, in how many kinds of stage runs."""
        sums: dict[str, tuple[int, int, int]] = {}
        for (what, _), tally in self.tallies.items():
            tried, violations, legs = sums.get(what, (0, 0, 0))
            sums[what] = (tried + tally.trials, violations + len(tally.violations), legs + 1)
        return sums

    def table(self) -> None:
        rows = [("campaign", "where", "points", "trials", "met the fault", "violations")]
        total = Tally()
        for (what, leg), tally in self.tallies.items():
            rows.append((what, leg, str(tally.points or ""), str(tally.trials), str(tally.hit), str(len(tally.violations))))
            total.trials += tally.trials
            total.hit += tally.hit
            total.violations += tally.violations
        rows.append(("together", "", "", str(total.trials), str(total.hit), str(len(total.violations))))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="every call of every stage, and the whole sample library")
    parser.add_argument("--only", default="kills,again,errors,reads,nas")
    parser.add_argument("--leg", choices=[leg for leg, _ in LEGS])
    parser.add_argument("--per-leg", type=int, help="calls tried per stage; 0: all")
    parser.add_argument("--ends", type=float, default=0.1, help="share of the trials that go on to the very end")
    parser.add_argument("--seconds", type=float, help="stop beginning new trials of each part after this long")
    parser.add_argument("--everything", action="store_true", help="--full without a limit of time")
    parser.add_argument("--one", metavar="FAULT", help="one trial of --leg, told at length: kill:137, ENOSPC:12:sticky:/nas/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as", dest="name", default="quick", help="the name of the result that is kept")
    given = parser.parse_args()
    given.per_leg = given.per_leg if given.per_leg is not None else 0 if given.full else 2
    given.errors_per_leg = 1 if given.per_leg == 2 else given.per_leg        # the quick set
    given.full = given.full or given.everything
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))       # so that mounts and stand-ins are taken down
    with Bench(WHOLE if given.full else SMALL, "campaign") as bench:
        if not bench.disk.mounted:
            print("note: no loop mount on this machine: trials run on the disk itself, and the NAS cannot be unmounted", file=sys.stderr)
        bench.prepare()
        print(f"prepared in {time.monotonic() - began:.1f} s", file=sys.stderr)
        campaign = Campaign(bench, given)
        if given.one:
            campaign.one(given.leg, given.one)
            return 0
        for name, work in (("kills", campaign.kills), ("again", campaign.kills_in_recovery), ("errors", campaign.errors), ("reads", campaign.reads), ("nas", campaign.nas)):
            if name in given.only.split(","):
                seconds = given.seconds or (PART_SECONDS[name] if given.full and not given.everything else None)
                campaign.until = time.monotonic() + seconds if seconds else None
                work()
        campaign.table()
    found = Results(given.name, "full" if given.full else "quick")
    for what, (tried, violations, legs) in campaign.sums().items():
        drawn = f", drawn from {campaign.possible[what]:,}" if campaign.possible[what] > tried else ""
        found.add(TOLD.get(what, what), tried, violations, (f"in {legs} stage runs" if legs > 1 else "") + drawn)
    code = found.write()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
