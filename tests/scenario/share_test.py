# SPDX-License-Identifier: GPL-3.0-or-later
"""The NAS that is not mounted: the whole ferry with archive.root on a share of a real Samba server."""

import hashlib
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from loopback.library import apple_checksum
from samba_server import PASSWORD
from share_world import ShareWorld
from world import World


class Share(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = ShareWorld(phone=False).start()
        cls.addClassCleanup(cls.world.stop)

    def test_1_the_doctor_says_what_a_share_does_not_promise(self):
        told = self.world.run("doctor", "nas").out
        self.assertIn(f"{self.world.server.url} is the archive", told)
        self.assertIn("nothing can be flushed", told)

    def test_2_a_server_that_is_away_is_told_and_loses_nothing(self):
        world = self.world
        world.server.kill()
        result = world.run("run", "--no-progress")
        self.assertEqual(result.code, 69, result)
        self.assertIn("no answer from the SMB server", result.out + result.err)
        self.assertIn("nas.away", json.dumps(world.report("status")))
        world.server.start()

    def test_3_the_ferry_crosses_and_deletes_what_was_read_again(self):
        world = self.world
        world.round()
        world.run("plan")
        self.assertIsNone(world.value("SELECT id FROM plan WHERE status = 'proposed'"), "no copy has settled")
        self.assertEqual({row["proof"] for row in world.db("SELECT proof FROM copy WHERE place = 'nas'")}, {"read_back"})
        world.minutes_later = 11
        world.round()
        world.approve()
        last = world.round()
        assets = {key: asset for key, asset in world.icloud.state()["assets"].items() if not asset["hidden"]}
        self.assertEqual(len(world.icloud.deleted()), len(assets), f"{last}\n" + "\n".join(world.unfinished()))
        on_nas = {apple_checksum((world.nas / name).read_bytes()) for name in world.photos(world.nas)}
        for key, asset in assets.items():
            for kind, given in asset["resources"].items():
                self.assertIn(given["checksum"], on_nas, f"{key}: {kind}")
        proofs = {row["proof"] for row in world.db("SELECT proof FROM copy WHERE place = 'nas' AND removed_at IS NULL")}
        self.assertEqual(proofs, {"settled"})

    def test_4_a_second_run_changes_nothing_on_the_server(self):
        before = self.world.files(self.world.nas)
        self.world.round()
        self.assertEqual(self.world.files(self.world.nas), before)

    def test_5_audit_verify_reindex_and_compare_know_the_share(self):
        world = self.world
        self.assertEqual(world.run("audit", "--full").code, 0, world.run("audit", "--full"))
        world.expect(0, "archive", "verify", "--full")
        world.expect(0, "archive", "reindex", "--rehash")
        files = len(world.photos(world.nas))
        self.assertGreaterEqual(files, 1)
        told = world.expect((0, 10), "compare", str(world.home / "library"), "--view", "pull").out
        self.assertIn("Up to date", told)  # what kept its bytes
        self.assertIn("Local differs", told)  # what is small at home

    def test_6_an_original_comes_home_from_the_share(self):
        world = self.world
        to = world.root / "restored"
        world.expect(0, "archive", "restore", "--all", "--to", str(to))
        self.assertEqual({apple_checksum(p.read_bytes()) for p in to.rglob("*") if p.is_file()} & {apple_checksum((world.nas / n).read_bytes()) for n in world.photos(world.nas)},
                         {apple_checksum((world.nas / n).read_bytes()) for n in world.photos(world.nas)})

    def test_6b_what_lies_on_the_share_alone_is_given_to_another_house(self):
        world, to = self.world, self.world.root / "given"
        other = World(phone=False, at=world.root / "other", only=["screenshot"])
        self.addCleanup(other.stop)
        other.start().expect(0, "run", "--no-progress", "--end", "nas_archive")
        other.expect(0, "db", "backup", str(world.root / "catalogue.db"))
        number = world.report("exchange", "analyze", "--remote-db", str(world.root / "catalogue.db"))["list"]
        world.server.kill()
        self.assertIn("no answer from the SMB server", world.expect(69, "exchange", "export", number, "--output-dir", str(to)).err)
        world.server.start()
        world.expect(0, "exchange", "export", number, "--output-dir", str(to))
        other.expect(0, "exchange", "import", number, "--import-dir", str(to))
        ours, theirs = ({row["sha256"] for row in house.db("SELECT sha256 FROM media")} for house in (world, other))
        self.assertEqual(ours, theirs)
        other.expect(0, "run", "--no-progress", "--end", "nas_archive")
        self.assertEqual({hashlib.sha256((other.nas / name).read_bytes()).hexdigest() for name in other.photos(other.nas)}, ours)

    def test_7_bit_rot_on_the_server_is_found_and_healed(self):
        world = self.world
        name = sorted(n for n in world.photos(world.nas))[0]
        whole = (world.nas / name).read_bytes()
        content = bytearray(whole)
        content[len(content) // 2] ^= 1
        (world.nas / name).write_bytes(content)
        told = world.run("archive", "verify", "--full")
        self.assertIn("healed from iCloud", told.out + told.err)
        self.assertIn(whole, [file.read_bytes() for file in world.nas.rglob("*") if file.is_file() and "damaged" not in str(file)])

    def test_8_the_password_is_nowhere(self):
        world = self.world
        for place in (world.database.parent, world.nas):
            for file in place.rglob("*"):
                if file.is_file():
                    self.assertNotIn(PASSWORD.encode(), file.read_bytes(), file)
        shown = world.run("config", "show")
        self.assertNotIn(PASSWORD, shown.out + shown.err)


if __name__ == "__main__":
    unittest.main()
