# SPDX-License-Identifier: GPL-3.0-or-later
"""The ferry crosses: every kind of asset travels from iCloud to phone and NAS, is made small, and only then deleted; and a second
crossing changes nothing."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from loopback.library import apple_checksum
from world import World


def tag(file: Path, name: str) -> str:
    return subprocess.run(["exiftool", "-s3", "-n", f"-{name}", file], capture_output=True, text=True, check=True).stdout.strip()


class Crossing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(library="full").start()
        cls.addClassCleanup(cls.world.stop)
        world = cls.world
        cls.first = world.run("run", "--no-progress", timeout=600)
        cls.deleted_before_receipt = world.icloud.deleted()
        cls.freed = world.free_up_space()
        cls.second = world.run("run", "--no-progress", timeout=600)
        cls.deleted_before_approval = world.icloud.deleted()
        cls.plan = world.run("plan")
        cls.number = world.value("SELECT max(id) FROM plan")
        cls.approval = world.run("approve", str(cls.number))
        cls.third = world.run("run", "--no-progress", timeout=600)
        cls.after = world.icloud.state()["assets"]

    def visible(self):
        return {key: asset for key, asset in self.after.items() if not asset["hidden"]}

    def test_every_run_ends_well(self):
        for name in ("first", "second", "plan", "approval", "third"):
            result = getattr(self, name)
            self.assertEqual(result.code, 0, f"{name}: {result}\n" + "\n".join(self.world.unfinished()))

    def test_nothing_is_deleted_before_the_phone_has_freed_it_and_a_person_has_approved(self):
        self.assertEqual(self.deleted_before_receipt, [])
        self.assertEqual(self.deleted_before_approval, [])

    def test_every_visible_asset_is_in_recently_deleted(self):
        left = [key for key, asset in self.visible().items() if not asset["deleted"]]
        self.assertEqual(left, [], "\n".join(self.world.unfinished()))
        self.assertEqual(len(self.world.icloud.deleted()), len(self.visible()), "each deleted once")
        self.assertFalse(any(d.get("permanently") for d in self.world.icloud.deleted()))

    def test_a_hidden_asset_is_left_alone(self):
        self.assertFalse(self.after["hidden"]["deleted"])
        self.assertEqual(self.after["hidden"]["albums"], [])

    def test_deleted_icloud_is_yes_exactly_for_what_apple_says_is_deleted(self):
        for key, asset in self.after.items():
            flags = {row["deleted_icloud"] for row in self.world.db("SELECT deleted_icloud FROM media WHERE icloud_id = ?", asset["name"])}
            self.assertEqual(flags, {"yes"} if asset["deleted"] else flags - {"yes"}, key)

    def test_every_resource_of_every_deleted_asset_lies_on_the_nas_byte_for_byte(self):
        on_nas = {apple_checksum((self.world.nas / name).read_bytes()) for name in self.world.photos(self.world.nas)}
        for key, asset in self.after.items():
            if asset["deleted"]:
                for kind, given in asset["resources"].items():
                    self.assertIn(given["checksum"], on_nas, f"{key}: {kind}")

    def test_every_file_has_its_row_with_the_documented_words(self):
        rows = self.world.db("SELECT * FROM media")
        self.assertEqual(len(rows), sum(len(asset["resources"]) for asset in self.visible().values()))
        for row in rows:
            told = f"{row['filename']} {row['resource']}"
            self.assertEqual(row["status"], "completed", told)
            self.assertEqual(row["synced_nas"], "yes", told)
            self.assertEqual(row["nas_google"], "yes", told)
            self.assertEqual(row["album_moved"], 1, told)
            self.assertEqual(row["synced_google"], None if row["kind"] == "sidecar" else "yes", told)
            self.assertLessEqual(row["current_size"], row["initial_size"], told)

    def test_small_copies_stay_at_home_and_originals_do_not(self):
        world = self.world
        for folder in ("backup", "compress", "delete_pending"):
            self.assertEqual(world.photos(world.home / folder), set(), folder)
        library = world.photos(world.home / "library")
        self.assertEqual(len(library), world.value("SELECT count(*) FROM media WHERE kind <> 'sidecar'") + len([n for n in library if n.lower().endswith(".aae")]))
        before, after = world.db("SELECT sum(initial_size), sum(current_size) FROM media")[0]
        self.assertLess(after, before)

    def test_a_portrait_keeps_its_orientation_and_its_place(self):
        row = self.world.media("portrait")[0]
        name = self.world.value("SELECT path FROM copy WHERE media_id = ? AND place = 'library' AND removed_at IS NULL", row["id"])
        small = self.world.home / "library" / name
        self.assertLess(small.stat().st_size, row["initial_size"])
        self.assertEqual(tag(small, "Orientation"), "6")
        self.assertTrue(tag(small, "GPSLatitude").startswith("47.37"))
        self.assertEqual(tag(small, "Title"), "upright")

    def test_a_clip_keeps_its_rotation_and_apples_keys(self):
        row = self.world.media("clip")[0]
        name = self.world.value("SELECT path FROM copy WHERE media_id = ? AND place = 'library' AND removed_at IS NULL", row["id"])
        small = self.world.home / "library" / name
        original = self.world.library / "clip.original.mov"
        for wanted in ("Rotation", "Make", "Model", "CreationDate", "GPSCoordinates", "CreateDate"):
            self.assertEqual(tag(small, wanted), tag(original, wanted), wanted)

    def test_requests_that_change_icloud_are_small_and_judged_one_by_one(self):
        updates = []
        for request in self.world.icloud.modifications():
            body = json.loads(request["body"])
            if any(operation["operationType"] == "update" for operation in body["operations"]):
                updates.append(body)
        self.assertTrue(updates)
        for body in updates:
            self.assertLessEqual(len(body["operations"]), 50)
            self.assertFalse(body.get("atomic", True))
            self.assertTrue(all("recordChangeTag" in o["record"] for o in body["operations"]))

    def test_nobody_else_is_talked_to_and_nothing_secret_is_kept(self):
        self.assertEqual(self.world.icloud.outside(), [])
        dump = b"".join(f.read_bytes() for f in self.world.database.parent.glob("media.db*"))
        for secret in (self.world.icloud.password, self.world.pair.server_key):
            self.assertNotIn(secret.encode(), dump)
            for result in (self.first, self.second, self.third):
                self.assertNotIn(secret, result.out + result.err)

    def test_a_further_run_changes_nothing(self):
        world = self.world
        folders = [world.home / name for name in ("backup", "compress", "library", "delete_pending", "incoming")] + [world.nas]
        before = [world.files(folder) for folder in folders]
        requests, phone = world.icloud.mark(), world.pair.on_phone()
        rows = [tuple(r) for r in world.db("SELECT * FROM media ORDER BY id")]
        events = world.value("SELECT count(*) FROM event WHERE media_id IS NOT NULL OR asset_id IS NOT NULL")
        result = world.run("run", "--no-progress")
        self.assertEqual(result.code, 0, result)
        self.assertEqual(world.icloud.downloads(requests), [], "nothing is downloaded again")
        self.assertEqual(world.icloud.modifications(requests), [], "nothing is filed or deleted again")
        for folder, seen in zip(folders, before):
            self.assertEqual(world.files(folder), seen, folder)
        self.assertEqual(world.pair.on_phone(), phone)
        self.assertEqual([tuple(r) for r in world.db("SELECT * FROM media ORDER BY id")], rows)
        self.assertEqual(world.value("SELECT count(*) FROM event WHERE media_id IS NOT NULL OR asset_id IS NOT NULL"), events)

    def test_audit_finds_the_promise_kept(self):
        self.world.expect(0, "audit")

    def test_history_tells_the_whole_way_of_a_photo(self):
        row = self.world.media("portrait")[0]
        told = self.world.expect(0, "history", str(row["id"])).out
        self.assertGreaterEqual(len(told.strip().splitlines()), 5, told)


if __name__ == "__main__":
    unittest.main()
