# SPDX-License-Identifier: GPL-3.0-or-later
"""mediaferry compare over real folders: what it says, and that it changes nothing on either side."""

import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World

NOON = 1_750_000_000


def put(root: Path, name: str, text: str, when: int = NOON) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (when, when))


def everything(folder: Path) -> dict[str, tuple]:
    """Names, sizes, all times but that of reading, inodes: of folders too."""
    return {str(p): (p.lstat().st_size, p.lstat().st_mtime_ns, p.lstat().st_ctime_ns, p.lstat().st_ino) for p in [folder, *folder.rglob("*")]}


class Compare(unittest.TestCase):
    def setUp(self):
        self.world = World(self, phone=False, only=["twin-1"]).start()
        self.addCleanup(self.world.stop)
        self.here, self.there = self.world.root / "here", self.world.root / "there"
        self.here.mkdir()
        self.there.mkdir()

    def compared(self, *words: str, code: int = 0) -> dict:
        before = everything(self.here), everything(self.there), everything(self.world.nas)
        answer = json.loads(self.world.expect(code, "compare", *map(str, words), "--json").out)
        self.assertEqual((everything(self.here), everything(self.there), everything(self.world.nas)), before, "compare changes nothing")
        return answer | {"by_name": {target["target"]: target for target in answer["targets"]}}

    def test_plain_folders_target_by_target(self):
        put(self.here, "M31/DATE_2026-02-12/light_1.fits", "1")
        put(self.there, "M31/DATE_2026-02-12/light_1.fits", "1")
        put(self.there, "M31/DATE_2026-02-12/light_2.fits", "2")
        put(self.there, "M42/DATE_2025-11-30/light_1.fits", "1")
        put(self.here, "M51/DATE_2024-01-01/light_1.fits", "one")
        put(self.there, "M51/DATE_2024-01-01/light_1.fits", "other")
        put(self.here, "M81/DATE_2023-01-01/light_1.fits", "1")
        put(self.there, "M31/DATE_2026-02-12/_FlatWizard/flat.fits", "f")
        put(self.there, "M31/WBPP/master.xisf", "m")
        pull = self.compared(self.here, self.there, "--view", "pull", "--rules", "images", "--sort", "recent")
        self.assertEqual([t["target"] for t in pull["targets"]], ["M31/DATE_2026-02-12", "M42/DATE_2025-11-30", "M51/DATE_2024-01-01", "M81/DATE_2023-01-01"])
        self.assertEqual([t["status"] for t in pull["targets"]], ["partially_pulled", "not_pulled", "local_differs", "not_pushed"])
        self.assertEqual([t["recommended"] for t in pull["targets"]], ["pull", "pull", "none", "push"])
        self.assertEqual(pull["by_name"]["M31/DATE_2026-02-12"]["recent"], "2026-02-12")
        self.assertEqual(pull["by_name"]["M31/DATE_2026-02-12"]["left_out"]["files"], 1)
        self.assertEqual(pull["by_name"]["M31/DATE_2026-02-12"]["only_archive"]["files"], 1)
        with_flats = self.compared(self.here, self.there, "--view", "pull", "--include-flats")
        self.assertEqual(with_flats["by_name"]["M31/DATE_2026-02-12"]["only_archive"]["files"], 2)
        wip = self.compared(self.here, self.there, "--rules", "wip", "--depth", "1")
        self.assertEqual([t["target"] for t in wip["targets"]], ["M31"])

    def test_what_a_person_reads(self):
        put(self.there, "2024/06/a.jpg", "a")
        put(self.here, "2023/01/b.jpg", "b")
        told = self.world.expect(0, "compare", self.here, self.there, "--view", "pull").out
        for words in ("Not pulled", "Pull to Local", "Recent Date", "Push to NAS"):
            self.assertIn(words, told)
        told = self.world.expect(0, "compare", self.here, self.there).out
        self.assertIn("Safe To Delete", told)
        self.assertIn("No: 1 file not on the NAS", told)

    def test_safe_to_delete_needs_hash_index_and_a_settled_copy(self):
        put(self.here, "2020/01/old.jpg", "old")
        put(self.world.nas, "2020/01/old.jpg", "old")
        blocked = lambda *words: (self.compared(self.here, self.world.nas, *words)["by_name"]["2020/01"]["blocked_by"] or {}).get("code")
        self.assertEqual(blocked(), "compare.not_by_hash")
        self.world.configure("archive", settle="1h")
        self.world.expect(0, "archive", "reindex", "--rehash")
        self.assertEqual(blocked(), "compare.not_by_hash")
        self.assertEqual(blocked("--checksum"), "compare.unsettled")
        self.world.configure("archive", settle="0s")
        self.assertEqual(blocked("--checksum"), None)
        self.assertEqual(blocked(), None, "the hash taken here is remembered")
        put(self.world.nas, "2020/01/old.jpg", "rot", NOON + 500)
        answer = self.compared(self.here, self.world.nas, "--checksum", code=1)
        self.assertEqual((answer["out_of_date"], answer["by_name"]["2020/01"]["safe_to_delete"]), (1, False))
        (self.world.nas / "2020/01/old.jpg").unlink()
        self.assertEqual(blocked("--checksum"), "compare.not_on_nas")

    def test_without_words_it_compares_the_originals_here_with_the_archive(self):
        self.world.expect(0, "--run-stage", "icloud_download")
        self.world.expect(0, "--run-stage", "nas_archive")
        self.world.expect(0, "archive", "reindex")
        answer = self.compared("--checksum")
        self.assertEqual((answer["local"], answer["archive"], answer["indexed"]), (str(self.world.home / "backup"), str(self.world.nas), True))
        [target] = answer["targets"]
        self.assertEqual((target["status"], target["safe_to_delete"], target["same"]["files"]), ("up_to_date", True, 1))
        (self.world.nas / ".mediaferry-nas").rename(self.world.root / "marker")
        self.assertIn("nas", self.world.expect(69, "compare").err.lower())

    def test_an_index_that_has_not_seen_all_of_the_archive_is_not_trusted_to_know_what_is_not_there(self):
        self.world.expect(0, "--run-stage", "icloud_download")
        self.world.expect(0, "--run-stage", "nas_archive")
        put(self.world.nas, "scans/1968/a.tif", "scan")
        put(self.here, "scans/1968/a.tif", "scan")
        answer = self.compared(self.here, self.world.nas)
        self.assertEqual((answer["indexed"], answer["scanned"]), (False, None))
        self.assertEqual(answer["by_name"]["scans/1968"]["status"], "up_to_date", "it lies there, whatever the index knows")
        self.assertIn("never scanned", self.world.expect(0, "compare", self.here, self.world.nas).err)
        # What the index does know counts in a walk too.
        [target] = self.compared("--checksum", "--depth", "0")["targets"]
        self.assertEqual((target["same"]["files"], target["only_archive"]["files"], target["unknown"]), (1, 1, 0))
        self.world.expect(0, "archive", "reindex")
        answer = self.compared(self.here, self.world.nas)
        self.assertTrue(answer["indexed"] and answer["scanned"])
        self.assertEqual(answer["by_name"]["scans/1968"]["status"], "up_to_date")

    def test_a_link_is_not_followed_and_no_verdict_is_given(self):
        put(self.world.root / "secret", "a.jpg", "s")
        put(self.here, "2024/06/a.jpg", "a")
        put(self.there, "2024/06/a.jpg", "a")
        (self.here / "2024/06/link").symlink_to(self.world.root / "secret")
        answer = self.compared(self.here, self.there, code=1)
        self.assertEqual((answer["by_name"]["2024/06"]["status"], answer["by_name"]["2024/06"]["unknown"]), ("unknown", 1))

    def test_wrong_words_are_told(self):
        for words in (["--view", "sideways"], ["--rules", "imagse"], ["--without", "bias"], ["--depth", "x"], ["--sort", "size"], ["--nonsense"], [self.here, self.here]):
            self.world.expect(64, "compare", *words)


class Reindex(unittest.TestCase):
    def test_it_finds_what_is_there_and_is_readable_by_others(self):
        with World(self, phone=False, only=["twin-1", "unicode"]) as world:
            world.expect(0, "--run-stage", "icloud_download")
            world.expect(0, "--run-stage", "nas_archive")
            put(world.nas, "scans/1968.tif", "scan")
            for file in (world.database.parent / "state").glob("archive-*.db"):
                file.unlink()
            report = world.report("archive", "reindex")
            self.assertEqual((report["files"], report["added"], report["hashed"], report["unreadable"]), (3, 1, 0, 0))
            self.assertEqual(world.report("archive", "reindex", "--rehash")["hashed"], 3)
            import sqlite3
            index = sqlite3.connect(f"file:{world.nas / '.mediaferry/index.db'}?mode=ro&immutable=1", uri=True)
            rows = dict(index.execute("SELECT path, class FROM file").fetchall())
            self.assertEqual(rows["scans/1968.tif"], "foreign")
            self.assertEqual(sorted(rows.values()), ["foreign", "original", "original"])
            world.expect(64, "archive", "reindex", "--everything")


if __name__ == "__main__":
    unittest.main()
