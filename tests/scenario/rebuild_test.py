# SPDX-License-Identifier: GPL-3.0-or-later
"""media.db and the local disk are lost. media.db is made again from the NAS alone; then nothing is downloaded twice and nothing is deleted
that should not be."""

import hashlib
import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import FOLDERS, World

PHOTOS = ["live", "edited", "twin-1", "twin-2", "unicode", "double", "double-2"]


def portrait(world: World) -> dict:
    """What matters of every file and photo, by what iCloud calls them."""
    files = world.db("SELECT a.record_name, a.library, a.account, m.resource, m.filename, m.kind, m.sha256, m.apple_checksum, m.initial_size, m.taken_at, m.live_pair, "
                     "m.synced_nas, m.deleted_icloud, c.path, c.sha256 AS on_nas, r.checksum, r.file_type, r.state, (SELECT group_concat(path) FROM placeholder p WHERE p.media_id = m.id) AS stands "
                     "FROM media m LEFT JOIN asset a ON a.id = m.asset_id LEFT JOIN resource r ON r.id = m.resource_id "
                     "JOIN copy c ON c.media_id = m.id AND c.place = 'nas' AND c.removed_at IS NULL")
    photos = world.db("SELECT record_name, master_name, filename, taken_at, added_at, favourite, hidden, title, caption, deleted_at IS NOT NULL AS deleted, "
                      "(SELECT group_concat(name) FROM (SELECT al.name FROM album_asset i JOIN album al ON al.id = i.album_id WHERE i.asset_id = asset.id ORDER BY al.name)) AS albums FROM asset")
    return {"files": sorted([tuple(row) for row in files], key=repr), "photos": sorted([tuple(row) for row in photos], key=repr)}


def lose_everything_but_the_nas(world: World) -> None:
    shutil.rmtree(world.database.parent)
    for folder in FOLDERS:
        if folder != "pixel_sync":
            shutil.rmtree(world.home / folder)
            (world.home / folder).mkdir()


def originals(world: World) -> dict[str, str]:
    return {name: hashlib.sha256((world.nas / name).read_bytes()).hexdigest() for name in world.photos(world.nas)}


class Rebuilt(unittest.TestCase):
    def described(self, world: World) -> None:
        world.icloud.describe(asset="live", title="Lake <1>", caption="at noon, \"windy\"", favorite=True)
        world.icloud.file(asset="live", album="Holidays")
        world.icloud.file(asset="unicode", album="Holidays")
        world.icloud.file(asset="unicode", album="Zürich")

    def test_a_house_without_a_phone_comes_back_from_its_nas(self):
        with World(self, phone=False, only=PHOTOS) as world:
            self.described(world)
            world.configure("icloud_delete", enabled=False)
            world.expect(0, "run", "--no-progress")
            before, photos = portrait(world), originals(world)
            self.assertEqual(len(before["photos"]), len(PHOTOS))
            self.assertIn("Holidays,Zürich", repr(before["photos"]))
            self.assertIn("Lake <1>", repr(before["photos"]))
            for sums in world.nas.rglob("SHA256SUMS"):
                subprocess.run(["sha256sum", "--quiet", "--strict", "-c", sums.name], cwd=sums.parent, check=True)
            listed = [line for sums in world.nas.rglob("SHA256SUMS") for line in sums.read_text().splitlines()]
            self.assertEqual(len(listed), len(photos), "every photo on the NAS is in a SHA256SUMS")

            lose_everything_but_the_nas(world)
            rebuilt = world.report("db", "adopt", "--from-archive")
            self.assertEqual((rebuilt["missing"], rebuilt["unreadable"], rebuilt["strangers"]), ([], [], 0))
            self.assertEqual(rebuilt["files"], len(before["files"]), "two photos may share one file on the NAS")
            self.assertEqual(portrait(world), before)

            mark = world.icloud.mark()
            world.expect(0, "run", "--no-progress")
            self.assertEqual(world.icloud.downloads(mark), [], "nothing is downloaded twice")
            self.assertEqual(world.icloud.deleted(), [])
            self.assertEqual(originals(world), photos)
            self.assertEqual(portrait(world), before)
            self.assertEqual(world.unfinished(), [])
            world.expect(0, "db", "check")
            world.expect(65, "db", "adopt", "--from-archive")  # there is a media.db now

    def test_killed_half_way_nothing_is_called_media_db_and_the_next_attempt_does_it_all(self):
        with World(self, phone=False, only=["live", "twin-1", "twin-2"]) as world:
            world.configure("icloud_delete", enabled=False)
            world.expect(0, "run", "--no-progress")
            before = portrait(world)
            lose_everything_but_the_nas(world)
            for failpoint in ("archive_index.rebuild.row.commit.after:2", "db.put_in_place.before"):
                world.expect(-9, "db", "adopt", "--from-archive", environment={"MEDIAFERRY_FAILPOINT": failpoint + "=kill"})
                self.assertFalse(world.database.exists(), failpoint)
            # The history that it is to have is known by now: nothing else may begin in its place.
            self.assertIn("adopt --from-archive", world.expect(65, "--run-stage", "nas_archive").err)
            self.assertFalse(world.database.exists())
            world.expect(0, "db", "adopt", "--from-archive")
            self.assertEqual(portrait(world), before)
            world.expect(0, "db", "check")
            self.assertEqual(sorted(path.name for path in world.database.parent.iterdir() if "adopting" in path.name), [])
            world.expect(0, "run", "--no-progress")

    def test_what_was_deleted_from_icloud_stays_known_and_the_rest_is_deleted_only_by_proof(self):
        with World(self, phone=False, only=["live", "twin-1"]) as world:
            world.icloud.file(asset="live", album="Holidays")
            world.configure("icloud_delete", approval="automatic")
            for _ in range(3):
                world.round()
            self.assertEqual(len(world.icloud.deleted()), 2, world.unfinished())
            before, photos = portrait(world), originals(world)
            self.assertIn("Holidays", repr(before["photos"]))
            lose_everything_but_the_nas(world)
            world.expect(0, "db", "adopt", "--from-archive")
            self.assertEqual([row[9] for row in portrait(world)["photos"]], [1, 1])
            mark = world.icloud.mark()
            world.round()
            self.assertEqual(world.icloud.downloads(mark), [])
            self.assertEqual(len(world.icloud.deleted()), 2, "nothing is deleted again")
            self.assertEqual(originals(world), photos)
            self.assertIn("Holidays", repr(portrait(world)["photos"]))

    def test_what_the_phone_never_had_is_brought_home_and_what_is_damaged_is_left_out(self):
        with World(self, only=["twin-1", "twin-2", "unicode"]) as world:
            world.expect(0, "--run-stage", "icloud_download")
            world.expect(0, "--run-stage", "nas_archive")
            damaged = next(name for name in world.photos(world.nas) if name.startswith("2") and "IMG_0001" not in name)
            (world.nas / damaged).write_bytes(b"rot" + (world.nas / damaged).read_bytes()[3:])
            lose_everything_but_the_nas(world)
            rebuilt = json.loads(world.expect(1, "db", "adopt", "--from-archive", "--json").out)
            self.assertEqual([one["path"] for one in rebuilt["missing"]], [damaged])
            self.assertEqual(rebuilt["brought_home"], 2)
            mark = world.icloud.mark()
            world.round()
            self.assertLessEqual(len(world.icloud.downloads(mark)), 1, "only the damaged one comes from iCloud again")
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_google = 'yes'"), 3, world.unfinished())
            self.assertEqual(world.icloud.deleted(), [])

    def test_the_nas_dies_and_its_successor_gets_all_that_is_anywhere(self):
        """At home, whole in the library, in iCloud (Recently Deleted, too): lost is only what nobody else has any more, and that is named."""
        with World(self, phone=False, only=["live", "edited", "twin-1", "unicode", "double"]) as world:
            world.configure("icloud_delete", approval="automatic", max_per_run=4)
            while not world.icloud.deleted():
                world.round()
            world.configure("icloud_delete", enabled=False)
            deleted = {deletion["key"] for deletion in world.icloud.deleted()}
            self.assertEqual(len(deleted), 4, world.unfinished())
            photos, files = originals(world), world.value("SELECT count(*) FROM media")
            gone = world.value("SELECT count(*) FROM media WHERE local_path IS NULL")
            for key in deleted & {"live", "twin-1"}:        # a live pair is kept whole in the library, a JPEG is not
                world.icloud.expunge(asset=key)
            shutil.rmtree(world.nas)
            world.nas.mkdir()
            self.assertIn("archive init --new", world.expect(69, "archive", "init").err)
            said = world.expect(0, "archive", "init", "--new").out
            self.assertIn(f"{files} files", said)
            self.assertIn(f"{gone} of them have no original at home", said)
            world.run("--run-stage", "nas_archive")
            told = world.expect(1, "archive", "verify", "--full")
            lost = {name: digest for name, digest in photos.items() if name not in originals(world)}
            self.assertEqual(list(lost), ["2023/05/IMG_0001.JPG"], told)
            self.assertIn("no proven copy of IMG_0001.JPG is left", told.out + told.err)
            self.assertEqual(originals(world), {name: digest for name, digest in photos.items() if name not in lost})
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_nas = 'yes'"), files - 1)
            audit = world.expect(1, "audit", "--full").out
            self.assertEqual({line.split(" ")[0] for line in audit.splitlines() if "IMG_0001.JPG" in line}, {"I1", "I5"}, audit)


if __name__ == "__main__":
    unittest.main()
