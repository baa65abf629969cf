# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract as somebody outside reads it: the documented columns after every stage, commands, JSON keys and exit codes, in one house."""

import json
import re
import sqlite3
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World

DOCUMENTED = ["id", "filename", "icloud_id", "created_date", "local_path", "status", "synced_google", "synced_nas", "album_moved", "deleted_icloud",
              "initial_size", "current_size", "last_compressed", "last_updated"]
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
# After each stage, run alone and in this order: the word in `status`, and the flags of a photo that the phone takes.
WAY = [
    ("icloud_download", "downloaded", {"synced_google": None, "synced_nas": None, "album_moved": 0, "deleted_icloud": None, "last_compressed": None}),
    ("pixel_sync", "pixel_sync_ready", {"synced_google": None}),
    ("pixel_verify", "pixel_verified", {"synced_google": "yes", "synced_nas": None}),
    ("nas_archive", "nas_archived", {"synced_nas": "yes", "nas_google": "yes"}),
    ("processing", "processing_ready", {"album_moved": 0, "last_compressed": None}),
    ("compress", "compressed", {"album_moved": 0}),
    ("icloud_mark", "icloud_delete_ready", {"album_moved": 1, "deleted_icloud": None}),
]
FOLDER_AFTER = {"icloud_download": "backup", "nas_archive": "backup", "processing": "compress", "compress": "compress", "icloud_mark": "delete_pending"}


class Contract(unittest.TestCase):
    """One crossing of three photos and a live pair; each test looks at what was seen on the way."""

    @classmethod
    def setUpClass(cls):
        cls.world = world = World(only=["twin-1", "unicode", "screenshot", "edited"]).start()
        cls.addClassCleanup(world.stop)
        cls.config_before = world.config_file.read_text()
        cls.rehearsed = world.run("run", "--dry-run")
        cls.made_by_rehearsal = [*world.files(world.home), *world.db("SELECT id FROM media"), *world.db("SELECT id FROM run"), *world.icloud.requests()]
        cls.rows, cls.where, cls.codes = {}, {}, {}
        for stage, _, _ in WAY:
            cls.codes[stage] = world.run("--run-stage", stage)
            cls.rows[stage] = world.db("SELECT *, nas_google FROM media ORDER BY id")
            cls.where[stage] = [row["local_path"] for row in cls.rows[stage]]
        cls.by_hand = world.run("status")
        cls.waiting = world.run("--run-stage", "icloud_delete")
        cls.not_approved = world.icloud.deleted()
        world.free_up_space()
        world.run("--run-stage", "pixel_verify")
        cls.proposed = world.run("plan", "--json")
        cls.number = json.loads(cls.proposed.out)["plan"]["id"]
        cls.approved = world.run("approve", str(cls.number), "--json")
        cls.plan_after_approval = json.loads(world.run("plan", "--json").out)
        cls.last = world.run("run", "--no-progress")
        cls.rows["icloud_delete"] = world.db("SELECT *, nas_google FROM media ORDER BY id")

    def test_a_rehearsal_of_all_stages_changes_nothing(self):
        self.assertEqual(self.rehearsed.code, 0, self.rehearsed)
        self.assertIn("icloudpd", self.rehearsed.out)
        self.assertEqual(self.made_by_rehearsal, [])

    def test_each_stage_leaves_its_documented_word_and_flags(self):
        for stage, word, flags in WAY:
            self.assertEqual(self.codes[stage].code, 0, self.codes[stage])
            for row in self.rows[stage]:
                told = f"{row['filename']} {row['resource']} after {stage}"
                self.assertEqual(row["status"], word, told)
                for column, wanted in flags.items():
                    if column == "synced_google" and row["kind"] == "sidecar":
                        wanted = None
                    self.assertEqual(row[column], wanted, f"{told}: {column}")
        for row in self.rows["icloud_delete"]:
            self.assertEqual((row["status"], row["deleted_icloud"], row["album_moved"], row["local_path"]), ("completed", "yes", 1, None), row["filename"])

    def test_local_path_is_where_the_original_lies_then(self):
        home = self.world.home
        for stage, folder in FOLDER_AFTER.items():
            for path in self.where[stage]:
                self.assertTrue(path.startswith(f"{home / folder}/"), f"{path} after {stage}")

    def test_dates_are_iso_and_sizes_are_bytes(self):
        for row in self.rows["icloud_delete"]:
            for column in ("created_date", "last_compressed", "last_updated"):
                self.assertRegex(row[column], f"^{ISO}$", column)
            self.assertGreater(row["initial_size"], 0)
            self.assertLessEqual(row["current_size"], row["initial_size"])
        originals = {row["filename"]: row for row in self.rows["icloud_download"] if row["resource"] == "original"}
        self.assertEqual(originals["IMG_0001.JPG"]["initial_size"], (self.world.library / "twin-1.original.jpg").stat().st_size)
        self.assertIn("Übermut café 日本 😀.JPG", originals)

    def test_the_database_is_what_the_design_says(self):
        columns = [row["name"] for row in self.world.db("PRAGMA table_xinfo(media)")]
        self.assertEqual([c for c in DOCUMENTED + ["nas_google"] if c not in columns], [])
        tables = {row["name"]: row["strict"] for row in self.world.db("PRAGMA table_list") if row["type"] == "table" and not row["name"].startswith("sqlite_")}
        self.assertEqual([name for name, strict in tables.items() if not strict], [])
        for name in ("asset", "resource", "copy", "step", "run", "event", "plan", "plan_item", "sync_operations", "sync_files", "sync_export_lists",
                     "sync_export_files", "sync_records"):
            self.assertIn(name, tables)
        self.assertEqual(self.world.value("PRAGMA journal_mode"), "wal")
        self.assertEqual(self.world.value("PRAGMA integrity_check"), "ok")
        self.assertEqual(self.world.db("PRAGMA foreign_key_check"), [])
        writing = sqlite3.connect(self.world.database)
        self.addCleanup(writing.close)
        for wrong in ("UPDATE media SET synced_google = 'maybe'", "UPDATE media SET album_moved = 2", "UPDATE media SET initial_size = 'big'"):
            with self.assertRaises(sqlite3.Error, msg=wrong), writing:
                writing.execute(wrong)

    def test_nothing_is_deleted_without_freed_and_approved_and_a_wait_is_no_failure(self):
        self.assertEqual(self.waiting.code, 0, self.waiting)
        self.assertEqual(self.not_approved, [])
        self.assertEqual(self.last.code, 0, self.last)
        self.assertEqual(len(self.world.icloud.deleted()), 4)

    def test_a_plan_is_approved_once_and_not_proposed_again(self):
        self.assertEqual(self.approved.code, 0, self.approved)
        self.assertEqual(json.loads(self.approved.out)["status"], "approved")
        self.assertEqual((self.plan_after_approval["plan"]["id"], self.plan_after_approval["plan"]["status"]), (self.number, "approved"))
        self.assertIsNone(self.world.report("plan")["plan"], "all of it is deleted")
        self.assertEqual(self.world.run("approve", str(self.number)).code, 65)

    def test_json_has_the_keys_that_scripts_read(self):
        status = self.world.report("status")
        self.assertLessEqual({"workflow", "daemon", "stages", "files", "attention", "icloud", "errors", "waiting"}, set(status))
        self.assertLessEqual({"name", "status", "progress_percent", "current_stage", "files_processed"}, set(status["workflow"]))
        self.assertRegex(status["workflow"]["name"], r"^workflow_\d{8}_\d{6}$")
        self.assertEqual([s["stage"] for s in status["stages"]], [s for s, _, _ in WAY] + ["icloud_delete", "cleanup"])
        self.assertEqual({f["status"]: f["files"] for f in status["files"]}, {"completed": len(self.rows["icloud_delete"])})
        for words in (("stages",), ("attention",), ("audit",), ("doctor", "folders"), ("doctor", "archive"), ("auth", "status"), ("why", "1"), ("history", "1"), ("config", "show")):
            self.assertTrue(self.world.report(*words) is not None, words)

    def test_status_shows_the_run_as_the_seeds_do(self):
        self.assertIn("WORKFLOW STATUS: stages run one by one", self.by_hand.out)
        text = self.world.expect(0, "status").out
        for line in (r"^WORKFLOW STATUS: workflow_\d{8}_\d{6}$", r"^Status: completed$", r"^Progress: 100\.0%$", r"^Files Processed: \d+$", r"^Step Details:$",
                     r"^  Step 8: icloud_delete \(completed\)$", r"^    Duration: [\d.]+s$"):
            self.assertRegex(text, re.compile(line, re.M))

    def test_every_command_explains_itself(self):
        for verb in ("daemon", "run", "status", "stages", "plan", "approve", "why", "history", "attention", "release", "redo", "audit", "config", "doctor", "auth",
                     "db", "archive", "compare", "queue", "exchange"):
            result = self.world.expect(0, verb, "--help")
            self.assertIn(f"mediaferry {verb}", result.out)

    def test_wrong_words_are_64_and_missing_things_65(self):
        for words in ((), ("frobnicate",), ("run", "--start", "5", "--end", "2"), ("--run-stage", "nope"), ("--run-stage", "compress", "--limit", "0"),
                      ("status", "--colour"), ("approve",), ("redo", "nope", "1"), ("doctor", "nope"), ("release",), ("config", "nope")):
            self.assertEqual(self.world.run(*words).code, 64, words)
        for words in (("approve", "99"), ("why", "nothing.jpg"), ("history", "999"), ("release", "999"), ("redo", "compress", "999"),
                      ("--run-stage", "compress", "--item", "999"), ("db", "adopt", "/nonexistent")):
            self.assertEqual(self.world.run(*words).code, 65, words)

    def test_what_is_away_is_69_and_who_is_refused_77(self):
        marker, aside = self.world.nas / ".mediaferry-nas", self.world.root / "marker"
        marker.rename(aside)
        try:
            self.world.expect(69, "--run-stage", "nas_archive")
            stopped = self.world.expect(69, "run", "--start", "nas_archive", "--no-progress")
            self.assertNotIn("5/9", stopped.err, "a stage that fails as a whole stops the run")
        finally:
            aside.rename(marker)
        key = self.world.root / "syncthing_api_key"
        key.write_text("wrong\n")
        try:
            self.world.expect(77, "--run-stage", "pixel_verify")
            self.assertEqual([s["stage"] for s in self.world.report("attention")["stages"]], ["pixel_verify"])
        finally:
            key.write_text(self.world.pair.server_key + "\n")

    def test_secrets_are_nowhere_and_what_holds_them_is_private(self):
        told = "".join(r.out + r.err for r in [*self.codes.values(), self.last, self.world.run("config", "show"), self.world.run("doctor")])
        kept = b"".join(f.read_bytes() for f in self.world.database.parent.rglob("*") if f.is_file())
        for secret in (self.world.icloud.password, self.world.pair.server_key):
            self.assertNotIn(secret, told)
            self.assertNotIn(secret.encode(), kept)
        for file in [*self.world.database.parent.rglob("*.db*"), *self.world.cookies.rglob("*")]:
            self.assertEqual(file.stat().st_mode & 0o077, 0, file)
        self.assertEqual(self.world.config_file.read_text(), self.config_before)

    def test_a_stage_that_is_off_is_passed_over(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.config["archive"]["enabled"] = False
            world.config["icloud_delete"] = {}
            world.write_config()
            result = world.expect(0, "run", "--no-progress")
            self.assertEqual((result.err + result.out).count("switched off"), 4, result)
            self.assertEqual(world.statuses(), {"icloud_delete_ready": 1})
            self.assertEqual([world.icloud.deleted(), len(world.photos(world.home / "delete_pending"))], [[], 1], "no harbour: nothing goes")
            subprocess.run(["sqlite3", world.database, "SELECT 1"], check=True, capture_output=True)


if __name__ == "__main__":
    unittest.main()
