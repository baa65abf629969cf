# SPDX-License-Identifier: GPL-3.0-or-later
"""A phone that is away, a NAS that is not mounted, an Apple that is busy: the ferry waits, says so, and writes nothing wrong."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World


class Waiting(unittest.TestCase):
    def test_a_phone_that_is_offline_is_a_reason_to_wait_and_no_error(self):
        with World(only=["twin-1", "twin-2"]) as world:
            world.configure("syncthing", timeout="2s")
            world.pair.phone_stop()
            result = world.expect(0, "run", "--no-progress")
            self.assertRegex((result.out + result.err).lower(), "phone|pixel")
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_google = 'yes'"), 0)
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_nas = 'yes'"), 2, "the NAS does not wait for the phone")
            world.pair.phone_start()
            world.wait_for("the phone's proof", lambda: world.run("run", "--no-progress") and
                           world.value("SELECT count(*) FROM media WHERE synced_google = 'yes'") == 2, 60)

    def test_a_phone_that_is_paused_proves_nothing(self):
        with World(only=["twin-1"]) as world:
            world.configure("syncthing", timeout="2s")
            world.pair.pause()
            world.expect(0, "run", "--no-progress")
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_google = 'yes'"), 0)

    def test_a_nas_without_its_marker_is_an_unmounted_nas(self):
        with World(phone=False, only=["twin-1"]) as world:
            markers = [p for p in world.nas.iterdir() if p.is_file() and p.name.startswith(".")]
            self.assertEqual(len(markers), 1, markers)
            for marker in markers:
                marker.rename(world.root / marker.name)
            before = world.files(world.nas)
            result = world.expect(69, "run", "--no-progress")
            self.assertIn(str(world.nas), result.out + result.err)
            self.assertEqual(world.files(world.nas), before, "nothing may ever be written there")
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_nas = 'yes'"), 0)
            for marker in markers:
                (world.root / marker.name).rename(marker)
            world.wait_for("the NAS is used again", lambda: world.run("run", "--no-progress") and
                           world.value("SELECT count(*) FROM media WHERE synced_nas = 'yes'") == 1, 30)

    def test_503_from_apple_stops_the_run_and_spends_no_sign_in(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.icloud.fault(match="ckdatabasews.*/records/query", status=503, times=0, body={"serverErrorCode": "TRY_AGAIN_LATER", "reason": "busy"})
            result = world.expect(69, "run", "--no-progress")
            self.assertTrue(result.err.strip())
            self.assertEqual(world.icloud.sign_ins(), [])
            world.icloud.reset_faults()
            world.wait_for("Apple is asked again", lambda: world.run("run", "--no-progress") and world.media("twin-1"), 30)

    def test_syncthing_that_is_not_running_is_told_as_such(self):
        with World(only=["twin-1"]) as world:
            world.pair.server.stop()
            result = world.expect(69, "run", "--no-progress")
            self.assertIn("yncthing", result.out + result.err)


if __name__ == "__main__":
    unittest.main()
