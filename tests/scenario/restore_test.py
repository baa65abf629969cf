# SPDX-License-Identifier: GPL-3.0-or-later
"""When everything has been deleted from iCloud and from home, the NAS gives it all back; and what rots there is healed while anybody else has it."""

import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from loopback.library import apple_checksum
from world import World, binary


def rot(file: Path) -> bytes:
    about, data = file.stat(), bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    return bytes(data)


class Restore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world = World(phone=False).start()
        cls.addClassCleanup(world.stop)
        world.to_the_gate()
        world.approve()
        world.expect(0, "run", "--no-progress")
        world.expect(0, "run", "--no-progress")

    def wanted(self) -> set[str]:
        return {r["checksum"] for asset in self.world.icloud.state()["assets"].values() if not asset["hidden"] for r in asset["resources"].values()}

    NOT_AT_HOME = "sha256 NOT IN (SELECT sha256 FROM copy WHERE place = 'library' AND removed_at IS NULL)"     # a photo too small to be made smaller is at home as it was

    def archived(self, sql: str = "1") -> tuple[int, Path]:
        row = self.world.db(f"SELECT media_id, path FROM copy WHERE place = 'nas' AND removed_at IS NULL AND ({sql}) ORDER BY id LIMIT 1")[0]
        return row["media_id"], self.world.nas / row["path"]

    def test_everything_comes_back_once_as_it_arrived(self):
        world, to = self.world, self.world.root / "restored"
        self.assertEqual(world.value("SELECT count(*) FROM media WHERE local_path IS NOT NULL"), 0)
        said = world.expect(0, "archive", "restore", "--all", "--to", to, "--dry-run")
        self.assertFalse(to.exists(), said)
        world.expect(0, "archive", "restore", "--all", "--to", to)
        self.assertEqual({apple_checksum(p.read_bytes()) for p in to.rglob("*") if p.is_file()}, self.wanted())
        for row in world.db("SELECT filename, taken_at FROM media"):
            self.assertIn(row["taken_at"], [int(p.stat().st_mtime) for p in to.rglob(Path(row["filename"]).stem + "*")], row["filename"])
        before = world.files(to)
        again = json.loads(world.expect(0, "archive", "restore", "--all", "--to", to, "--json").out)
        self.assertEqual((again["restored"], again["there"]), (0, world.value("SELECT count(*) FROM media")))     # twins of one name and content share a file
        self.assertEqual(world.files(to), before)

    def test_one_photo_comes_with_all_its_files(self):
        world, to = self.world, self.world.root / "one"
        row = world.db("SELECT asset_id, min(id) AS id, count(*) AS n FROM media GROUP BY asset_id ORDER BY n DESC LIMIT 1")[0]
        world.expect(0, "archive", "restore", str(row["id"]), "--to", to, "--flat")
        self.assertGreater(row["n"], 1)
        self.assertEqual(len([p for p in to.iterdir() if p.is_file()]), row["n"])

    def test_since_a_date_comes_what_was_taken_then_or_later(self):
        world, to = self.world, self.world.root / "since"
        days = sorted({row["taken_at"] // 86400 for row in world.db("SELECT taken_at FROM media")})
        since = days[len(days) // 2] * 86400
        day = time.strftime("%Y-%m-%d", time.gmtime(since))
        world.expect(0, "archive", "restore", "--since", day, "--to", to)
        later = {row["apple_checksum"] for row in world.db("SELECT apple_checksum FROM media WHERE asset_id IN (SELECT asset_id FROM media WHERE taken_at >= ?)", since)}
        self.assertEqual({apple_checksum(p.read_bytes()) for p in to.rglob("*") if p.is_file()}, later)
        self.assertLess(len(later), len(self.wanted()))
        world.expect(64, "archive", "restore", "--since", "last week", "--to", to)

    def test_verify_reads_as_much_as_it_is_told(self):
        world = self.world
        number = world.value("SELECT count(*) FROM copy WHERE place = 'nas' AND removed_at IS NULL")
        read = lambda *words: json.loads(world.expect(0, "archive", "verify", *words, "--json").out)["read"]
        self.assertEqual(read("--full"), number)
        self.assertEqual(read("--sample", "50%"), -(-number // 2))
        self.assertEqual(read("--older-than", "30d"), 0)
        self.assertEqual(read("--older-than", "0s"), number)

    def test_nothing_is_restored_into_the_house_or_without_a_place(self):
        self.world.expect(65, "archive", "restore", "--all", "--to", self.world.nas / "here")
        self.world.expect(65, "archive", "restore", "--all", "--to", self.world.home / "library")
        self.world.expect(64, "archive", "restore", "--all")
        self.world.expect(64, "archive", "restore", "--to", self.world.root / "x")

    def test_small_copies_come_back_and_a_nas_that_is_away_is_said(self):
        world, to = self.world, self.world.root / "small"
        marker = world.nas / ".mediaferry-nas"
        marker.rename(world.nas / "away")
        try:
            self.assertIn("is away", world.expect(69, "archive", "restore", "--all", "--to", world.root / "nothing").err)
            done = world.run("archive", "restore", "--all", "--small-copies", "--to", to)
        finally:
            (world.nas / "away").rename(marker)
        self.assertIn(done.code, (0, 69), done)
        small = world.value("SELECT count(DISTINCT sha256) FROM copy WHERE place = 'library' AND removed_at IS NULL")
        self.assertEqual(len([p for p in to.rglob("*") if p.is_file()]), small)

    def test_a_rotten_copy_is_healed_from_what_icloud_still_has(self):
        world = self.world
        media, file = self.archived(f"path LIKE '%.JPG' AND {self.NOT_AT_HOME}")
        right, wrong = file.read_bytes(), rot(file)
        requests = world.icloud.mark()
        report = json.loads(world.expect(0, "archive", "verify", "--full", "--json").out)
        self.assertEqual([(bad["id"], bad["place"], bad["healed"]["from"]) for bad in report["bad"]], [(media, "nas", "iCloud")])
        self.assertEqual(file.read_bytes(), right)
        self.assertEqual((world.nas / report["bad"][0]["healed"]["set_aside"]).read_bytes(), wrong)
        self.assertEqual(world.icloud.modifications(requests), [])
        self.assertIn("healed", world.expect(0, "history", str(media)).out)
        self.assertEqual(world.value("SELECT proof FROM copy WHERE place = 'nas' AND removed_at IS NULL AND media_id = ?", media), "read_back")
        world.expect(0, "audit")
        self.assertEqual(json.loads(world.expect(0, "archive", "verify", "--full", "--json").out)["bad"], [])
        world.expect(0, "audit")

    def test_what_nobody_has_any_more_is_told_and_left(self):
        world = self.world
        media, file = self.archived(f"path LIKE '%.MOV' AND {self.NOT_AT_HOME}")
        right, wrong = file.read_bytes(), rot(file)
        world.cookies.rename(world.cookies.with_name("gone"))
        try:
            done = world.expect(1, "archive", "verify", "--full")
        finally:
            world.cookies.with_name("gone").rename(world.cookies)
        self.assertIn("not healed", done.err)
        self.assertEqual(file.read_bytes(), wrong)
        self.assertIsNone(world.value("SELECT synced_nas FROM media WHERE id = ?", media))
        world.expect(0, "archive", "verify")     # signed in again
        self.assertEqual(file.read_bytes(), right)
        world.expect(0, "archive", "verify", "--full")

    def test_a_drill_is_remembered(self):
        world = self.world
        done = world.expect(0, "archive", "verify", "--drill", "5")
        self.assertIn("The drill passed", done.out)
        self.assertIn("restore drill passed on", world.expect(0, "status").out)
        self.assertIn("restore drill passed on", world.expect((0, 1), "doctor", "nas").out)
        self.assertFalse(any((world.database.parent / "state" / "drill").rglob("*")))
        _, file = self.archived()
        right = file.read_bytes()
        rot(file)
        self.assertEqual(json.loads(world.expect(1, "archive", "verify", "--drill", "1000", "--json").out)["passed"], False)
        file.write_bytes(right)

    def killed_at(self, failpoint: str, *words) -> None:
        done = subprocess.run([str(binary()), *map(str, words)], env=self.world.environment(MEDIAFERRY_FAILPOINT=f"{failpoint}=kill"), capture_output=True, text=True)
        self.assertEqual(done.returncode, -9, f"not killed at {failpoint}: exit {done.returncode} {done.stderr}")

    def failpoints(self, *beginnings: str) -> list[str]:
        listed = self.world.run("failpoints")
        if listed.code != 0:
            self.skipTest("this build has no failpoints")
        found = [line.split("\t")[0] for line in listed.out.splitlines() if line.startswith(beginnings)]
        self.assertTrue(found, beginnings)
        return found

    def test_healing_that_is_killed_at_any_step_is_finished_by_the_next_call(self):
        world = self.world
        _, archived = self.archived("path LIKE '%.HEIC' OR path LIKE '%.JPG'")
        kept = world.value("SELECT c.path FROM copy c JOIN media m ON m.id = c.media_id WHERE c.place = 'library' AND c.removed_at IS NULL AND c.sha256 = m.sha256")
        kept = world.home / "library" / kept
        names = world.photos(world.nas)
        for failpoint in self.failpoints("heal.nas", "heal.home"):
            file = kept if failpoint.startswith("heal.home") else archived
            right, wrong = file.read_bytes(), rot(file)
            self.killed_at(failpoint, "archive", "verify", "--full")
            world.expect(0, "archive", "verify", "--full")
            self.assertEqual(file.read_bytes(), right, failpoint)
            self.assertEqual(world.photos(world.nas), names, failpoint)
            aside = [*(world.nas / ".mediaferry" / "damaged").rglob("*"), *(world.home / "trash").rglob("*")]
            self.assertIn(wrong, [p.read_bytes() for p in aside if p.is_file()], failpoint)
            world.expect(0, "audit", "--full", "--without", "icloud")

    def test_a_small_copy_whose_healing_is_killed_is_made_again(self):
        world = self.world
        for failpoint in self.failpoints("heal.small_copy"):
            row = world.db("SELECT c.media_id, c.path FROM copy c JOIN media m ON m.id = c.media_id WHERE c.place = 'library' AND c.removed_at IS NULL "
                           "AND c.sha256 <> m.sha256 AND m.kind = 'photo' ORDER BY m.initial_size LIMIT 1")[0]
            rot(world.home / "library" / row["path"])
            self.killed_at(failpoint, "archive", "verify", "--full")
            world.expect(0, "archive", "verify", "--full")
            world.expect(0, "--run-stage", "compress")
            self.assertEqual(world.value("SELECT count(*) FROM copy WHERE media_id = ? AND place = 'library' AND removed_at IS NULL", row["media_id"]), 1)
            world.expect(0, "audit", "--full", "--without", "icloud")

    def test_books_whose_healing_is_killed_are_written_anew_by_the_next_call(self):
        world = self.world
        book = next(world.nas.rglob("SHA256SUMS"))
        for failpoint in self.failpoints("heal.book"):
            right, wrong = book.read_bytes(), rot(book)
            self.killed_at(failpoint, "archive", "verify", "--full")
            report = json.loads(world.expect(0, "archive", "verify", "--full", "--json").out)
            self.assertEqual([(bad["path"], bad["healed"]) for bad in report["books"]["bad"]], [(str(book.relative_to(world.nas)), True)], failpoint)
            self.assertEqual(book.read_bytes(), right, failpoint)
            self.assertIn(wrong, [p.read_bytes() for p in (world.nas / ".mediaferry" / "damaged").rglob("SHA256SUMS")], failpoint)
        rot(book)
        self.assertIn("written anew", world.expect(0, "archive", "verify", "--full").err)

    def test_a_restore_that_is_killed_at_any_step_goes_on(self):
        world = self.world
        media, _ = self.archived()
        for number, failpoint in enumerate(self.failpoints("restore.file.")):
            to = world.root / f"killed-{number}"
            self.killed_at(failpoint, "archive", "restore", media, "--to", to)
            world.expect(0, "archive", "restore", media, "--to", to)
            left = [p for p in to.rglob("*") if p.is_file()]
            self.assertEqual({apple_checksum(p.read_bytes()) for p in left}, {row["apple_checksum"] for row in world.db(
                "SELECT apple_checksum FROM media WHERE asset_id = (SELECT asset_id FROM media WHERE id = ?)", media)}, failpoint)
            self.assertEqual([p.name for p in left if p.name.startswith(".")], [], failpoint)


if __name__ == "__main__":
    unittest.main()
