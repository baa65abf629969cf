# SPDX-License-Identifier: GPL-3.0-or-later
"""A house without iCloud, phone or NAS, filled by `mediaferry db adopt` in a second: enough to exchange photos with another one."""

import hashlib
import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from world import Result, binary

FOLDERS = ("incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash")


class ExchangeHouse:
    def __init__(self, root: Path):
        self.root, self.home, self.database = Path(root), Path(root) / "media", Path(root) / "state" / "media.db"
        self.config_file = self.root / "mediaferry.yaml"
        for folder in FOLDERS:
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self.database.parent.mkdir(exist_ok=True)
        self.configure()

    def configure(self, **more: dict) -> None:
        off = {"enabled": False}
        config = {"database": str(self.database), "folders": {"root": str(self.home)}, "icloud": off, "syncthing": off, "pixel": off, "archive": off,
                  "status": off, "log": {"format": "logfmt"}} | more
        self.config_file.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in config.items()))

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH") if name in os.environ}
        return kept | {"HOME": str(self.root), "LANG": "C.UTF-8", "TZ": "UTC", "MEDIAFERRY_CONFIG": str(self.config_file)} | more

    def run(self, *words: str, **more: str) -> Result:
        done = subprocess.run([str(binary()), *map(str, words)], env=self.environment(**more), text=True, capture_output=True, timeout=120, cwd=self.root)
        return Result(done.returncode, done.stdout, done.stderr)

    def expect(self, code: int, *words: str) -> Result:
        result = self.run(*words)
        if result.code != code:
            raise AssertionError(f"mediaferry {' '.join(map(str, words))}: expected exit {code}, got {result}")
        return result

    def report(self, *words: str):
        return json.loads(self.expect(0, *words, "--json").out)

    def fill(self, photos: dict[str, bytes], live: tuple[str, str] | None = None) -> None:
        """Photos by name, taken over as an earlier script left them; `live`: two of them are a live photo, a favourite in an album."""
        with closing(sqlite3.connect(self.database)) as old:
            old.execute("CREATE TABLE media (id INTEGER PRIMARY KEY, filename TEXT, icloud_id TEXT, created_date TEXT, local_path TEXT, status TEXT)")
            for name, content in photos.items():
                file = self.home / "backup" / "2024" / "06" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                old.execute("INSERT INTO media (filename, created_date, local_path, status) VALUES (?, '2024-06-01T10:00:00', ?, 'downloaded')", (name, str(file)))
            old.commit()
        self.expect(0, "db", "adopt")
        if live:
            with closing(sqlite3.connect(self.database)) as db:
                db.execute("INSERT INTO asset (account, library, record_name, master_name, change_tag, filename, taken_at, added_at, favourite, first_seen_at, last_seen_at) "
                           "VALUES ('me@example.com', 'PrimarySync', 'REC-LIVE', 'M', 't', ?, 1717236000, 1717236000, 1, 1, 1)", (live[0],))
                db.execute("INSERT INTO album (source, name) VALUES ('', 'Summer')")
                db.execute("INSERT INTO album_asset SELECT album.id, asset.id FROM album, asset")
                db.execute("UPDATE media SET asset_id = (SELECT id FROM asset), live_pair = 1 WHERE filename IN (?, ?)", live)
                db.commit()

    def rows(self, sql: str, *values) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(self.database, timeout=20)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(sql, values).fetchall()

    def value(self, sql: str, *values):
        found = self.rows(sql, *values)
        return found[0][0] if found else None

    # judging --------------------------------------------------------------------------------------------------------

    def wrong_now(self) -> list[str]:
        """What must hold at any instant: every row has its bytes, every file has its row or its explanation, the database is sound."""
        wrong = [f"media.db: {row[0]}" for row in self.rows("PRAGMA quick_check") if row[0] != "ok"]
        wrong += [f"media.db: foreign key of {tuple(row)}" for row in self.rows("PRAGMA foreign_key_check")]
        known = {}
        for row in self.rows("SELECT filename, local_path, sha256 FROM media"):
            if row["local_path"] in known:
                wrong.append(f"two rows share {row['local_path']}")
            known[row["local_path"]] = row["sha256"]
            file = Path(row["local_path"])
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != row["sha256"]:
                wrong.append(f"LOST? {row['filename']} is not at {file} with its bytes")
        placing = {row["file_path"]: row["file_hash"] for row in self.rows("SELECT file_path, file_hash FROM sync_files WHERE status = 'placing'")}
        for file in (self.home / "backup").rglob("*"):
            if not file.is_file() or file.name.startswith(".mediaferry-") or str(file) in known:
                continue
            if str(file) not in placing:
                wrong.append(f"nobody's: {file}")
            elif hashlib.sha256(file.read_bytes()).hexdigest() != placing[str(file)]:
                wrong.append(f"torn: {file}")
        contents = [row[0] for row in self.rows("SELECT sha256 FROM media")]
        wrong += [f"{content} was taken in twice" for content in set(contents) if contents.count(content) > 1]
        return wrong

    def portrait(self) -> dict[str, object]:
        """All that must be the same after a disturbed and an undisturbed exchange."""
        return {
            "media": sorted(tuple(row) for row in self.rows("SELECT filename, sha256, kind, resource, live_pair, taken_at, status, icloud_id FROM media")),
            "assets": sorted(tuple(row) for row in self.rows("SELECT account, record_name, favourite, listed, gone_at IS NULL FROM asset")),
            "grouping": sorted(tuple(row) for row in self.rows("SELECT a.record_name, m.filename FROM media m JOIN asset a ON a.id = m.asset_id")),
            "albums": sorted(tuple(row) for row in self.rows("SELECT l.name, a.record_name FROM album_asset i JOIN album l ON l.id = i.album_id JOIN asset a ON a.id = i.asset_id")),
            "steps": sorted(tuple(row) for row in self.rows("SELECT m.filename, s.stage, s.status, s.open FROM step s JOIN media m ON m.id = s.media_id")),
            "placing": self.value("SELECT count(*) FROM sync_files WHERE status = 'placing'"),
            "files": sorted((str(f.relative_to(self.home)), hashlib.sha256(f.read_bytes()).hexdigest()) for f in (self.home / "backup").rglob("*")
                            if f.is_file() and not f.name.startswith(".mediaferry-")),
        }
