#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can befall media.db, with the real binary: its disk is full, another program holds it, pages of it are damaged, it is gone or an older copy
was put in its place, the clock is wrong. Each time: a clear word and the exit code of the contract, nothing touched that must not
be, and afterwards (a restore from the backup, if need be) everything as after an undisturbed run.

    media_db_faults.py [--full] [--only locked,full,pages,gone,restore,clock] [--seed N]"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from bench import LEGS, STAGE_OF, Bench
from campaign import SMALL
from healing import Healer
from results import Results
from sqlite_pages import pages_of, spoil
from volume import Volume, why_not
from world import binary

YEARS = 10 * 365 * 86400
DAMAGED, LOCKED = 65, 69


class MediaDbFaults:
    def __init__(self, bench: Bench, results: Results, given: argparse.Namespace):
        self.bench, self.results, self.given, self.random = bench, results, given, random.Random(given.seed)
        self.healer = Healer(bench)
        self.database = bench.world.database
        self.backups = self.database.parent / "state" / "backups"
        self.tried = self.bad = 0

    # telling ----------------------------------------------------------------------------------------------------------

    def judge(self, what: str, wrong: list[str]) -> None:
        self.tried += 1
        if wrong:
            self.bad += 1
            print(f"VIOLATION {what}", *("  " + str(one) for one in wrong[:12]), sep="\n", flush=True)

    def row(self, what: str, note: str = "") -> None:
        self.results.add(what, self.tried, self.bad, note)
        self.tried = self.bad = 0

    @staticmethod
    def said(done, code: int | tuple, *words: str) -> list[str]:
        codes = code if isinstance(code, tuple) else (code,)
        text = getattr(done, "out", "") + done.err
        wrong = [] if done.code in codes else [f"exit {done.code} instead of {code}: {text.strip()[-300:]}"]
        return wrong + [f"does not say {word!r}: {text.strip()[-300:]}" for word in words if word not in text]

    # the world --------------------------------------------------------------------------------------------------------

    def outside(self) -> dict:
        """All that a stage could touch, but the state directory."""
        judge = self.bench.judge
        folders = {name: {path: (file.size, file.sha256) for path, file in judge.files(judge.home / name).items()}
                   for name in ("incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash")}
        return folders | {"nas": {path: file.sha256 for path, file in judge.files(judge.nas).items()}, "icloud": str(judge.icloud()), "deleted": len(judge.deletions())}

    def sql(self, *statements: str) -> None:
        connection = sqlite3.connect(self.database, timeout=20, isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement).fetchall()
        finally:
            connection.close()

    def tomorrow(self) -> None:
        """The look at every page is due again."""
        self.sql("DELETE FROM state WHERE key = 'db.checked'", "PRAGMA wal_checkpoint(TRUNCATE)")

    def back_up(self) -> None:
        self.bench.world.expect(0, "db", "backup")

    def restore(self, *words: str) -> list[str]:
        return self.said(self.bench.world.run("db", "restore", *words, "--yes"), 0)

    def healed(self, leg: str) -> list[str]:
        return self.healer.heal(leg) or self.bench.audit()

    # another program holds it -------------------------------------------------------------------------------------------

    def locked(self) -> None:
        bench = self.bench
        stages = ["nas_archive", "cleanup"] if not self.given.full else list(dict.fromkeys(STAGE_OF.values()))
        for how in ("BEGIN IMMEDIATE", "PRAGMA locking_mode = EXCLUSIVE"):
            bench.put_back("nas_archive")
            holder = sqlite3.connect(self.database, isolation_level=None)
            for statement in [how] + ([] if how.startswith("BEGIN") else ["BEGIN EXCLUSIVE", "UPDATE state SET at = at", "COMMIT", "BEGIN EXCLUSIVE"]):
                holder.execute(statement).fetchall()
            before = self.outside()
            asked = [["--run-stage", stage] for stage in stages] + [["release", "--all"], ["daemon"]] + ([] if how.startswith("BEGIN") else [["status"], ["db", "check"]])
            running = [(words, subprocess.Popen([str(binary()), *words], env=bench.world.environment(), cwd=bench.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
                       for words in asked]
            for words, process in running:
                try:
                    out, err = process.communicate(timeout=90)
                except subprocess.TimeoutExpired:
                    process.kill()
                    out, err = process.communicate()
                    err += " [no end after 90 s]"
                self.judge(f"{' '.join(words)} while {how}", self.said(Said(process.returncode, out, err), LOCKED, "held by another program"))
            untouched = [] if self.outside() == before else ["something was touched"]
            holder.close()
            self.judge(f"after {how}", untouched + self.healed("nas_archive"))
        self.row("media.db held by another program: each stage, the daemon, verbs say so and end with 69", "a write lock, and a lock that no reader passes")

    # no room -----------------------------------------------------------------------------------------------------------

    def full(self) -> None:
        if reason := why_not("ext4"):
            print(f"SKIPPED: a full disk: {reason}", file=sys.stderr)
            return self.results.add("media.db's disk is full", 0, 0, f"skipped: {reason}")
        bench = self.bench
        legs = [leg for leg, _ in LEGS if self.given.full or leg in ("pixel_sync", "nas_archive", "icloud_delete")]
        bench.put_back("nas_archive")
        volume = Volume("ext4", 24, bench.root / "state")
        try:
            for leg in legs:
                for room in (0, 40_000) if self.given.full else (0,):
                    bench.put_back(leg)
                    ballast = bench.root / "state" / "ballast"
                    fill(ballast)
                    if room:
                        os.truncate(ballast, max(0, ballast.stat().st_size - room))
                    done = bench.run(STAGE_OF[leg])
                    wrong = [f"ended with {done.code}: {done.err.strip()[-300:]}"] if done.code in (70, -99) or done.code < 0 else []
                    if done.code not in (0, 1):
                        wrong += self.said(done, (69, 75))
                        wrong += [] if "room" in done.err or "full" in done.err else [f"does not say what is full: {done.err.strip()[-300:]}"]
                    ballast.unlink()
                    wrong += bench.judge.now()
                    self.judge(f"{leg} on a full disk ({room} bytes left)", wrong or self.healed(leg))
        finally:
            volume.remove()
        self.row("media.db's disk is really full: the stage says so, and goes on when there is room")

    # damaged pages ------------------------------------------------------------------------------------------------------

    def damage(self) -> None:
        bench, leg = self.bench, "nas_archive"
        kinds, trials = ("zeros", "noise", "torn", "one bit"), 0
        found = late = unseen = 0
        rounds = 25 if self.given.full else 1
        for turn in range(rounds):
            for kind in ("header", "table leaf", "table interior", "index leaf", "index interior", "free list"):
                for how in kinds if self.given.full else [kinds[(trials + turn) % 3]]:
                    trials += 1
                    bench.put_back(leg)
                    self.sql("CREATE TABLE pad (x)", "INSERT INTO pad SELECT randomblob(3000) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) SELECT i FROM n)",
                             "DROP TABLE pad")
                    self.back_up()
                    self.tomorrow()
                    there = pages_of(self.database).get(kind)
                    if not there:
                        continue
                    before = self.outside()
                    page = self.random.choice(there)
                    spoil(self.database, page, how, self.random)
                    check, done = bench.world.run("db", "check"), bench.run(STAGE_OF[leg])
                    wrong = [f"ended with {done.code}: {done.err.strip()[-300:]}"] if done.code in (70, -99) or done.code < 0 else []
                    if done.code == DAMAGED:
                        found += 1
                        wrong += self.said(done, DAMAGED, "mediaferry db") + self.said(check, DAMAGED)
                        wrong += [] if self.outside() == before else ["something was touched although it was found at the start"]
                    elif check.code != 0:
                        late += 1                   # db check sees more than the look at the start
                    else:
                        unseen += 1
                        # A page without checksum: what changes no structure shows to nobody but who knows the content.
                        wrong += [] if how in ("one bit", "torn") or kind == "free list" else ["a damaged page was not noticed"]
                    wrong += [one for one in bench.judge.now() if "deleted from iCloud" in one] if done.code != DAMAGED else []
                    again = self.restore()
                    if not again and not any(p.name.startswith("media.db.damaged-") for p in self.database.parent.iterdir()):
                        again = ["the damaged database was not kept"]
                    self.judge(f"page {page} ({kind}): {how}", wrong + again or self.healed(leg))
        self.row("a damaged page of media.db, then `db restore`, then on", f"{found} found at the start with nothing touched, {late} by `db check` only, {unseen} that change no structure (single bits, mostly)")

    # gone, or another one -----------------------------------------------------------------------------------------------

    def gone(self) -> None:
        bench, leg = self.bench, "nas_archive"
        older = self.database.parent / "older.db"
        for what in ("gone", "empty", "older copy", "history cut off", "log lost"):
            bench.put_back(leg)
            self.back_up()
            shutil.copy2(next(self.backups.glob("*-by-hand.db")), older)
            if what == "older copy":
                bench.run("cleanup")                # something happens after it
            if what == "log lost":                  # of a run that ended, while somebody else had the database open
                holder = sqlite3.connect(self.database)
                holder.execute("SELECT count(*) FROM event").fetchall()
                bench.run(STAGE_OF[leg])
                copy = self.database.read_bytes()
                holder.close()
                self.database.write_bytes(copy)
            if what == "history cut off":
                self.sql("DELETE FROM event WHERE id > (SELECT max(id) - 3 FROM event)")
            for ending in ("-wal", "-shm"):
                Path(f"{self.database}{ending}").unlink(missing_ok=True)
            if what in ("gone", "older copy"):
                self.database.unlink()
            if what == "empty":
                os.truncate(self.database, 0)
            if what == "older copy":
                self.bench.world.run("status")
                shutil.copy2(older, self.database)
                self.sql("DELETE FROM event WHERE id = (SELECT max(id) FROM event)")
            before = self.outside()
            done = bench.run(STAGE_OF[leg])
            wrong = self.said(done, DAMAGED, "mediaferry db restore") + ([] if self.outside() == before else ["something was touched"])
            daemon = bench.world.run("daemon", timeout=60)
            wrong += self.said(daemon, DAMAGED, "mediaferry db restore")
            self.judge(f"media.db {what}", wrong + self.restore(str(older)) or self.healed(leg))
            older.unlink(missing_ok=True)
        self.row("media.db gone, empty, an older copy, its history cut off, its log lost: refused, then restored")

    # an older backup ----------------------------------------------------------------------------------------------------

    def older_backup(self) -> None:
        """A backup, several stages more, the database damaged, the backup put back, on to the end: as if nothing had happened."""
        legs = [leg for leg, _ in LEGS]
        pairs = [(i, j) for i in range(1, len(legs) - 1) for j in range(i + 1, len(legs))]
        if not self.given.full:
            pairs = self.random.sample(pairs, 2)
        for i, j in pairs:
            bench = self.bench
            bench.put_back(legs[i])
            self.back_up()
            kept = next(self.backups.glob("*-by-hand.db")).read_bytes()
            bench.put_back(legs[j])                 # the world as it was when the stages between had been through
            self.backups.mkdir(parents=True, exist_ok=True)
            backup = self.backups / "daily-20990101_000000.db"
            backup.write_bytes(kept)
            self.tomorrow()
            spoil(self.database, 1, "noise", self.random)
            wrong = self.said(bench.run("nas_archive"), DAMAGED) + self.restore() + bench.judge.now()
            wrong = wrong or self.to_the_end()
            self.judge(f"backup before {legs[i]}, damaged before {legs[j]}", wrong)
        self.row("a backup older than the last stages, put back: nothing lost, nothing doubled, on to the end")

    def to_the_end(self) -> list[str]:
        bench = self.bench
        wrong: list[str] = []
        for step in range(6):
            done = bench.world.run("run", "--no-progress")
            if done.code not in (0, 1, 75):
                return [f"the run after it ended with {done}"]
            bench.phone.free_up_space()
            plan = bench.world.value("SELECT max(id) FROM plan WHERE status = 'proposed'")
            if plan is not None:
                bench.world.expect(0, "approve", str(plan))
            wrong = bench.judge.now() + bench.judge.settled() + self.unlike_the_end()
            if not wrong and step >= 1:
                break
        return wrong or bench.audit()

    def unlike_the_end(self) -> list[str]:
        """Who deleted an asset may be forgotten with the history, and the phone may get a photo once more under another name; the rest is the same."""
        expected, found = self.bench.reference["end"], self.bench.judge.portrait()
        same = ("icloud", "nas", "library", "backup", "compress", "delete_pending", "trash", "resources")
        return self.bench.judge.differences({part: expected[part] for part in same}, found)

    # the clock ------------------------------------------------------------------------------------------------------------

    def clock(self) -> None:
        """With the waiting times of a real house. The clock is wrong for one run, from its start or from some call on; then right again."""
        bench = self.bench
        world = bench.world
        config = {name: dict(section) for name, section in world.config.items() if isinstance(section, dict)}
        bench.put_back("icloud_delete")
        oldest = world.value("SELECT min(max(taken_at, added_at)) FROM asset")
        world.configure("icloud_delete", keep_days=int((time.time() - oldest) / 86400) + 10)       # no photo is that old, and with such a clock some are
        legs = [leg for leg, _ in LEGS]
        if not self.given.full:
            legs = ["nas_archive.settle", "icloud_delete"]
        try:
            for leg in legs:
                for off in (YEARS, -YEARS, 20 * 86400):                # after ten years no session is valid any more; after 20 days it is
                    for at in ("", f"@{self.random.randint(1, 40)}"):
                        bench.put_back(leg)
                        before = len(bench.judge.deletions())
                        environment = bench.environment("", under=str(bench.root)) | {"MEDIAFERRY_FAULT_CLOCK": f"{off}{at}"}
                        done = subprocess.run([str(binary()), "--run-stage", STAGE_OF[leg]], env=environment, text=True, capture_output=True, timeout=120, cwd=bench.root)
                        wrong = [f"ended with {done.returncode}: {done.stderr.strip()[-300:]}"] if done.returncode in (70,) or done.returncode < 0 else []
                        wrong += bench.judge.now()
                        wrong += ["something was deleted from iCloud"] if len(bench.judge.deletions()) > before else []
                        self.judge(f"{leg}, clock wrong by {off // 86400} days{at}", wrong or self.after_clock(leg, before))
            self.judge("the check of the check: without a second clock the wrong one is believed", self.believed())
        finally:
            for name, section in config.items():
                world.config[name] = section
            world.write_config()
        self.row("the clock is wrong by 20 days or ten years, both ways, for a run or in the middle of one: nothing lost, nothing deleted, nothing stuck")

    def believed(self) -> list[str]:
        self.bench.put_back("icloud_delete")
        self.sql("DELETE FROM state WHERE key = 'clock'")
        environment = self.bench.environment("", under=str(self.bench.root)) | {"MEDIAFERRY_FAULT_CLOCK": str(20 * 86400)}
        subprocess.run([str(binary()), "--run-stage", "icloud_delete"], env=environment, capture_output=True, timeout=120, cwd=self.bench.root)
        return [] if self.bench.judge.deletions() else ["nothing was deleted: this campaign would see nothing"]

    def after_clock(self, leg: str, deleted: int) -> list[str]:
        """The clock is right again: the stage goes on, nothing is stuck for ten years."""
        bench = self.bench
        for _ in range(3):
            done = bench.run(STAGE_OF[leg])
            if done.code not in (0, 1):
                return [f"afterwards it ended with {done.code}: {done.err.strip()[-300:]}"]
        wrong = bench.judge.now() + bench.audit()
        late = bench.world.db("SELECT m.filename, s.stage, s.not_before FROM step s JOIN media m ON m.id = s.media_id WHERE s.status = 'pending' AND s.open = 1 AND s.not_before > ?",
                              int(time.time()) + 86400 * 2)
        return wrong + [f"waits until the year {time.gmtime(row['not_before']).tm_year}: {row['filename']} {row['stage']}" for row in late]


class Said:
    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err


def fill(ballast: Path) -> None:
    with open(ballast, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
            if size == 4096:
                return


PARTS = {"locked": MediaDbFaults.locked, "full": MediaDbFaults.full, "pages": MediaDbFaults.damage, "gone": MediaDbFaults.gone, "restore": MediaDbFaults.older_backup,
         "clock": MediaDbFaults.clock}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    results = Results("media_db_faults", "full" if given.full else "quick")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))       # so that mounts and stand-ins are taken down
    with Bench(SMALL, "media-db") as bench:
        bench.prepare()
        faults = MediaDbFaults(bench, results, given)
        for name in given.only.split(","):
            began = time.monotonic()
            PARTS[name](faults)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
