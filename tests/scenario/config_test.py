# SPDX-License-Identifier: GPL-3.0-or-later
"""The config file's faults, the commands and their exit codes, as a user meets them."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World

STAGES = ["icloud_download", "pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete", "cleanup"]


class Config(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(phone=False, only=["twin-1"]).start()
        cls.addClassCleanup(cls.world.stop)

    def faults(self, text: str) -> list[str]:
        file = self.world.root / "broken.yaml"
        file.write_text(text)
        result = self.world.run("config", "check", "--config", str(file))
        self.assertEqual(result.code, 78, result)
        return (result.out + result.err).splitlines()

    def test_an_unknown_key_is_told_with_its_place_and_the_nearest_known_one(self):
        lines = self.faults("icloud:\n  username: a@example.com\n  usrname: b@example.com\n")
        told = [line for line in lines if "usrname" in line]
        self.assertTrue(told, lines)
        self.assertRegex(told[0], r"broken\.yaml:3:3: .*usrname.*\(.*username.*\)")

    def test_all_faults_are_told_at_once(self):
        text = "icloud:\n  username: a@example.com\narchive:\n  settle: soon\n  settle: 1h\n  rot: /x\ncompress:\n  processes: many\n"
        lines = [line for line in self.faults(text) if re.search(r"broken\.yaml:\d+:\d+: ", line)]
        told = sorted({int(re.search(r"broken\.yaml:(\d+):", line)[1]) for line in lines})
        self.assertTrue({6, 8} <= set(told), lines)
        self.assertTrue({4, 5} & set(told), "the duplicate or the wrong duration")
        self.assertGreaterEqual(len(lines), 3)

    def test_a_run_with_a_broken_config_exits_78_too(self):
        broken = self.world.root / "broken.yaml"
        broken.write_text("icloud: {username: a@example.com}\nworkflw: {}\n")
        for words in (("run",), ("--run-stage", "compress"), ("status",), ("daemon",)):
            self.assertEqual(self.world.run(*words, "--config", str(broken)).code, 78, words)

    def test_a_missing_config_is_78_and_names_the_file(self):
        result = self.world.run("status", "--config", str(self.world.root / "nowhere.yaml"))
        self.assertEqual(result.code, 78)
        self.assertIn("nowhere.yaml", result.err)

    def test_a_good_config_is_shown_without_secrets(self):
        self.world.expect(0, "config", "check")
        shown = self.world.expect(0, "config", "show")
        self.assertNotIn(self.world.icloud.password, shown.out + shown.err)
        self.assertIn("folder_structure", shown.out)

    def test_usage_errors_are_64(self):
        for words in (("frobnicate",), ("--run-stage", "icloud_downlod"), ("run", "--start", "nope"), ("approve",), ("status", "--colour")):
            result = self.world.run(*words)
            self.assertEqual(result.code, 64, (words, str(result)))
            self.assertEqual(result.out, "", words)

    def test_a_misspelt_stage_is_met_with_the_right_name(self):
        self.assertIn("icloud_download", self.world.run("--run-stage", "icloud_downlod").err)

    def test_the_stages_are_listed_in_their_order(self):
        told = self.world.expect(0, "stages").out
        places = [told.index(name) for name in STAGES]
        self.assertEqual(places, sorted(places))
        self.assertIsInstance(self.world.report("stages"), (list, dict))

    def test_status_speaks_json(self):
        self.assertIsInstance(self.world.report("status"), dict)

    def test_help_and_version_go_to_stdout(self):
        self.assertIn("run-stage", self.world.expect(0, "--help").out)
        self.assertTrue(self.world.expect(0, "--version").out.strip())


class DryRun(unittest.TestCase):
    def test_a_dry_run_tells_what_would_be_done_and_changes_nothing(self):
        with World(only=["twin-1", "live"]) as world:
            world.expect(0, "--run-stage", "icloud_download")
            folders = [world.home, world.nas]
            rows = "SELECT media_id, stage, status, open FROM step ORDER BY media_id, stage"
            before = [world.files(f) for f in folders], [tuple(r) for r in world.db(rows)], [tuple(r) for r in world.db("SELECT * FROM media")]
            requests = world.icloud.mark()
            for stage in STAGES:
                world.expect(0, "--run-stage", stage, "--dry-run")
            world.expect(0, "run", "--dry-run", "--no-progress")
            after = [world.files(f) for f in folders], [tuple(r) for r in world.db(rows)], [tuple(r) for r in world.db("SELECT * FROM media")]
            self.assertEqual(after, before)
            self.assertEqual(world.icloud.downloads(requests) + world.icloud.modifications(requests), [])
            told = world.expect(0, "--run-stage", "nas_archive", "--dry-run")
            self.assertIn("IMG_0001.JPG", told.out + told.err)

    def test_a_run_can_begin_and_end_at_a_stage_by_name_or_number(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.expect(0, "run", "--end", "icloud_download", "--no-progress")
            self.assertEqual(world.statuses(), {"downloaded": 1})
            world.expect(0, "run", "--start", "4", "--end", "4", "--no-progress")
            self.assertEqual(world.statuses(), {"nas_archived": 1})

    def test_one_item_can_be_run_and_limits_hold(self):
        with World(phone=False, only=["twin-1", "twin-2", "unicode"]) as world:
            world.expect(0, "--run-stage", "icloud_download")
            wanted = world.media("unicode")[0]["id"]
            world.expect(0, "--run-stage", "nas_archive", "--item", str(wanted))
            self.assertEqual([r["id"] for r in world.db("SELECT id FROM media WHERE synced_nas = 'yes'")], [wanted])
            world.expect(0, "--run-stage", "nas_archive", "--limit", "1")
            self.assertEqual(world.value("SELECT count(*) FROM media WHERE synced_nas = 'yes'"), 2)


if __name__ == "__main__":
    unittest.main()
