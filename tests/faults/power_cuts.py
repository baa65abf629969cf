#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power goes: media.db and the local folders lie on one file system, the NAS on another; each, or both, is cut off in the middle of a stage run
(at a given changing call, or at a random instant), and mounted again. Nothing that was committed may be missing, no photo torn under its final
name, `db check` finds nothing, the next runs heal it, and everything is then as after an undisturbed run.

    power_cuts.py [--full] [--fs ext4,xfs] [--leg NAME] [--cuts N] [--seed N]"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import side_by_side
from bench import LEGS, STAGE_OF, Bench
from campaign import SMALL
from healing import Healer
from nas_faults import NasFaults
from results import Results
from volume import LOGFLUSH, NOLOGFLUSH, Volume, why_not
from world import binary

NAS_LEGS = ("nas_archive", "nas_archive.settle", "icloud_delete")
QUICK, FULL, EVERYTHING = {"ext4": 24, "xfs": 8}, {"ext4": 800, "xfs": 240}, {"ext4": 7500, "xfs": 2500}
SIDES = {"home": "the server's", "nas": "the NAS's", "both": "both"}


class PowerBench(Bench):
    """The bench with two file systems of its own below the world."""

    def __init__(self, kind: str):
        super().__init__(SMALL, f"power-{kind}")
        self.home_volume = self.nas_volume = None
        try:
            self.home_volume = Volume(kind, 96, self.disk.at / "volume-home", {"media": self.root / "media", "state": self.root / "state"})
            self.nas_volume = Volume(kind, 64, self.root / "nas")
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for volume in (self.home_volume, self.nas_volume):
            if volume:
                volume.remove()
        super().__exit__()

    def volumes(self, side: str) -> list[Volume]:
        return {"home": [self.home_volume], "nas": [self.nas_volume], "both": [self.home_volume, self.nas_volume]}[side]

    def put_back(self, name: str) -> None:
        super().put_back(name)
        for volume in self.volumes("both"):
            volume.sync()               # what lay there before the run began is on the disk


class PowerCuts:
    def __init__(self, bench: PowerBench, given: argparse.Namespace, stop: side_by_side.Stop):
        self.bench, self.given, self.stop = bench, given, stop
        self.random = random.Random(f"{given.seed} {given.part}")
        self.healer = Healer(bench)
        self.points: dict[str, int] = {}
        self.lasts: dict[str, float] = {}
        self.tried: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.violations: Counter[str] = Counter()
        self.lying = False              # fsync says that it did

    # one cut ----------------------------------------------------------------------------------------------------------

    def committed(self) -> list[tuple]:
        """The newest rows of the history that anybody can read: they are promised."""
        database = self.bench.world.database
        try:
            return self.newest(database)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                return []               # not made yet
        # Stopped while it closes: nothing is half committed then, and a copy with its log can be read.
        copy = self.bench.disk.at / "committed.db"
        for ending in ("", "-wal"):
            Path(f"{copy}{ending}").unlink(missing_ok=True)
            if Path(f"{database}{ending}").exists():
                shutil.copyfile(f"{database}{ending}", f"{copy}{ending}")
        return self.newest(copy)

    @staticmethod
    def newest(database: Path) -> list[tuple]:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=0.5)
        try:
            return connection.execute("SELECT id, hash FROM event ORDER BY id DESC LIMIT 3").fetchall()
        finally:
            connection.close()

    def start(self, leg: str, fault: str) -> subprocess.Popen:
        environment = self.bench.environment(fault, under=str(self.bench.root)) if fault else self.bench.world.environment()
        environment |= {"MEDIAFERRY_FAULT_NOSYNC": "1"} if self.lying else {}
        return subprocess.Popen([str(binary()), "--run-stage", STAGE_OF[leg]], env=environment, cwd=self.bench.disk.at, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)

    def cut(self, leg: str, side: str, k: int | None, wait: float, flags: int) -> tuple[bool, list[str]]:
        """One run of the leg, cut off at its k-th changing call or after so long. Was it met; what is wrong."""
        bench = self.bench
        process = self.start(leg, f"pause:{k}" if k else "")
        met = NasFaults.stops(process) if k else self.still_runs_after(process, wait)
        promised = self.committed()
        for volume in bench.volumes(side):
            volume.cut(flags)
        wrong: list[str] = []
        if side == "nas":               # the server goes on, and must say what happened
            os.kill(process.pid, signal.SIGCONT) if met else None
            try:
                err = process.communicate(timeout=60)[1]
                if process.returncode < 0 or process.returncode == 70:
                    wrong.append(f"ended with {process.returncode}: {err.strip().splitlines()[-1:]}")
            except subprocess.TimeoutExpired:
                wrong.append("does not end although the NAS answers with errors")
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.communicate()
        for volume in bench.volumes(side):
            volume.power_on()
        return met, wrong + self.kept(promised)

    @staticmethod
    def still_runs_after(process: subprocess.Popen, wait: float) -> bool:
        try:
            process.wait(wait)
            return False
        except subprocess.TimeoutExpired:
            return True

    def kept(self, promised: list[tuple]) -> list[str]:
        done = self.bench.world.run("db", "check")
        # Cut before the first commit: there is no database yet, or one without a table.
        nothing_yet = not promised and done.code == 65 and "stage run" in done.err
        wrong = [] if done.code == 0 or nothing_yet else [f"db check: exit {done.code}: {(done.out + done.err).strip()}"]
        have = dict(self.committed_all(promised))
        return wrong + [f"LOST: event {number} was committed and is not there" for number, digest in promised if have.get(number) != digest]

    def committed_all(self, promised: list[tuple]) -> list[tuple]:
        if not promised:
            return []
        return [(row[0], row[1]) for row in self.bench.judge.rows(f"SELECT id, hash FROM event WHERE id >= {promised[-1][0]}")]

    def trial(self, leg: str, side: str, number: int) -> None:
        """Every second one at a changing call, the others at a random instant; every eighth is cut off again while it recovers."""
        bench, draw = self.bench, self.random
        k = draw.randint(1, self.points[leg]) if number % 2 == 0 else None
        wait = draw.uniform(0.0, self.lasts[leg])
        flags = LOGFLUSH if draw.random() < 0.2 else NOLOGFLUSH
        what = f"{side} " + (f"before call {k}" if k else f"after {wait * 1000:.0f} ms") + (", journal written" if flags == LOGFLUSH else "")
        bench.put_back(leg)
        met, wrong = self.cut(leg, side, k, wait, flags)
        self.tried[side] += 1
        self.met[side] += met
        wrong += bench.judge.now()
        if not wrong and number % 8 == 7:
            again = draw.randint(1, self.points[leg])
            what += f", and again before call {again}"
            wrong = self.cut(leg, side, again, 0.0, NOLOGFLUSH)[1] + bench.judge.now()
            bench.run(STAGE_OF[leg])                    # two deaths set an item aside by design; a person lets it go on
            bench.world.run("release", "--all")
        wrong = wrong or self.healer.heal(leg)
        if not wrong and number % 2 == 0:
            wrong = bench.audit()
        if not wrong and number % 20 == 3:
            wrong = self.healer.finish(leg)
        if wrong:
            self.violations[side] += 1
            print(f"VIOLATION {leg} [{what}]", *("  " + one for one in wrong[:12]), sep="\n", flush=True)

    # all of them ------------------------------------------------------------------------------------------------------

    def measure(self) -> None:
        for leg, stage in LEGS:
            calls = [call for call in self.bench.calls(leg) if "socket:" not in call]
            self.points[leg] = max(1, len(calls))
            self.bench.put_back(leg)
            began = time.monotonic()
            self.bench.run(stage)
            self.lasts[leg] = 1.1 * (time.monotonic() - began)

    def run(self) -> None:
        pairs = [(leg, side) for leg, _ in LEGS if self.given.leg in (None, leg) for side in SIDES if side == "home" or leg in NAS_LEGS]
        self.random.shuffle(pairs)
        for number in range(self.given.cuts):
            if self.stop.said:
                return
            self.trial(*pairs[number % len(pairs)], number // len(pairs) if self.given.cuts >= 4 * len(pairs) else number)

    def would_show(self, results: Results, kind: str) -> None:
        """The check of the check: with an fsync that does nothing the same cuts must show a loss."""
        shown, legs = 0, ["download", "nas_archive", "processing", "compress"]
        self.lying = True
        for leg in legs:
            self.bench.put_back(leg)
            k = max(1, self.points[leg] * 3 // 4)
            wrong = self.cut(leg, "both", k, 0.0, NOLOGFLUSH)[1] or self.bench.judge.now()
            shown += bool(wrong)
        self.lying = False
        results.add(f"the same on {kind} with an fsync that does nothing: the loss shows", len(legs), len(legs) - shown, "a check of the check")

    def tell(self, results: Results, kind: str) -> None:
        for side, name in SIDES.items():
            if self.tried[side]:
                results.add(f"power cut off in a stage run, {kind}, {name} disk", self.tried[side], self.violations[side],
                            f"{self.met[side]} in the middle of it")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--fs", default="ext4,xfs")
    parser.add_argument("--leg", choices=[leg for leg, _ in LEGS])
    parser.add_argument("--cuts", type=int, help="cuts on each file system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--everything", action="store_true", help="--full with 10,000 cuts, for a night")
    side_by_side.arguments(parser)
    given = parser.parse_args()
    given.full = given.full or given.everything
    size = "full" if given.full else "quick"
    if given.processes > 1:
        return side_by_side.run("power_cuts", size, given.processes)
    results = Results("power_cuts", size)
    wanted = EVERYTHING if given.everything else FULL if given.full else QUICK
    asked, skipped, stop = given.cuts, 0, side_by_side.Stop()
    for kind in given.fs.split(","):
        given.cuts = side_by_side.share(asked or wanted[kind], given.part)
        if reason := why_not(kind):
            print(f"SKIPPED: power cuts on {kind}: {reason}", file=sys.stderr)
            results.add(f"power cut off in a stage run, {kind}", 0, 0, f"skipped: {reason}")
            skipped += 1
            continue
        with PowerBench(kind) as bench:
            bench.prepare()
            cuts = PowerCuts(bench, given, stop)
            cuts.measure()
            cuts.run()
            cuts.tell(results, kind)
            if (kind == "ext4" or given.full) and side_by_side.first(given.part):
                cuts.would_show(results, kind)
    code = results.write()
    return 0 if skipped == len(given.fs.split(",")) else code     # told loudly; not what this machine is there for


if __name__ == "__main__":
    sys.exit(main())
