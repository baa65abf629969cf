# SPDX-License-Identifier: GPL-3.0-or-later
"""mediaferry queue over real folders: pull, push and trash, killed in the middle, beside files of others, over a NAS that goes away."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World, binary

NOON = 1_750_000_000


def put(root: Path, name: str, text: str | bytes, when: int = NOON) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (when, when))
    return path


class Queue(unittest.TestCase):
    def setUp(self):
        self.world = World(self, phone=False, only=["twin-1"]).start()
        self.addCleanup(self.world.stop)
        self.here, self.nas = self.world.root / "here", self.world.nas
        self.here.mkdir()
        self.world.configure("compare", local=str(self.here))

    def queue(self, *words: str, code: int = 0) -> str:
        return self.world.expect(code, "queue", *map(str, words)).out

    def rows(self) -> dict:
        answer = json.loads(self.queue("list", "--json"))
        return {row["target"]: row for row in answer["queue"]} | {"next": answer["next"]}

    def log(self, target: str) -> dict[str, str]:
        files = json.loads(self.queue("log", target, "--json"))["files"]
        return {file["path"]: (file["reason"] or {}).get("code", file["status"]) for file in files}

    def content(self, root: Path) -> dict[str, bytes]:
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and not p.name.startswith(".mediaferry")
                and ".mediaferry" not in p.parts and p.name not in ("SHA256SUMS", "mediaferry.json")}

    def test_pull_push_and_what_is_told_of_them(self):
        put(self.nas, "M31/DATE_2026-02-12/light_1.fits", "one")
        put(self.nas, "M31/DATE_2026-02-12/light_2.fits", "two")
        put(self.here, "M31/DATE_2026-02-12/light_2.fits", "foreign")
        put(self.nas, "M31/DATE_2026-02-12/_FlatWizard/flat.fits", "flat")
        put(self.here, "M81/DATE_2023-01-01/light_1.fits", "mine")
        put(self.nas, "M99/DATE_2020-01-01/light_1.fits", "never asked for")
        self.queue("add", "pull", "M31/DATE_2026-02-12")
        self.queue("add", "push", "M81/DATE_2023-01-01")
        refused = self.world.expect(1, "queue", "add", "trash", "M81/DATE_2023-01-01")
        self.assertIn("in the queue already (push, queued)", refused.err)
        self.world.expect(65, "queue", "add", "pull", "M31/DATE_2026-02-13")
        self.assertEqual(self.rows()["next"], "M31/DATE_2026-02-12")
        told = self.queue("run")
        self.assertIn("pull M31/DATE_2026-02-12: done, 1 copied, 2 skipped, 0 errors", told)
        self.assertEqual(self.content(self.here), {"M31/DATE_2026-02-12/light_1.fits": b"one", "M31/DATE_2026-02-12/light_2.fits": b"foreign",
                                                   "M81/DATE_2023-01-01/light_1.fits": b"mine"})
        self.assertEqual((self.nas / "M81/DATE_2023-01-01/light_1.fits").read_text(), "mine")
        self.assertEqual(int((self.nas / "M81/DATE_2023-01-01/light_1.fits").stat().st_mtime), NOON)
        rows = self.rows()
        row = rows["M31/DATE_2026-02-12"]
        self.assertEqual((row["status"], row["progress"], row["classes"]["flats"]), ("done", 100, {"copied": 0, "skipped": 1, "errors": 0}))
        self.assertEqual(rows["next"], None)
        self.assertEqual(self.log("M31/DATE_2026-02-12"), {"M31/DATE_2026-02-12/light_1.fits": "copied", "M31/DATE_2026-02-12/light_2.fits": "queue.differs",
                                                           "M31/DATE_2026-02-12/_FlatWizard/flat.fits": "queue.left_out"})
        self.assertIn("nothing is queued", self.queue("run"))
        # With flats, and over what is there already.
        self.queue("add", "pull", "M31/DATE_2026-02-12", "--include-flats")
        self.queue("run")
        self.assertEqual((self.here / "M31/DATE_2026-02-12/_FlatWizard/flat.fits").read_text(), "flat")
        told = self.queue("list")
        for words in ("Progress", "lights 0/2/0", "flats 1/0/0", "Next: nothing"):
            self.assertIn(words, told)
        self.assertIn("another file lies there", self.queue("log", "M31/DATE_2026-02-12"))
        # What was pushed is known to the index at once.
        pushed = json.loads(self.world.expect(0, "compare", "--json").out)["targets"]
        self.assertEqual([t["same"]["files"] + t["presumed"]["files"] for t in pushed if t["target"] == "M81/DATE_2023-01-01"], [1])
        self.queue("remove", "--done")
        self.assertIn("empty", self.queue("list"))

    def test_recommended_queues_what_compare_recommends_and_doubles_nothing(self):
        put(self.here, "2023/01/b.jpg", "b")
        put(self.nas, "2024/06/a.jpg", "a")
        self.queue("add", "--recommended")
        self.assertEqual({t: r["action"] for t, r in self.rows().items() if t != "next"}, {"2023/01": "push"})
        self.queue("add", "--recommended", "--view", "pull")
        self.assertEqual({t: r["action"] for t, r in self.rows().items() if t != "next"}, {"2023/01": "push", "2024/06": "pull"})
        self.queue("run")
        self.assertEqual(self.content(self.here).keys(), {"2023/01/b.jpg", "2024/06/a.jpg"})

    def killed_and_gone_on_with(self, action: str, source: Path, target: Path):
        for i in range(12):
            put(source, f"2024/06/{i:02}.jpg", bytes([i]) * 2_000_000)
        self.queue("add", action, "2024/06")
        run = subprocess.Popen([str(binary()), "queue", "run"], env=self.world.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while run.poll() is None and len(list((target / "2024/06").glob("*.jpg"))) < 3 and time.monotonic() < until:
            time.sleep(0.002)
        run.send_signal(signal.SIGKILL)
        run.wait()
        for file in (target / "2024/06").glob("*.jpg"):
            self.assertEqual(file.read_bytes(), (source / "2024/06" / file.name).read_bytes(), "visible is complete")
        self.queue("run")
        self.assertEqual({p.name for p in (target / "2024/06").iterdir() if p.name not in ("SHA256SUMS", "mediaferry.json")}, {f"{i:02}.jpg" for i in range(12)},
                         "nothing unfinished stays, nothing is doubled")
        row = self.rows()["2024/06"]
        self.assertEqual((row["status"], row["errors"], row["copied"] + row["skipped"]), ("done", 0, 12))

    def test_a_pull_that_was_killed_is_gone_on_with(self):
        self.killed_and_gone_on_with("pull", self.nas, self.here)

    def test_a_push_that_was_killed_is_gone_on_with(self):
        self.killed_and_gone_on_with("push", self.here, self.nas)

    def test_killed_at_every_step_it_is_gone_on_with(self):
        listed = self.world.run("failpoints")
        if listed.code != 0:
            self.skipTest("this build has no failpoints")
        steps = [line.split("\t")[0] for line in listed.out.splitlines() if line.startswith(("queue.", "db.queue."))]
        self.assertGreater(len(steps), 15)
        reached = set()
        for number, step in enumerate(steps):
            pull, push, trash = (f"{word}{number}/06" for word in ("pull", "push", "trash"))
            put(self.nas, f"{pull}/a.jpg", "a" * 5000)
            put(self.here, f"{push}/b.jpg", "b" * 5000)
            put(self.here, f"{trash}/c.jpg", "c")
            put(self.nas, f"{trash}/c.jpg", "c")
            for words in (["add", "pull", pull], ["add", "push", push], ["add", "trash", trash], ["run"], ["restore", trash], ["remove", "--done"]):
                done = subprocess.run([str(binary()), "queue", *words], env=self.world.environment(MEDIAFERRY_FAILPOINT=f"{step}=kill"), capture_output=True, text=True)
                if done.returncode == -9:
                    reached.add(step)
                    again = self.world.run("queue", *words)
                    self.assertIn(again.code, (0, 1, 65), f"{step}: {words}: {again}")
                else:
                    self.assertEqual(done.returncode, 0, f"{step}: {words}: {done.stderr}")
                if words == ["run"]:
                    lies_in_trash = [p for p in (self.nas / "_Trash").glob(f"*/{trash}/c*.jpg")]  # a name noted by the killed run is not used again
                    self.assertEqual((len(lies_in_trash), (self.nas / trash / "c.jpg").exists()), (1, False), step)
            self.assertEqual((self.here / pull / "a.jpg").read_text(), "a" * 5000, step)
            self.assertEqual((self.nas / push / "b.jpg").read_text(), "b" * 5000, step)
            self.assertEqual((self.nas / trash / "c.jpg").read_text(), "c", step)
            leavings = [p for side in (self.here / pull, self.nas / push) for p in side.iterdir() if p.name.startswith(".mediaferry")]
            self.assertEqual(leavings, [], step)
            self.assertEqual(self.rows(), {"next": None}, step)
        unreached = set(steps) - reached
        # Waiting with a reason and emptying are another test's and cleanup's.
        self.assertEqual({s for s in unreached if not s.startswith(("db.queue.wait", "queue.trash.remove"))}, set())

    def test_killed_anywhere_among_files_that_are_on_their_way_at_once_it_is_gone_on_with(self):
        if self.world.run("failpoints").code != 0:
            self.skipTest("this build has no failpoints")
        steps = ("archive.store.copy.after:7", "files.copy.fsync.before:7", "archive.store.read_back.before:7", "archive.store.rename.after:7",
                 "archive.store.fsync_folder.before", "archive.store.fsync_folder.after:2", "db.queue.record.commit.before")
        for number, step in enumerate(steps):
            target = f"push{number}/06"
            content = {f"{'AB'[i % 2]}/{i:02}.jpg": f"{step} {i}".encode() * 1000 for i in range(12)}
            for name, data in content.items():
                put(self.here, f"{target}/{name}", data)
            self.queue("add", "push", target)
            run = subprocess.run([str(binary()), "queue", "run"], env=self.world.environment(MEDIAFERRY_FAILPOINT=f"{step}=kill"), capture_output=True, text=True)
            self.assertEqual(run.returncode, -9, f"{step}: {run.stderr}")
            self.assertEqual(self.rows()[target]["copied"], 0, step)
            self.queue("run")
            self.assertEqual({str(p.relative_to(self.nas / target)): p.read_bytes() for p in (self.nas / target).rglob("*")
                              if p.is_file() and p.name not in ("SHA256SUMS", "mediaferry.json")}, content, step)
            row = self.rows()[target]  # those that had their names are there already
            self.assertEqual((row["copied"] + row["skipped"], row["errors"]), (12, 0), step)

    def test_a_nas_that_is_away_leaves_the_target_queued_with_its_reason(self):
        put(self.here, "2024/06/a.jpg", "a")
        self.queue("add", "push", "2024/06")
        marker = self.nas / ".mediaferry-nas"
        marker.rename(self.world.root / "marker")
        self.queue("run", code=69)
        row = self.rows()["2024/06"]
        self.assertEqual((row["status"], row["reason"]["code"], self.rows()["next"]), ("queued", "nas.unmounted", "2024/06"))
        (self.world.root / "marker").rename(marker)
        self.queue("run")
        self.assertEqual((self.rows()["2024/06"]["status"], self.rows()["2024/06"]["reason"]), ("done", None))

    def test_a_full_disk_on_either_side_leaves_the_target_queued(self):
        for action, side in (("push", self.here), ("pull", self.nas)):
            with open(put(side, f"{action}/06/huge.mov", ""), "r+b") as file:
                file.truncate(8 << 40)
        self.queue("add", "push", "push/06")
        self.queue("run", code=69)
        self.assertEqual((self.rows()["push/06"]["status"], self.rows()["push/06"]["reason"]["code"]), ("queued", "nas.full"))
        self.queue("remove", "push/06")
        self.queue("add", "pull", "pull/06")
        self.queue("run", code=69)
        self.assertEqual((self.rows()["pull/06"]["status"], self.rows()["pull/06"]["reason"]["code"]), ("queued", "local.full"))
        self.assertEqual((list((self.nas / "push").rglob("*.mov")), list((self.here / "pull").rglob("*"))), ([], []))

    def test_one_run_at_a_time(self):
        put(self.here, "2024/06/a.jpg", "a")
        self.queue("add", "push", "2024/06")
        with open(self.lock_file(), "a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.assertIn("another run", self.world.expect(75, "queue", "run").err)
        self.queue("run")

    def lock_file(self) -> Path:
        [database] = [p for p in self.world.root.rglob("media.db")]
        return database.parent / "state" / "queue.lock"

    def test_a_foreign_file_on_the_nas_that_the_index_does_not_know_is_not_overwritten(self):
        self.world.expect(0, "archive", "reindex")
        put(self.nas, "2020/01/other.jpg", "other")
        self.world.expect(0, "archive", "reindex")
        put(self.here, "2024/06/a.jpg", "mine")
        put(self.nas, "2024/06/a.jpg", "foreign")
        self.queue("add", "push", "2024/06")
        self.queue("run")
        self.assertEqual(self.content(self.nas)["2024/06/a.jpg"], b"foreign")
        self.assertEqual(self.log("2024/06"), {"2024/06/a.jpg": "queue.differs"})

    def test_trash_and_back(self):
        put(self.here, "2020/01/a.jpg", "a")
        put(self.nas, "2020/01/a.jpg", "a", NOON + 5000)
        put(self.here, "2020/01/b.jpg", "here")
        put(self.nas, "2020/01/b.jpg", "else")
        put(self.nas, "2020/01/c.jpg", "only on the NAS")
        self.world.expect(0, "archive", "reindex")
        self.queue("add", "trash", "2020/01")
        self.queue("run")
        self.assertEqual(self.log("2020/01"), {"2020/01/a.jpg": "queue.differs", "2020/01/b.jpg": "queue.differs", "2020/01/c.jpg": "queue.not_here"})
        os.utime(self.nas / "2020/01/a.jpg", (NOON, NOON))  # equal by size and time: now both are read
        self.world.expect(0, "archive", "reindex")
        inode = (self.nas / "2020/01/a.jpg").stat().st_ino
        self.queue("add", "trash", "2020/01", "--even-only-copy")
        self.queue("run")
        self.assertFalse((self.nas / "2020/01/a.jpg").exists())
        self.assertEqual((self.nas / "2020/01/b.jpg").read_text(), "else")
        [moved] = (self.nas / "_Trash").glob("*/2020/01/a.jpg")
        self.assertEqual(moved.stat().st_ino, inode, "renamed, not copied")
        self.assertEqual(len(list((self.nas / "_Trash").glob("*/2020/01/c.jpg"))), 1)
        self.assertIn("2020/01/a.jpg", self.queue("restore"))
        # The trash is no copy, and a name that was taken meanwhile is left to its file.
        targets = json.loads(self.world.expect(0, "compare", "--json").out)["targets"]
        self.assertEqual([t["only_local"]["files"] for t in targets if t["target"] == "2020/01"], [1])
        put(self.nas, "2020/01/a.jpg", "new")
        self.world.expect(1, "queue", "restore", "2020/01")
        self.assertEqual((self.nas / "2020/01/a.jpg").read_text(), "new")
        (self.nas / "2020/01/a.jpg").unlink()
        self.world.expect(0, "archive", "restore", "--from-trash", "2020/01/a.jpg")
        self.assertEqual((self.nas / "2020/01/a.jpg").stat().st_ino, inode)
        self.assertEqual((self.nas / "2020/01/c.jpg").read_text(), "only on the NAS")
        self.world.expect(65, "queue", "restore", "2020/01/a.jpg")

    def test_a_photo_that_the_ferry_archived_is_never_moved_away(self):
        self.world.expect(0, "--run-stage", "icloud_download")
        self.world.expect(0, "--run-stage", "nas_archive")
        [name] = [n for n in self.content(self.nas) if not n.endswith(".xmp")]
        put(self.here, name, (self.nas / name).read_bytes(), int((self.nas / name).stat().st_mtime))
        (self.world.home / "state").mkdir(exist_ok=True)
        target = str(Path(name).parent)
        self.queue("add", "trash", target, "--even-only-copy")
        self.queue("run")
        self.assertTrue((self.nas / name).exists())
        self.assertEqual(self.log(target)[name], "queue.archived")

    def test_the_folders_of_the_ferry_are_no_place_to_pull_to(self):
        put(self.nas, "2024/06/a.jpg", "a")
        self.world.configure("compare", local=str(self.world.home / "backup"))
        self.assertIn("compare.local", self.world.expect(78, "queue", "add", "pull", "2024/06").err)

    def test_wrong_words_are_told(self):
        for words in ([], ["ad"], ["add"], ["add", "pull"], ["add", "--recommended", "x"], ["add", "pull", "x", "--even-only-copy"], ["run", "x"], ["log"], ["remove"], ["list", "x"]):
            self.world.expect(64, "queue", *words)
        self.world.expect(65, "queue", "remove", "never/queued")


if __name__ == "__main__":
    unittest.main()
