#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault campaigns: every stage is killed at its k-th changing call and has that call fail, for all k, and is killed once and twice more
while it recovers from that; the NAS goes away in the middle of a copy. After each: is anything lost, doubled or wrong (judge.py), does the next run heal it,
is everything then as after an undisturbed run, and does `mediaferry audit` agree?

    campaign.py --only kills,again|errors,reads|nas --as NAME [--full] [--everything] [--leg NAME] [--seed N] [--processes N]

There are more than 100,000 such trials. Trials are drawn from all of them by chance: QUICK of each kind in the size of scripts/test, in --full as many as fit
into PART_SECONDS; --everything takes them all, for a night."""

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import side_by_side
from bench import LEGS, STAGE_OF, Bench, Ended
from healing import Healer
from results import Results

SMALL = ["live", "edited", "twin-1", "twin-2", "double", "double-2"]
WHOLE = SMALL + ["raw-pair", "edited-video", "screenshot", "unicode", "clip"]
ORIGINALS_AT = {"icloud_download": "/media/incoming/", "pixel_sync": "/media/backup/", "nas_archive": "/media/backup/", "processing": "/media/backup/",
                "compress": "/media/compress/", "icloud_mark": "/media/compress/"}
TOLD = {"kill": "kill -9 before, after or in the middle of the k-th changing call", "kill twice": "and once more, or twice, while it recovers",
        "errno": "the k-th changing call fails (EIO, ENOSPC, EDQUOT, EROFS, EINTR, ESTALE, EXDEV, EACCES, short, done and then failed)",
        "nas reads badly": "the NAS gives back other bytes than it was given, or none", "nas refuses": "the NAS refuses the k-th changing call",
        "nas unmounted": "the NAS is lazily unmounted in the middle of a run", "nas replaced by an empty disk": "the NAS is swapped for an empty disk in the middle of a run",
        "nas mounted anew": "the NAS is mounted anew in the middle of a run", "nas read-only": "the NAS turns read-only in the middle of a run",
        "nas full": "the NAS is full in the middle of a run", "nas without room for names": "the NAS has no inode left in the middle of a run",
        "nas frozen for a while": "the NAS hangs for a while in the middle of a run", "nas replaced by another archive": "the NAS is swapped for another archive in the middle of a run"}
QUICK = {"kill": 300, "kill twice": 100, "errno": 400, "reads": 60, "nas reads badly": 24, "nas refuses": 100, "nas lives": 48}
PART_SECONDS = {"kills": 1500, "again": 600, "errors": 1500, "reads": 600, "nas": 1500}      # of --full, each
READS = 40              # of one kind of reading in one stage run: the first so many are spoiled in turn
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
    points: set[int] = field(default_factory=set)       # the k that were tried
    violations: list[str] = field(default_factory=list)


class Campaign(Healer):
    def __init__(self, bench: Bench, given: argparse.Namespace, stop: side_by_side.Stop):
        super().__init__(bench)
        self.given, self.stop = given, stop
        self.tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self.random = random.Random(given.seed)
        self.possible: Counter[str] = Counter()
        self.until: float | None = None

    def over(self) -> bool:
        return self.stop.said or self.until is not None and time.monotonic() > self.until

    def drawn(self, possible: list, name: str) -> Iterator:
        """This part's share of them in an order of chance, so that what there is time for is a fair sample of every leg and every fault."""
        mine = side_by_side.mine(possible, self.given.part)
        self.possible[name] += len(mine)
        self.random.shuffle(mine)
        if not self.given.full or self.given.trials:
            mine = mine[:side_by_side.share(self.given.trials or QUICK[name], self.given.part)]
        for trial in mine:
            if self.over():
                return
            yield trial

    # one trial ------------------------------------------------------------------------------------------------------

    def violated(self, what: str, leg: str, which: str, wrong: list[str]) -> None:
        if not wrong:
            return
        self.tallies[what, leg].violations.append(f"{leg} {which}: {wrong[0]}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""))
        print(f"VIOLATION {leg} [{which}]", *("  " + one for one in wrong[:12]), sep="\n", flush=True)

    def kill(self, leg: str, what: str, k: int, to_the_end: bool) -> None:
        bench, tally = self.bench, self.tallies["kill", leg]
        bench.put_back(leg)
        ended = bench.run(STAGE_OF[leg], fault(what, k))
        tally.trials += 1
        tally.hit += ended.hit
        tally.points.add(k)
        wrong = bench.judge.now() or self.heal(leg) or bench.audit() or self.leftovers()
        if not wrong and to_the_end:
            wrong = self.finish(leg)
        self.violated("kill", leg, fault(what, k), wrong)

    def kill_again(self, leg: str, k: int, again: int, third: int) -> None:
        """Killed, and killed once more (`third`: and once more) while recovering. Two deaths set an item aside by design; a person lets it go on."""
        bench, tally = self.bench, self.tallies["kill twice", leg]
        bench.put_back(leg)
        deaths = [fault("kill_after", k), fault("kill", again), *([fault("kill_after", third)] if third else [])]
        ended = [bench.run(STAGE_OF[leg], death) for death in deaths]
        tally.trials += 1
        tally.hit += ended[-1].hit
        tally.points.add(k)
        wrong = bench.judge.now()
        if not wrong:
            bench.run(STAGE_OF[leg])
            bench.world.run("release", "--all")
            wrong = self.heal(leg) or bench.audit() or self.leftovers()
        self.violated("kill twice", leg, ", then ".join(deaths), wrong)

    def error(self, leg: str, what: str, k: int, path: str = "", name: str = "errno", release: bool = False) -> None:
        """`release`: it looks like rotten files, and those are for a person to judge; a photo that arrived like that lies in the trash."""
        bench, tally = self.bench, self.tallies[name, leg]
        bench.put_back(leg)
        spec = fault(what, k, path)
        ended = bench.run(STAGE_OF[leg], spec)
        tally.trials += 1
        tally.hit += ended.code != 0
        tally.points.add(k)
        wrong = bench.judge.now()
        if ended.code in (70, -99) or ended.code < 0:
            wrong.append(f"ended with {ended.code}: {ended.err.strip().splitlines()[-1:]}")
        if ended.code != 0 and not ended.err.strip():
            wrong.append(f"exit {ended.code} without a word")
        if release and not wrong:
            bench.run(STAGE_OF[leg])
            bench.world.run("release", "--all")
        wrong = wrong or self.heal(leg, apart_from="trash" if release else "") or bench.audit() or self.leftovers()
        self.violated(name, leg, spec, wrong)

    # campaigns ------------------------------------------------------------------------------------------------------

    def legs(self) -> list[str]:
        return [leg for leg, _ in LEGS if self.given.leg in (None, leg)]

    def kills(self) -> None:
        trials = []
        for leg in self.legs():
            for k, call in enumerate(self.bench.calls(leg), 1):
                trials += [(leg, mode, k) for mode in KILLS if mode != "torn" or call.startswith("write")]
        for leg, mode, k in self.drawn(trials, "kill"):
            self.kill(leg, mode, k, to_the_end=self.random.random() < self.given.ends)

    def kills_in_recovery(self) -> None:
        trials = [(leg, k, count) for leg in self.legs() for count in [len(self.bench.calls(leg))] for k in range(1, count + 1)]
        for leg, k, count in self.drawn(trials, "kill twice"):
            again, third = (self.random.randint(1, max(2, count - k)) for _ in range(2))
            self.kill_again(leg, k, again, third if self.random.random() < 0.4 else 0)

    def errors(self) -> None:
        trials = []
        for leg in self.legs():
            for k, call in enumerate(self.bench.calls(leg), 1):
                trials += [(leg, what, k) for what in ERRORS if self.fits(what, call)]
        for leg, what, k in self.drawn(trials, "errno"):
            self.error(leg, what, k)

    def reads(self) -> None:
        """Reading fails, or gives other bytes than are there: of the database, of the photos at home."""
        trials = []
        for leg in self.legs():
            home = ORIGINALS_AT.get(STAGE_OF[leg], "/media/delete_pending/")
            for what, path in (("read_EIO", "/state/"), ("read_EIO", "/media/"), ("read_EIO:sticky", ""), ("read_flip", home), ("read_flip:sticky", home),
                               ("close_EIO", "/nas/"), ("close_EIO", "/media/"), ("close_EDQUOT:sticky", "/nas/"), ("recv_ECONNRESET", "socket:"), ("recv_short", "socket:"),
                               ("recv_ETIMEDOUT:sticky", "socket:")):
                trials += [(leg, what, k, path) for k in range(1, READS + 1)]
        for leg, what, k, path in self.drawn(trials, "reads"):
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
        for what, wrong in (("now", bench.judge.now()), ("healed", self.heal(leg)), ("audit", bench.audit()), ("leftovers", self.leftovers())):
            print(what, *wrong, sep="\n  ")

    # the NAS --------------------------------------------------------------------------------------------------------

    def nas(self) -> None:
        from nas_faults import NasFaults
        NasFaults(self).run()

    # telling --------------------------------------------------------------------------------------------------------

    def keep(self, found: Results) -> None:
        """What was tried: how often, with how many violations, at how many different calls, in how many kinds of stage runs."""
        for name in dict.fromkeys(what for what, _ in self.tallies):
            tallies = [tally for (what, _), tally in self.tallies.items() if what == name]
            found.add(TOLD.get(name, name), sum(tally.trials for tally in tallies), sum(len(tally.violations) for tally in tallies),
                      places=sum(len(tally.points) for tally in tallies), possible=self.possible[name])

    def table(self) -> None:
        rows = [("campaign", "where", "calls", "trials", "met the fault", "violations")]
        total = Tally()
        for (what, leg), tally in self.tallies.items():
            rows.append((what, leg, str(len(tally.points)), str(tally.trials), str(tally.hit), str(len(tally.violations))))
            total.trials += tally.trials
            total.hit += tally.hit
            total.violations += tally.violations
        rows.append(("together", "", "", str(total.trials), str(total.hit), str(len(total.violations))))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="of every fault at every call of every stage as many as there is time for, with the whole sample library")
    parser.add_argument("--only", default="kills,again,errors,reads,nas")
    parser.add_argument("--leg", choices=[leg for leg, _ in LEGS])
    parser.add_argument("--trials", type=int, help="so many of each kind")
    parser.add_argument("--ends", type=float, default=0.1, help="share of the kills that go on to the very end")
    parser.add_argument("--seconds", type=float, help="stop beginning new trials of each part after this long")
    parser.add_argument("--everything", action="store_true", help="--full without a limit of time")
    parser.add_argument("--one", metavar="FAULT", help="one trial of --leg, told at length: kill:137, ENOSPC:12:sticky:/nas/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--as", dest="name", default="trial", help="the name of the result that is kept")
    side_by_side.arguments(parser)
    given = parser.parse_args()
    given.full = given.full or given.everything
    size = "full" if given.full else "quick"
    if given.processes > 1:
        return side_by_side.run(given.name, size, given.processes)
    began = time.monotonic()
    stop = side_by_side.Stop()
    with Bench(WHOLE if given.full else SMALL, "campaign") as bench:
        if not bench.disk.mounted:
            print("note: no loop mount on this machine: trials run on the disk itself, and the NAS cannot be unmounted", file=sys.stderr)
        bench.prepare()
        print(f"prepared in {time.monotonic() - began:.1f} s", file=sys.stderr)
        campaign = Campaign(bench, given, stop)
        if given.one:
            campaign.one(given.leg, given.one)
            return 0
        for name, work in (("kills", campaign.kills), ("again", campaign.kills_in_recovery), ("errors", campaign.errors), ("reads", campaign.reads), ("nas", campaign.nas)):
            if name in given.only.split(","):
                seconds = given.seconds or (PART_SECONDS[name] if given.full and not given.everything else None)
                campaign.until = time.monotonic() + seconds if seconds else None
                work()
        campaign.table()
    found = Results(given.name, size)
    campaign.keep(found)
    code = found.write()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
