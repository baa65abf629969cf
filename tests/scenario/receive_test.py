#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a Syncthing folder that another house fills: what is taken in, what waits, what is refused, and that nothing there is touched."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import children
import world as worlds
from exchange_house import ExchangeHouse
from standin_source import StandinSource
from syncthing_pair import wait_until

JPEG = b"\xff\xd8\xff\xe0 a photo "
MANIFEST = "mediaferry-exchange.jsonl"


class Receive(unittest.TestCase):
    def setUp(self):
        (worlds.BUILD / "worlds").mkdir(parents=True, exist_ok=True)
        self.root = Path(tempfile.mkdtemp(prefix="receive-", dir=worlds.BUILD / "worlds"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.a, self.b, self.folder = ExchangeHouse(self.root / "a"), ExchangeHouse(self.root / "b"), self.root / "from-a"
        self.folder.mkdir()
        self.syncthing = StandinSource(self.folder)
        self.addCleanup(self.syncthing.stop)
        key = self.root / "key"
        key.write_text("secret\n")
        key.chmod(0o600)
        self.b.configure(syncthing={"api_url": self.syncthing.api, "api_key_file": str(key)}, exchange={"remote_sources": ["remote"]})
        self.a.fill({"IMG_1.HEIC": b"the still", "IMG_1.MOV": b"the movie", "IMG_2.JPG": b"another"}, live=("IMG_1.HEIC", "IMG_1.MOV"))
        self.b.fill({"OWN.JPG": b"their own"})

    def exported(self) -> Path:
        self.a.expect(0, "exchange", "analyze", "--remote-db", str(self.b.database))
        name = self.a.value("SELECT list_id FROM sync_export_lists ORDER BY id DESC")
        self.a.expect(0, "exchange", "export", name, "--output-dir", str(self.folder))
        return self.folder / name

    def receive(self, code: int = 0) -> dict:
        return json.loads(self.b.expect(code, "exchange", "receive", "--json").out)

    def untouched(self) -> dict:
        return {str(p.relative_to(self.folder)): (p.stat().st_ino, p.stat().st_mtime_ns, p.read_bytes()) for p in self.folder.rglob("*") if p.is_file()}

    def records(self) -> dict[str, str]:
        return {row["remote_path"]: row["status"] for row in self.b.rows("SELECT * FROM sync_records")}

    def test_a_list_comes_in_with_all_that_belongs_to_it_and_once(self):
        self.exported()
        before = self.untouched()
        self.assertEqual(self.receive()["received"], 3)
        self.assertEqual(self.untouched(), before)
        self.assertEqual(self.b.wrong_now(), [])
        self.assertEqual(self.b.value("SELECT count(*) FROM media m JOIN asset a ON a.id = m.asset_id WHERE a.record_name = 'REC-LIVE' AND a.favourite = 1 AND m.live_pair = 1"), 2)
        self.assertEqual(self.b.portrait()["albums"], [("Summer", "REC-LIVE")])
        self.assertEqual(set(self.records().values()), {"received"})
        after = self.b.portrait()
        asked = len(self.syncthing.questions)
        second = self.receive()
        self.assertEqual((second["received"], second["duplicates"], second["failed"]), (0, 0, 0))
        self.assertEqual(self.b.portrait(), after)
        self.assertEqual(set(self.syncthing.questions[asked:]), {next(p for p in before if p.endswith(MANIFEST))})    # settled files are not looked at again

    def test_nothing_of_a_photo_comes_before_all_of_it_is_complete(self):
        folder = self.exported()
        movie = next(folder.rglob("*.MOV"))
        self.syncthing.on_their_way.add(str(movie.relative_to(self.folder)))
        first = self.receive()
        self.assertEqual((first["received"], first["waiting"]), (1, 2))
        self.assertEqual([row[0] for row in self.b.rows("SELECT filename FROM media ORDER BY id")], ["OWN.JPG", "IMG_2.JPG"])
        movie.rename(self.root / "later")
        self.assertEqual(self.receive()["waiting"], 2)
        (self.root / "later").rename(movie)
        self.syncthing.on_their_way.clear()
        self.assertEqual(self.receive()["received"], 2)

    def test_files_of_a_list_wait_for_its_manifest(self):
        folder = self.exported()
        (folder / MANIFEST).rename(self.root / "later")
        (next(folder.rglob("IMG_2.JPG"))).write_bytes(JPEG)
        waits = self.receive()
        self.assertEqual((waits["received"], waits["failed"]), (0, 0))
        self.assertGreater(waits["waiting"], 0)

    def test_other_bytes_than_the_manifest_says_are_recorded_and_leave_nothing_behind(self):
        folder = self.exported()
        movie = next(folder.rglob("*.MOV"))
        movie.write_bytes(b"the m0vie")
        before = self.b.portrait()["files"]
        result = self.receive(1)
        self.assertEqual((result["received"], result["failed"]), (1, 1))
        row = self.b.rows("SELECT * FROM sync_records WHERE status = 'failed'")[0]
        self.assertTrue(row["remote_path"].endswith(".MOV"))
        self.assertIn("manifest", row["error_message"])
        self.assertEqual(self.b.wrong_now(), [])
        self.assertEqual(len(self.b.portrait()["files"]), len(before) + 1)      # the still did not come without its movie
        movie.write_bytes(b"the movie")
        self.assertEqual(self.receive()["received"], 2)
        self.assertEqual(self.b.value("SELECT count(*) FROM sync_records WHERE status = 'failed'"), 0)

    def test_a_manifest_that_is_not_true_is_refused_with_all_its_files(self):
        folder = self.exported()
        text = (folder / MANIFEST).read_text()
        (folder / MANIFEST).write_text(text.replace("2024/06/IMG_2.JPG", "../../../etc/x.JPG", 1))
        result = self.receive(1)
        self.assertEqual((result["received"], result["failed"]), (0, 1))
        self.assertEqual(self.b.value("SELECT count(*) FROM media"), 1)

    def test_links_are_not_followed(self):
        folder = self.exported()
        photo = next(folder.rglob("IMG_2.JPG"))
        outside = self.root / "outside"
        outside.write_bytes(b"another")
        photo.unlink()
        photo.symlink_to(outside)
        (self.folder / "link.JPG").symlink_to(outside)
        self.assertEqual(self.receive()["received"], 2)
        self.assertEqual(self.b.value("SELECT count(*) FROM media WHERE filename = 'IMG_2.JPG'"), 0)

    def test_photos_without_a_manifest_come_in_by_content_and_time(self):
        plain = self.folder / "2019" / "07" / "BEACH.JPG"
        plain.parent.mkdir(parents=True)
        plain.write_bytes(JPEG)
        os.utime(plain, (1563000000, 1563000000))
        (self.folder / "copy of it.JPG").write_bytes(JPEG)
        (self.folder / "notes.txt").write_text("no photo")
        (self.folder / ".syncthing.BEACH2.JPG.tmp").write_bytes(JPEG[:7])
        result = self.receive()
        self.assertEqual((result["received"], result["duplicates"], result["failed"]), (1, 1, 0))
        row = self.b.rows("SELECT * FROM media WHERE sha256 = ?", hashlib.sha256(JPEG).hexdigest())[0]
        self.assertEqual(row["taken_at"], 1563000000)
        self.assertTrue(row["local_path"].endswith("/backup/2019/07/BEACH.JPG"))
        self.assertEqual(sorted(self.records().values()), ["duplicate", "received"])

    def test_only_a_receive_only_folder_is_read(self):
        self.exported()
        self.syncthing.type = "sendreceive"
        result = self.receive(1)
        self.assertEqual(result["received"], 0)
        self.assertEqual(result["troubles"][0]["code"], "exchange.folder_type")
        self.assertEqual(self.syncthing.questions, [])

    def test_a_disk_that_takes_nothing_leaves_nothing_half_done(self):
        self.exported()
        (self.b.home / "backup" / "2024" / "06").rename(self.root / "aside")
        (self.b.home / "backup" / "2024" / "06").write_text("in the way")
        self.b.run("exchange", "receive")
        self.assertEqual(self.b.value("SELECT count(*) FROM media"), 1)
        self.assertEqual(self.b.value("SELECT count(*) FROM sync_files WHERE status = 'placing'"), 0)
        (self.b.home / "backup" / "2024" / "06").unlink()
        (self.root / "aside").rename(self.b.home / "backup" / "2024" / "06")
        self.assertEqual(self.receive()["received"], 3)
        self.assertEqual(self.b.wrong_now(), [])

    def test_the_daemon_receives_by_itself_and_tells_when_it_cannot(self):
        self.b.configure(syncthing={"api_url": self.syncthing.api, "api_key_file": str(self.root / "key")}, exchange={"remote_sources": ["remote"], "every": "1s"})
        self.exported()
        said = self.root / "daemon.log"
        with open(said, "wb") as log:
            daemon = children.start([str(worlds.binary()), "daemon"], env=self.b.environment(), stdout=subprocess.DEVNULL, stderr=log)
        self.addCleanup(children.end, daemon)
        wait_until("the daemon has received all three", lambda: self.b.value("SELECT count(*) FROM sync_records WHERE status = 'received'") == 3)
        self.syncthing.type = "sendreceive"
        wait_until("the daemon says that it cannot receive", lambda: "receiving failed" in said.read_text())
        daemon.terminate()
        self.assertEqual(daemon.wait(30), 0)
        self.assertEqual(self.b.wrong_now(), [])


if __name__ == "__main__":
    unittest.main()
