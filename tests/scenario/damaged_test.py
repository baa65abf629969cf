# SPDX-License-Identifier: GPL-3.0-or-later
"""icloudpd damages, drops or never sees files; our own client fetches them, and only Apple's bytes are taken in."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from loopback.library import apple_checksum
from world import World

PLAIN = ["twin-1", "twin-2", "unicode", "screenshot"]


class Damaged(unittest.TestCase):
    def arrived_whole(self, world: World, keys) -> None:
        """Every resource has one row, and a file with Apple's checksum at its local path."""
        for key in keys:
            asset = world.icloud.state()["assets"][key]
            rows = {row["resource"]: row for row in world.media(key)}
            self.assertEqual(sorted(rows), sorted(asset["resources"]), key)
            for kind, given in asset["resources"].items():
                self.assertEqual(apple_checksum(Path(rows[kind]["local_path"]).read_bytes()), given["checksum"], f"{key}: {kind}")

    def fetched_by_us(self, world: World, key: str, kind: str = "original") -> bool:
        wanted = world.icloud.checksum(key, kind)
        return any(r.get("checksum") == wanted and r["via"] == "client" and r["status"] in (200, 206) for r in world.icloud.downloads())

    def test_what_icloudpd_damaged_is_set_aside_and_fetched_again(self):
        with World(phone=False, only=PLAIN) as world:
            world.icloud.spoil("twin-1", via="icloudpd", truncate_at=50000)
            world.icloud.spoil("twin-2", via="icloudpd", corrupt=True)
            world.icloud.spoil("unicode", via="icloudpd", html=True)
            world.icloud.spoil("screenshot", via="icloudpd", short=3000)
            world.expect(0, "--run-stage", "icloud_download")
            self.arrived_whole(world, PLAIN)
            for key in PLAIN:
                self.assertTrue(self.fetched_by_us(world, key), key)
            for row in world.db("SELECT path, reason_code FROM set_aside"):
                self.assertTrue(row["reason_code"])
            self.assertGreaterEqual(world.value("SELECT count(*) FROM set_aside"), 3)

    def test_a_second_pass_downloads_nothing(self):
        with World(phone=False, only=PLAIN) as world:
            world.icloud.spoil("twin-2", via="icloudpd", corrupt=True)
            world.expect(0, "--run-stage", "icloud_download")
            before = world.icloud.mark()
            world.expect(0, "--run-stage", "icloud_download")
            self.assertEqual(world.icloud.downloads(before), [])

    def test_what_icloudpd_leaves_out_is_fetched_by_our_client(self):
        with World(phone=False, only=["edited-video", "edited", "double", "double-2"]) as world:
            world.expect(0, "--run-stage", "icloud_download")
            self.arrived_whole(world, ["edited-video", "edited", "double", "double-2"])
            self.assertTrue(self.fetched_by_us(world, "edited-video", "edited_movie"))
            self.assertTrue(self.fetched_by_us(world, "edited", "sidecar"))

    def test_an_icloudpd_that_gets_nothing_at_all_is_made_up_for(self):
        with World(phone=False, only=PLAIN) as world:
            world.icloud.fault(match="cvws.icloud-content.com", via="icloudpd", status=503, times=0)
            world.expect(0, "--run-stage", "icloud_download")
            self.arrived_whole(world, PLAIN)

    def test_a_file_that_nobody_gets_whole_is_never_taken_in(self):
        with World(phone=False, only=PLAIN) as world:
            world.icloud.spoil("twin-1", corrupt=True, times=0)
            result = world.run("--run-stage", "icloud_download")
            self.assertIn(result.code, (0, 1), result)
            self.assertEqual(world.media("twin-1"), [])
            self.arrived_whole(world, [k for k in PLAIN if k != "twin-1"])
            missing = world.db("SELECT r.state, r.reason_code FROM resource r JOIN asset a ON a.id = r.asset_id WHERE a.record_name = ?",
                               world.icloud.state()["assets"]["twin-1"]["name"])[0]
            self.assertNotEqual(missing["state"], "taken")
            self.assertTrue(missing["reason_code"])

    def test_an_empty_page_in_the_middle_hides_nothing(self):
        with World(phone=False, only=PLAIN) as world:
            world.icloud.fault(match="CPLAssetAndMasterByAssetDate", via="client", empty_page=True)
            world.expect(0, "--run-stage", "icloud_download")
            self.arrived_whole(world, PLAIN)


if __name__ == "__main__":
    unittest.main()
