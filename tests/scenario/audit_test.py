# SPDX-License-Identifier: GPL-3.0-or-later
"""`mediaferry audit` against the real world: a clean house passes, and of every invariant a planted violation is found. Nothing is changed by looking."""

import hashlib
import json
import os
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World

READS = ("records/query", "records/lookup", "internal/records/query/batch", "zones/list", "changes/zone", "changes/database")


def rot(file: Path) -> None:
    """One bit, the time kept: what a disk does."""
    about, data = file.stat(), bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))


class Audit(unittest.TestCase):
    """One house in which everything has happened: some photos deleted from iCloud, one held back by its owner, one just arrived."""

    @classmethod
    def setUpClass(cls):
        cls.world = world = World(library="small").start()
        cls.addClassCleanup(world.stop)
        world.to_the_gate()
        cls.held = next(key for key, asset in world.icloud.state()["assets"].items() if asset["albums"])
        world.icloud.unfile(asset=cls.held, album="DeletePending")
        world.approve()
        world.round()
        cls.clean = world.database.parent / "clean.db"

    def setUp(self):
        self.undo = []
        source = sqlite3.connect(self.world.database)
        with sqlite3.connect(self.clean) as target:
            source.backup(target)
        source.close()
        self.addCleanup(self.put_back)

    def put_back(self):
        for work in reversed(self.undo):
            work()
        source, target = sqlite3.connect(self.clean), sqlite3.connect(self.world.database)
        source.backup(target)
        source.close()
        target.close()

    # planting -------------------------------------------------------------------------------------------------------

    def sql(self, *statements: str) -> None:
        connection = sqlite3.connect(self.world.database)
        with connection:
            for statement in statements:
                self.assertGreater(connection.execute(statement).rowcount, 0, statement)
        connection.close()

    def spoil(self, file: Path, work) -> None:
        data, about = file.read_bytes(), file.stat()

        def back():
            file.write_bytes(data)
            os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
        self.undo.append(back)
        work(file)

    def audit(self, *words: str, code: int):
        result = self.world.run("audit", "--json", *words)
        self.assertEqual(result.code, code, result)
        return json.loads(result.out)

    def finds(self, invariant: str, text: str, *words: str):
        report = self.audit(*words, code=1)
        row = next(r for r in report["invariants"] if r["name"] == invariant)
        self.assertGreater(row["violations"], 0, report)
        self.assertTrue(any(text in item["what"] for item in row["items"]), row)
        self.assertFalse(report["holds"])
        return row

    def first(self, sql: str):
        return self.world.value(sql)

    # a clean house ----------------------------------------------------------------------------------------------------

    def test_a_clean_house_passes_and_everything_was_looked_at(self):
        report = self.audit("--full", code=0)
        self.assertTrue(report["holds"])
        self.assertEqual(set(report["looked_at"]), {"media.db", "folders", "nas", "syncthing", "icloud"})
        self.assertEqual(report["unreached"], [])
        self.assertEqual(report["bytes"]["files_read"], self.first("SELECT count(*) FROM media"))
        for row in report["invariants"]:
            self.assertEqual(row["violations"], 0, row)
            self.assertGreater(row["checked"], 0, row)

    def test_looking_changes_nothing(self):
        world = self.world
        places = [world.nas, *(world.home / name for name in ("backup", "library", "incoming", "pixel_sync", "compress", "delete_pending"))]
        before = [world.files(place) for place in places]
        database, requests = hashlib.sha256(world.database.read_bytes()).hexdigest(), world.icloud.mark()
        self.audit("--full", code=0)
        self.assertEqual([world.files(place) for place in places], before)
        self.assertEqual(hashlib.sha256(world.database.read_bytes()).hexdigest(), database)
        asked = [request["path"] for request in world.icloud.requests(requests)]
        self.assertTrue(asked)
        self.assertEqual([path for path in asked if "modify" in path], [])
        self.assertEqual(world.icloud.downloads(requests), [])

    def test_the_same_seed_reads_the_same_share(self):
        one, two = (self.audit("--sample", "10%", "--seed", "5", code=0)["bytes"] for _ in range(2))
        self.assertEqual(one, two)
        self.assertGreater(one["files_read"], 0)
        self.assertLess(one["files_read"], self.first("SELECT count(*) FROM media"))

    # what could not be looked at ---------------------------------------------------------------------------------------

    def test_an_audit_that_could_not_look_does_not_say_that_all_is_well(self):
        self.undo.append(lambda: (self.world.nas / "away").rename(self.world.nas / ".mediaferry-nas"))
        (self.world.nas / ".mediaferry-nas").rename(self.world.nas / "away")
        report = self.audit(code=69)
        self.assertFalse(report["holds"])
        self.assertEqual([one["part"] for one in report["unreached"]], ["nas"])
        self.assertNotIn("nas", report["looked_at"])
        self.assertIn("NOT LOOKED AT: nas", self.world.expect(69, "audit").out)
        self.audit("--without", "nas", code=0)
        self.audit("--offline", code=0)

    def test_a_signed_out_icloud_and_a_silent_syncthing_are_said(self):
        kept = dict(self.world.config["syncthing"])
        self.undo.append(lambda: self.world.configure("syncthing", **kept))
        self.world.configure("syncthing", api_url="http://127.0.0.1:1")
        self.assertEqual([one["part"] for one in self.audit("--without", "icloud", code=69)["unreached"]], ["syncthing"])
        self.world.configure("syncthing", **kept)
        cookies = self.world.cookies
        self.undo.append(lambda: cookies.with_name("gone").rename(cookies))
        cookies.rename(cookies.with_name("gone"))
        self.assertEqual([one["part"] for one in self.audit(code=77)["unreached"]], ["icloud"])

    def test_a_listing_that_iCloud_cuts_short_is_said(self):
        self.undo.append(lambda: self.world.icloud.knob(count_offset=0))
        self.world.icloud.knob(count_offset=3)
        self.assertEqual([one["code"] for one in self.audit(code=69)["unreached"]], ["icloud.incomplete"])

    # planted violations, one invariant after the other -------------------------------------------------------------------

    def test_I1_a_deleted_asset_without_its_second_proof(self):
        self.sql("UPDATE copy SET proof = 'read_back' WHERE place = 'nas' AND media_id = (SELECT id FROM media WHERE deleted_icloud = 'yes' LIMIT 1)")
        self.finds("I1", "not proven twice on the NAS", "--offline")

    def test_I1_a_deleted_asset_that_is_listed_in_icloud(self):
        name = self.first("SELECT record_name FROM asset WHERE deleted_at IS NOT NULL LIMIT 1")
        key = next(k for k, asset in self.world.icloud.state()["assets"].items() if asset["name"] == name)
        self.undo.append(lambda: self.world.icloud.delete(asset=key))
        self.world.icloud.undelete(asset=key)
        self.finds("I1", "counts as deleted and is listed")

    def test_I1_a_deleted_asset_of_which_a_file_was_never_here(self):
        name = self.first("SELECT record_name FROM asset WHERE deleted_at IS NOT NULL LIMIT 1")
        key = next(k for k, asset in self.world.icloud.state()["assets"].items() if asset["name"] == name)
        self.world.icloud.call("remember", moment="audit")
        self.undo.append(lambda: self.world.icloud.call("recall", moment="audit"))
        extra = self.world.root / "edit.jpg"
        extra.write_bytes(b"\xff\xd8\xff\xe0 an edit that nobody fetched")
        self.world.icloud.edit(asset=key, file=str(extra))
        self.finds("I1", "was never here")

    def test_I2_an_archived_file_that_is_gone(self):
        file = self.world.nas / self.first("SELECT path FROM copy WHERE place = 'nas' AND removed_at IS NULL LIMIT 1")
        self.spoil(file, Path.unlink)
        self.finds("I2", "is missing on the NAS")
        self.audit("--offline", code=0)

    def test_I2_an_archived_file_that_has_rotted(self):
        file = self.world.nas / self.first("SELECT path FROM copy WHERE place = 'nas' AND removed_at IS NULL LIMIT 1")
        self.spoil(file, rot)
        self.audit(code=0)
        self.finds("I2", "other bytes than were archived", "--full")

    def test_I2_a_flag_without_a_proof(self):
        self.sql("DELETE FROM copy WHERE place = 'nas' AND media_id = (SELECT min(id) FROM media)")
        self.finds("I2", "without a proof of these bytes", "--offline")

    def test_I3_a_receipt_of_other_bytes(self):
        self.sql("UPDATE copy SET receipt = json_set(receipt, '$.sha256', 'ab') WHERE place = 'pixel' AND id = (SELECT min(id) FROM copy WHERE place = 'pixel')")
        self.finds("I3", "receipt", "--offline")

    def test_I3_a_photo_that_the_phone_did_not_free(self):
        """The receipt says so, and in Syncthing the very version that was delivered is still the newest: the canary's, that lies there for good."""
        row = self.world.db("SELECT * FROM copy WHERE place = 'pixel' AND proof = 'freed' LIMIT 1")[0]
        canary = next(p.name for p in (self.world.home / "pixel_sync").iterdir() if p.suffix == ".txt")
        version = self.world.pair.server.call("GET", "db/file", folder="pixel", file=canary)["global"]["version"]
        device, count = version[0].split(":")
        receipt = json.loads(row["receipt"]) | {"name": canary}
        receipt["delivered"]["version"] = version
        receipt["freed"]["version"] = [f"{device}:{int(count) + 1}", *version[1:]]
        self.sql(f"UPDATE copy SET path = '{canary}', receipt = '{json.dumps(receipt)}' WHERE id = {row['id']}")
        self.audit("--offline", code=0)
        self.finds("I3", "knows of no deletion")

    def test_I3_a_flag_without_a_proof(self):
        self.sql("DELETE FROM copy WHERE place = 'pixel' AND media_id = (SELECT min(id) FROM media WHERE synced_google = 'yes')")
        self.finds("I3", "without such a proof", "--offline")

    def test_I4_two_contents_under_one_name(self):
        self.sql("UPDATE copy SET path = (SELECT lower(path) FROM copy WHERE place = 'nas' ORDER BY id LIMIT 1) "
                 "WHERE id = (SELECT max(id) FROM copy WHERE place = 'nas')")
        self.finds("I4", "with other content", "--offline")

    def test_I5_an_original_that_is_gone_and_one_that_has_rotted(self):
        file = Path(self.first("SELECT local_path FROM media WHERE local_path IS NOT NULL"))
        self.spoil(file, rot)
        self.audit("--offline", code=0)
        self.finds("I5", "other bytes than it had", "--offline", "--full")
        file.unlink()
        self.finds("I5", "missing", "--offline")

    def test_I6_a_small_copy_that_is_gone_has_rotted_or_was_never_decoded(self):
        file = self.world.home / "library" / self.first("SELECT path FROM copy WHERE place = 'library' AND removed_at IS NULL LIMIT 1")
        self.spoil(file, rot)
        self.finds("I6", "other bytes than it had", "--offline", "--full")
        file.unlink()
        self.finds("I6", "missing", "--offline")
        self.sql("UPDATE copy SET proof = 'placed' WHERE id = (SELECT c.id FROM copy c JOIN media m ON m.id = c.media_id "
                 "WHERE c.place = 'library' AND c.removed_at IS NULL AND c.sha256 <> m.sha256 LIMIT 1)")
        self.finds("I6", "not proven to decode", "--offline")

    def test_I7_a_file_that_waits_for_nothing(self):
        self.sql("UPDATE step SET status = 'attention', finished_at = 1, reason_code = NULL, reason_text = NULL WHERE stage = 'compress' AND media_id = 1")
        self.finds("I7", "says no reason", "--offline")

    def test_I7_an_asset_in_icloud_that_nobody_knows(self):
        name = self.first("SELECT record_name FROM asset WHERE deleted_at IS NULL LIMIT 1")
        self.sql(f"UPDATE asset SET record_name = 'SOMEBODY-ELSE' WHERE record_name = '{name}'", "UPDATE state SET at = 4000000000 WHERE key = 'census'")
        self.finds("I7", "media.db does not know it")

    def test_I8_an_event_that_was_changed(self):
        self.sql("UPDATE event SET at = at + 1 WHERE id = 3")
        self.finds("I8", "does not follow", "--offline")

    def test_I9_a_database_that_everybody_can_read_and_a_secret_in_it(self):
        mode = self.world.database.stat().st_mode & 0o777
        self.undo.append(lambda: self.world.database.chmod(mode))
        self.world.database.chmod(0o644)
        self.finds("I9", "can be read by everybody", "--offline")
        self.world.database.chmod(mode)
        self.sql(f"INSERT INTO state VALUES ('note', 'it is {self.world.icloud.password}', 1)")
        row = self.finds("I9", "icloud.password stands in", "--offline")
        self.assertNotIn(self.world.icloud.password, json.dumps(row))

    def test_I10_a_second_copy_and_a_second_deletion(self):
        self.sql("INSERT INTO copy (media_id, place, path, sha256, size, proof, written_at, proven_at, checked_at, receipt) "
                 "SELECT media_id, place, path || '.again', sha256, size, proof, written_at, proven_at, checked_at, receipt FROM copy WHERE place = 'nas' LIMIT 1")
        self.finds("I10", "several copies in nas", "--offline")
        self.sql("INSERT INTO event (id, at, asset_id, what, hash) SELECT (SELECT max(id) + 1 FROM event), at, asset_id, what, 'x' FROM event "
                 "WHERE what = 'deleted_from_icloud' LIMIT 1")
        self.finds("I10", "more than once", "--offline")


if __name__ == "__main__":
    unittest.main()
