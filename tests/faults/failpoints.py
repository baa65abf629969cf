#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills mediaferry at every named failpoint (`mediaferry failpoints`), in every kind of run that comes there, and has the step fail there; then
the same is run again without, to its end, and everything must be as if nothing had happened: judge, audit, and the very same end state.

    failpoints.py [--full] [--only TEXT] [--leg NAME] [--seed N] [--seconds N] [--list] [--one NAME[:k]=kill|throw --leg NAME] [--share]

Which runs come to which failpoint is recorded first, by running each undisturbed. A failpoint that no run reaches is a violation, unless
UNREACHED says why."""

import argparse
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import side_by_side
from bench import LEGS, STAGE_OF, Bench, Ended
from healing import Healer
from results import SOURCE, Results
from share_bench import ShareBench
from verbs import SHARE_VERBS, VERBS, Verb
from world import binary

KEYS = ["live", "edited", "twin-1", "twin-2", "double", "double-2", "raw-pair", "clip"]
SHARE_LEGS = ["nas_archive", "nas_archive.settle"]
SHARE_SAMPLE = 3         # names that the small size tries on a share
FURTHER = 4              # hits of one failpoint in one run that are tried in --full, spread over all of them

# Failpoint (or its beginning) -> why none of the runs here comes there. Nothing else may stay unreached.
UNREACHED = {
    "files.rename.by_link": "only on a file system without RENAME_NOREPLACE (an old NFS server)",
    "files.rename.unlink_old": "only on a file system without RENAME_NOREPLACE (an old NFS server)",
    "files.move.unlink_old": "only where working folders lie on different disks; tests/unit/files moves between two",
    "icloud_download.set_aside.drop": "icloudpd brings the good file the second time here; contract.icloud_download has it bring the bad one again",
    "smb.rmdir": "only where a folder in the archive's trash on a share is left empty; it may stay",
    "notify.": "nothing is to be told in these runs; no row of media.db depends on it",
    "heal.": "tests/scenario/restore_test.py kills archive verify at each of them",
    "daemon.start_stage": "of the daemon alone: random_kills.py kills it with its children",
    "exchange.": "exchange_kills.py kills every exchange at every changing call",
    "db.exchange.": "exchange_kills.py kills every exchange at every changing call",
    "queue.": "tests/scenario/queue_test.py kills every verb of the queue at each of them",
    "db.queue.": "tests/scenario/queue_test.py kills every verb of the queue at each of them",
    "restore.": "tests/scenario/restore_test.py kills archive restore at each of them",
    "db.upkeep.adopt.": "needs a database of the earlier scripts: one transaction, after a backup (tests/unit/media_db)",
    "db.catalogue.clear_": "for a person's word that no verb takes yet",
    "icloud.album.remove": "for a person's word that no verb takes yet",
    "icloud.session.mkdir": "only at the very first sign-in, by a person",
    "icloud_delete.waiting.waits_its_turn": "only with more photos than icloud_delete.max_per_run",
}

SHARE_ROW = "kill -9 at a failpoint of an archive on a share that is not mounted"

# Where a death once left something wrong: tried every time.
WRONG_ONCE = {"compress.library.replace.after": "compress, as good", "compress.library.unlink_old.after": "compress, JPEG XL",
              "archive_index.rebuild.row.commit.after": "db adopt --from-archive"}
SHARE_WRONG_ONCE = {"smb.canary.after": "archive reindex", "smb.mark.aside.after": "nas_archive after a death at a rename", "smb.rename.before": "archive init"}


# Written when half a second has passed since the last time: after the first hit the count is chance.
BY_THE_CLOCK = "db.runs.progress."


class Failpoints:
    def __init__(self, bench: Bench, given: argparse.Namespace, stop: side_by_side.Stop):
        self.bench, self.given, self.stop = bench, given, stop
        self.random = random.Random(given.seed)
        on_share = isinstance(bench, ShareBench)
        legs = {leg: Verb(leg, leg, ["--run-stage", stage]) for leg, stage in LEGS if not on_share or leg in SHARE_LEGS}
        self.runs: dict[str, Verb] = legs | {verb.name: verb for verb in (SHARE_VERBS if on_share else VERBS)}
        self.reached: dict[str, dict[str, int]] = defaultdict(dict)      # failpoint -> run -> how often
        self.tried: Counter[str] = Counter()
        self.names: set[str] = set()
        self.wrong: dict[str, list[str]] = defaultdict(list)
        self.healer = Healer(bench)
        self.until: float | None = None
        self.possible = 0, 0

    def over(self) -> bool:
        return self.stop.said or self.until is not None and time.monotonic() > self.until

    @staticmethod
    def listed() -> dict[str, str]:
        done = subprocess.run([str(binary()), "failpoints"], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("this build has no failpoints (MEDIAFERRY_FAILPOINTS): " + done.stderr)
        found: dict[str, str] = {}
        for line in done.stdout.splitlines():
            name, step, where = line.split("\t")
            if name in found:
                raise RuntimeError(f"two places have the name {name}: one of them is {where}")
            found[name] = step
        return found

    def run(self, verb: Verb, failpoint: str = "", log: Path | None = None) -> Ended:
        extra = ({"MEDIAFERRY_CONFIG": str(verb.config(self.bench))} if verb.config else {}) | ({"MEDIAFERRY_FAILPOINT": failpoint} if failpoint else {}) | ({"MEDIAFERRY_FAILPOINT_LOG": str(log)} if log else {})
        words = verb.words(self.bench) if callable(verb.words) else verb.words
        try:
            done = subprocess.run([str(binary()), *words], env=self.bench.world.environment(**extra), text=True, capture_output=True, timeout=300, cwd=self.bench.root)
        except subprocess.TimeoutExpired:
            return Ended(-99, "no end after 300 s", True)
        return Ended(done.returncode, done.stderr, done.returncode == -9)

    def put_back(self, verb: Verb) -> None:
        self.bench.put_back(verb.moment)
        self.bench.world.icloud.knob(count_offset=0)
        if verb.before:
            verb.before(self.bench)

    def record(self) -> None:
        """Runs everything once, undisturbed: who comes where, and how it is afterwards."""
        log = self.bench.disk.at / "failpoints.log"
        for verb in self.runs.values():
            if self.given.leg and verb.name not in self.given.leg.split("|"):
                continue
            self.put_back(verb)
            log.unlink(missing_ok=True)
            done = self.run(verb, log=log)
            if verb.goes_further:
                done = self.run(verb)
            if done.code not in verb.ends_with:
                raise RuntimeError(f"the undisturbed {verb.name} ended with {done.code}: {done.err}")
            for name, count in Counter(log.read_text().split()).items():
                self.reached[name][verb.name] = count
            self.bench.reference["failpoint " + verb.name] = self.bench.judge.portrait()
            if not verb.broken and (wrong := self.bench.judge.now() + self.bench.judge.settled()):
                raise RuntimeError(f"the undisturbed {verb.name} is not in order: {wrong[:5]}")

    # one trial ------------------------------------------------------------------------------------------------------

    def compare(self, verb: Verb) -> list[str]:
        judge = self.bench.judge
        expected, found = self.bench.reference["failpoint " + verb.name], judge.portrait()
        if verb.once_only:
            expected = expected | {part: {one for one in expected[part] if one[0] != verb.once_only or one in found[part]} for part in ("placeholders", "incoming")}
        return judge.now() + judge.settled() + judge.differences(expected, found)

    def heal(self, verb: Verb, attempts: int = 3) -> list[str]:
        wrong, said = [], Ended(0, "")
        for _ in range(attempts):
            if verb.finished and verb.finished(self.bench):
                said = Ended(0, "")         # the verb is not one to say twice
            else:
                said = self.run(verb)
            if verb.deaths and self.bench.judge.rows("SELECT 1 FROM step WHERE status = 'attention'"):
                self.bench.world.run("release", "--all")        # two deaths: by design a file is set aside then
            wrong = self.compare(verb)
            if said.code in verb.ends_with and not wrong:
                return []
        return wrong + [f"the healing run ended with {said.code}: {said.err.strip().splitlines()[-1:]}"]

    def trial(self, name: str, run: str, k: int, action: str, tell: bool = False) -> None:
        bench, verb = self.bench, self.runs[run]
        self.put_back(verb)
        ended = self.run(verb, f"{name}:{k}={action}")
        self.tried[action] += 1
        self.names.add(name)
        wrong = [] if verb.broken else bench.judge.now()
        if action == "kill" and verb.single and not ended.hit:
            wrong.append(f"was not killed there; ended with {ended.code}")
        if action == "throw" and (ended.code in (70, -99) or ended.code < 0):
            wrong.append(f"ended with {ended.code}: {ended.err.strip().splitlines()[-1:]}")
        wrong = wrong or self.heal(verb) or ([] if verb.broken or verb.unaudited else bench.audit()) or self.healer.leftovers()
        if tell:
            print(ended, wrong, sep="\n")
        if wrong:
            self.wrong[action].append(f"{name}:{k}={action} in {run}: {wrong[0]}")
            print(f"VIOLATION {name}:{k}={action} --leg {run}", *("  " + one for one in wrong[:12]), sep="\n", flush=True)

    # campaigns ------------------------------------------------------------------------------------------------------

    def unreached(self, listed: dict[str, str]) -> list[str]:
        return sorted(name for name in listed if name not in self.reached)

    @staticmethod
    def excused(name: str) -> str | None:
        return next((why for start, why in UNREACHED.items() if name.startswith(start)), None)

    def tell_unreached(self, listed: dict[str, str], share: "Failpoints | None", nowhere: list[str], found: Results) -> None:
        """The names that no run comes to, the reasons that are no longer needed, the commits without a name."""
        excuses = [start for start in UNREACHED if any(name.startswith(start) for name in [*self.reached, *(share.reached if share else ())])]
        for start in excuses:
            print(f"REACHED AFTER ALL, no reason is needed: {start}")
        forgotten = [name for name in nowhere if self.excused(name) is None]
        nameless = unnamed_transactions()
        for name in forgotten:
            print(f"NO RUN REACHES {name}: {listed[name]}")
        for line in nameless:
            print(f"A COMMIT WITHOUT A NAME: {line}")
        found.add("failpoints that no run reaches, and commits that have none", len(listed), len(forgotten) + len(nameless) + len(excuses),
                  f"{len(nowhere) - len(forgotten)} unreached with a reason")

    @staticmethod
    def hits(count: int) -> list[int]:
        return sorted({1 + (count - 1) * i // (FURTHER - 1) for i in range(FURTHER)})

    def ways(self, name: str) -> dict[str, int]:
        """The runs to kill there: `run` starts the stages, so it is left out where one of them alone comes there, too."""
        ways = {run: 1 if name.startswith(BY_THE_CLOCK) else count for run, count in self.reached[name].items()}
        return {run: count for run, count in ways.items() if self.runs[run].single} or ways

    def on_the_share(self, listed: dict[str, str]) -> None:
        """The share's own steps: each name once, in the small size some of them."""
        points = side_by_side.mine(sorted(name for name in listed if name in self.reached and name.startswith("smb.") and self.given.only in name), self.given.part)
        for name, run in SHARE_WRONG_ONCE.items():
            if name in points:
                self.trial(name, run, 1, "kill")
        if not self.given.full:
            points = self.random.sample(points, min(SHARE_SAMPLE, len(points)))
        for name in points:
            if self.over():
                return
            run, count = self.random.choice(sorted(self.ways(name).items()))
            self.trial(name, run, self.random.randint(1, count), "kill")

    def quick(self, points: list[str]) -> None:
        """Each name once, in whichever run."""
        for name, run in WRONG_ONCE.items():
            if run in self.reached.get(name, {}):
                self.trial(name, run, 1, "kill")
        self.random.shuffle(points)
        for name in points:
            if self.over():
                return
            run, count = self.random.choice(sorted(self.ways(name).items()))
            self.trial(name, run, self.random.randint(1, count), "kill")

    def full(self, points: list[str]) -> None:
        """First every name once, so that an end before all is done left out no name; then the other runs and hits, then failures instead of deaths."""
        again, fails = [], []
        for name in points:
            if self.over():
                return
            run, count = self.random.choice(sorted(self.ways(name).items()))
            self.trial(name, run, self.random.randint(1, count), "kill")
        for name in points:
            for run, count in sorted(self.ways(name).items()):
                plain = run in STAGE_OF
                again += [(name, run, k, "kill") for k in (self.hits(count) if plain else [self.random.randint(1, count)])]
                if plain or len(self.ways(name)) == 1:
                    fails.append((name, run, self.random.randint(1, count), "throw"))
        self.possible = len(points) + len(again), len(fails)
        for further in (again, fails):
            self.random.shuffle(further)
        some = len(fails) // 8          # of these, too, if there is no time for all
        for one in fails[:some] + again + fails[some:]:
            if self.over():
                return
            self.trial(*one)


def unnamed_transactions() -> list[str]:
    """Every commit has a name: a Transaction without one is a step that no test kills at."""
    found = subprocess.run(["grep", "-rnE", r"Transaction [a-z_]+[({][^;]*;", str(SOURCE / "common"), str(SOURCE / "stages"), str(SOURCE / "daemon"), "--include=*.cpp"],
                           capture_output=True, text=True).stdout
    return [line.removeprefix(str(SOURCE) + "/") for line in found.splitlines() if "MF_COMMIT" not in line and "SQLite::" not in line]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="every failpoint in every run that reaches it, several hits, kill and throw")
    parser.add_argument("--only", default="", help="failpoints whose name contains this")
    parser.add_argument("--leg", help="this run only; several: 'compress|compress, lower'")
    parser.add_argument("--list", action="store_true", help="which run reaches which failpoint how often; tries nothing")
    parser.add_argument("--one", metavar="NAME[:k]=ACTION", help="one trial, told at length")
    parser.add_argument("--share", action="store_true", help="with --list, --one: the runs whose archive is on a share; without: those alone")
    side_by_side.arguments(parser)
    parser.add_argument("--seconds", type=float, help="stop beginning new trials after this long")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    given = parser.parse_args()
    size = "full" if given.full else "quick"
    if given.processes > 1:
        return side_by_side.run("failpoints", size, given.processes)
    stop = side_by_side.Stop()
    listed = Failpoints.listed()
    share = None
    if not (given.list or given.one or given.leg or given.share):
        with ShareBench(KEYS[:6], "failpoints-share") as bench:
            bench.prepare()
            share = Failpoints(bench, given, stop)
            share.record()
            share.on_the_share(listed)
    with (ShareBench if given.share else Bench)(KEYS if given.full or given.list else KEYS[:6], "failpoints") as bench:
        bench.prepare()
        work = Failpoints(bench, given, stop)
        work.record()
        nowhere = [name for name in work.unreached(listed) if share is None or name not in share.reached]
        if given.list:
            for name, step in sorted(listed.items()):
                print(f"{name:55} {', '.join(f'{run} {count}' for run, count in work.reached[name].items()) or 'NOWHERE: ' + (work.excused(name) or '?')}")
            return 0
        if given.one:
            name, _, action = given.one.partition("=")
            name, _, k = name.partition(":")
            work.trial(name, given.leg or sorted(work.reached[name])[0], int(k or 1), action, tell=True)
            return 1 if work.wrong else 0
        if given.seconds:
            work.until = time.monotonic() + given.seconds
        if given.share:
            work.on_the_share(listed)
            return 1 if work.wrong else 0
        points = side_by_side.mine(sorted(name for name in listed if name in work.reached and given.only in name), given.part)
        (work.full if given.full else work.quick)(points)
    found = Results("failpoints", size)
    found.add("kill -9 at a named failpoint", work.tried["kill"], len(work.wrong["kill"]), f"of {len(listed)}, in {len(work.runs)} kinds of runs", len(work.names), work.possible[0])
    if given.full:
        found.add("the step at a named failpoint fails", work.tried["throw"], len(work.wrong["throw"]), possible=work.possible[1])
    if share:
        found.add(SHARE_ROW, share.tried["kill"], len(share.wrong["kill"]))
    if given.leg is None and side_by_side.first(given.part):
        work.tell_unreached(listed, share, nowhere, found)
    return found.write()


if __name__ == "__main__":
    sys.exit(main())
