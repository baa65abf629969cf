# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not proven whole, was vetoed, or changed after the plan stays in iCloud."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World, sample


class Held(unittest.TestCase):
    def left(self, world: World) -> set[str]:
        return {key for key, asset in world.icloud.state()["assets"].items() if not asset["deleted"]}

    def cross(self, world: World) -> None:
        """As far as anything gets: two rounds, plan, approval, deletion."""
        world.round()
        world.round()
        world.expect((0, 1), "plan")
        proposed = world.value("SELECT max(id) FROM plan WHERE status = 'proposed'")
        if proposed is not None:
            world.expect(0, "approve", str(proposed))
        world.round()

    def test_an_asset_whose_raw_is_missing_is_never_deleted(self):
        with World(phone=False, only=["raw-pair", "twin-1"]) as world:
            world.icloud.spoil("raw-pair", "alternative", status=404, times=0)
            self.cross(world)
            self.assertEqual(self.left(world), {"raw-pair"})
            self.assertNotIn("DeletePending", world.icloud.state()["assets"]["raw-pair"]["albums"], "it is not even filed")

    def test_an_asset_whose_edit_is_missing_is_never_deleted(self):
        with World(phone=False, only=["edited", "edited-video", "twin-1"]) as world:
            world.icloud.spoil("edited", "edited", status=404, times=0)
            world.icloud.spoil("edited-video", "edited_movie", status=404, times=0)
            self.cross(world)
            self.assertEqual(self.left(world), {"edited", "edited-video"})

    def test_taking_a_photo_out_of_the_album_vetoes_its_deletion(self):
        with World(phone=False, only=["twin-1", "twin-2"]) as world:
            world.to_the_gate()
            world.approve()
            self.assertEqual(world.icloud.unfile(asset="twin-1", album="DeletePending")["taken_out"], 1)
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})
            world.round()
            self.assertEqual(world.icloud.state()["assets"]["twin-1"]["albums"], [], "and it is not filed again")

    def test_a_change_tag_that_moved_after_the_plan_holds_the_asset(self):
        with World(phone=False, only=["twin-1", "twin-2"]) as world:
            world.to_the_gate()
            world.approve()
            world.icloud.touch(asset="twin-1")
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})

    def test_an_edit_made_after_the_plan_holds_the_asset_until_the_edit_is_safe_too(self):
        with World(phone=False, only=["twin-1", "twin-2"]) as world:
            world.to_the_gate()
            world.approve()
            world.icloud.edit(asset="twin-1", file=str(sample() / "edited.edited.jpg"))
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})

    def test_a_tag_that_apple_alone_knows_to_be_stale_is_an_answer_not_a_deletion(self):
        with World(phone=False, only=["twin-1", "twin-2"]) as world:
            world.to_the_gate()
            world.approve()
            name = world.icloud.state()["assets"]["twin-1"]["name"]
            world.icloud.fault(match="records/modify.*isDeleted", conflict=[name], times=0)
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})
            self.assertEqual({r["deleted_icloud"] for r in world.media("twin-1")}, {None})
            self.assertEqual({r["deleted_icloud"] for r in world.media("twin-2")}, {"yes"})

    def test_a_deletion_that_apple_only_claims_is_not_believed(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.to_the_gate()
            world.approve()
            world.icloud.fault(match="records/modify.*isDeleted", ack_without_effect=True, times=0)
            result = world.round()
            self.assertEqual(self.left(world), {"twin-1"})
            self.assertEqual({r["deleted_icloud"] for r in world.media("twin-1")}, {None}, result)
            self.assertTrue(Path(world.media("twin-1")[0]["local_path"]).exists(), "the local original stays as long as the asset")

    def test_a_deletion_whose_answer_was_lost_is_found_out_and_not_sent_twice(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.to_the_gate()
            world.approve()
            world.icloud.fault(match="records/modify.*isDeleted", effect_without_ack=True)
            world.expect(69, "run", "--no-progress")             # the answer was "503, busy"
            world.wait_for("the deletion is known", lambda: world.round() and world.media("twin-1")[0]["deleted_icloud"] == "yes", 30)
            self.assertEqual(len(world.icloud.deleted()), 1)

    def test_a_copy_spoiled_on_the_nas_after_the_plan_holds_the_asset(self):
        with World(phone=False, only=["twin-1", "twin-2"]) as world:
            world.to_the_gate()
            world.approve()
            world.configure("icloud_delete", fresh_within="1s")      # the proof taken at the gate is too old now
            row = world.media("twin-1")[0]
            copy = world.nas / world.value("SELECT path FROM copy WHERE media_id = ? AND place = 'nas'", row["id"])
            data = bytearray(copy.read_bytes())
            data[len(data) // 2] ^= 1
            copy.write_bytes(data)
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})

    def test_nothing_is_deleted_without_approval_or_when_it_is_switched_off(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.to_the_gate()
            world.expect(0, "run", "--no-progress")
            self.assertEqual(self.left(world), {"twin-1"})
            world.approve()
            world.configure("icloud_delete", enabled=False)
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})

    def test_without_the_phones_receipt_nothing_is_deleted(self):
        with World(only=["twin-1", "twin-2"]) as world:
            world.expect(0, "run", "--no-progress")
            name = world.value("SELECT path FROM copy WHERE place = 'pixel' AND media_id = ?", world.media("twin-2")[0]["id"])
            world.pair.free_up_space([name])
            world.expect(0, "run", "--no-progress")
            world.approve()
            world.round()
            self.assertEqual(self.left(world), {"twin-1"})

    def test_a_phone_that_deletes_everything_even_what_google_never_takes_is_not_believed(self):
        with World(only=["twin-1"]) as world:
            world.expect(0, "run", "--no-progress")
            everything = world.pair.on_phone()
            self.assertTrue(any(name.endswith(".txt") for name in everything), everything)
            world.pair.free_up_space(everything)
            world.round()
            self.cross(world)
            self.assertEqual(self.left(world), {"twin-1"})


if __name__ == "__main__":
    unittest.main()
