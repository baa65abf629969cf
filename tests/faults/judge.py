# SPDX-License-Identifier: GPL-3.0-or-later
"""Says whether anything is lost, doubled or wrong. It shares nothing with the product: its own SQL, its own hashing, the stand-ins' own records."""

import base64
import contextlib
import functools
import hashlib
import json
import os
import re
import sqlite3
from collections import Counter
from pathlib import Path

ORIGINALS = ("backup", "compress", "delete_pending")
SALTS = b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0"


def apple_sum(data: bytes) -> str:
    return base64.b64encode(b"\x01" + hashlib.sha1(SALTS + data).digest()).decode()


MARK = b"mediaferry: this name is taken"


class File:
    def __init__(self, path: Path):
        self.path, about = path, path.lstat()
        self.size, self.blocks = about.st_size, about.st_blocks
        self.hole = self.size > 0 and self.blocks == 0
        data = b"" if self.hole else path.read_bytes()
        self.sha256 = "hole" if self.hole else hashlib.sha256(data).hexdigest()
        self.apple = "" if self.hole else apple_sum(data)
        self.mark = data.startswith(MARK)       # of a rename on a share: it says itself that it is no photo


def unnumbered(path: str | None) -> str | None:
    """Two photos of one name: which of them is "-2" depends on which came first, and a kill may change that."""
    return path and re.sub(r"(/IMG_\d{4})-2\.", r"\1.", path)


def book(relative: str) -> bool:
    """What the archive itself keeps beside the photos."""
    parts = relative.split("/")
    return parts[-1] in ("SHA256SUMS", "mediaferry.json") or relative.endswith(".xmp") or (parts[0] == ".mediaferry" and not relative.endswith(".part"))


def unfinished(relative: str) -> bool:
    """What may be incomplete, by its name: nobody takes it for a photo."""
    parts = relative.split("/")
    return book(relative) or any(part.startswith((".mediaferry", ".st", ".syncthing")) for part in parts) or relative.endswith((".part", ".new"))


def looking(ask):
    def asked(judge: "Judge"):
        with judge.look():
            return ask(judge)
    return functools.wraps(ask)(asked)


class Judge:
    def __init__(self, root: Path, icloud, deletions, phone):
        """`icloud()`: Apple's assets; `deletions()`: Apple's record of deletions; `phone()`: name -> bytes on the phone."""
        self.root, self.icloud, self.deletions, self.phone = Path(root), icloud, deletions, phone
        self.on_share = False           # the archive is on a share that is not mounted
        self.home, self.nas, self.database = self.root / "media", self.root / "nas", self.root / "state" / "media.db"

    # looking --------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def look(self):
        """Questions asked within share a connection; no other process changes anything meanwhile."""
        self.connection = sqlite3.connect(self.database, timeout=20) if self.database.exists() else None
        if self.connection:
            self.connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")     # a name on disk may be any bytes
            self.connection.row_factory = sqlite3.Row
        try:
            yield
        finally:
            if self.connection:
                self.connection.close()
            del self.connection

    def rows(self, sql: str) -> list[sqlite3.Row]:
        if not hasattr(self, "connection"):
            with self.look():
                return self.rows(sql)
        try:
            return self.connection.execute(sql).fetchall() if self.connection else []
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []           # killed before the first commit
            raise

    def files(self, folder: Path) -> dict[str, File]:
        return {str(p.relative_to(folder)): File(p) for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink()} if folder.is_dir() else {}

    def no_photo(self, file: File) -> bool:
        """On a share a name is taken before its mark is written: who dies in between leaves an empty file there, and the photo comes beside it."""
        return self.on_share and file.size == 0

    # at every moment --------------------------------------------------------------------------------------------------

    @looking
    def now(self) -> list[str]:
        """What must hold at any instant, also right after a kill."""
        wrong: list[str] = []
        assets = self.icloud()
        listed = {r["checksum"]: (key, kind) for key, asset in assets.items() for kind, r in asset["resources"].items()}
        nas = {name: file for name, file in self.files(self.nas).items() if not unfinished(name) and not file.mark and not self.no_photo(file)}
        homes = {folder: {name: f for name, f in self.files(self.home / folder).items() if not unfinished(name)} for folder in ORIGINALS}
        on_nas = {file.apple for file in nas.values()}
        ours = {deletion["key"] for deletion in self.deletions()}            # what its owner deletes himself is his to lose
        for key, asset in assets.items():
            if asset["deleted"] and key in ours:
                wrong += [f"LOST? {key} is deleted from iCloud and its {kind} is not on the NAS" for kind, r in asset["resources"].items() if r["checksum"] not in on_nas]
        for place, files in [("nas", nas), *homes.items()]:
            wrong += [f"torn or foreign: {place}/{name} ({file.size} bytes) is nothing that iCloud lists" for name, file in files.items() if file.apple not in listed]
        somewhere = {file.sha256 for files in [nas, *homes.values()] for file in files.values()}
        for row in self.rows("SELECT * FROM media"):
            told = f"{row['filename']} ({row['resource']})"
            if row["sha256"] not in somewhere:
                wrong.append(f"LOST? {told} has a row and its content is neither at home nor on the NAS")
            if row["local_path"] is None and row["sha256"] not in {f.sha256 for f in nas.values()}:
                wrong.append(f"LOST? the original of {told} counts as released and is not on the NAS")
        wrong += self.evidence(nas)
        wrong += self.once()
        return wrong + self.sound()

    def evidence(self, nas: dict[str, File]) -> list[str]:
        """A proof in media.db is true."""
        wrong = []
        library = self.files(self.home / "library")
        for row in self.rows("SELECT c.*, m.filename, m.compression_metadata FROM copy c JOIN media m ON m.id = c.media_id WHERE c.removed_at IS NULL AND c.place IN ('nas', 'library')"):
            if row["place"] == "library" and self.intended(row["compression_metadata"], library):
                continue            # killed between a small copy's taking the place of another and the row that tells it: it was written down before
            there = (nas if row["place"] == "nas" else library).get(row["path"])
            if there is None or there.sha256 != row["sha256"]:
                wrong.append(f"media.db says {row['place']}/{row['path']} is proven ({row['proof']}), and it is {'missing' if there is None else 'something else'}")
        return wrong

    @staticmethod
    def intended(record: str | None, library: dict[str, File]) -> bool:
        """What was about to take the place of an older small copy is there, with the very content that was announced."""
        intention = (json.loads(record) if record else {}).get("intention")
        return intention is not None and (there := library.get(intention["path"])) is not None and there.sha256 == intention["sha256"]

    def once(self) -> list[str]:
        """Nothing is done twice."""
        wrong, seen = [], set()
        for deletion in self.deletions():
            if deletion["asset"] in seen or deletion.get("permanently"):
                wrong.append(f"{deletion['key']} was deleted twice")
            seen.add(deletion["asset"])
        wanted = Counter(r["checksum"] for asset in self.icloud().values() for r in asset["resources"].values())
        contents: dict[str, list[str]] = {}
        for name, data in self.phone().items():
            contents.setdefault(apple_sum(data), []).append(name)
        for content, names in contents.items():
            if len(names) > max(1, wanted[content]):
                wrong.append(f"the phone has one photo as {', '.join(names)}")
        return wrong

    def sound(self) -> list[str]:
        wrong = [f"media.db: {row[0]}" for row in self.rows("PRAGMA quick_check") if row[0] != "ok"]
        return wrong + [f"media.db: foreign key of {tuple(row)}" for row in self.rows("PRAGMA foreign_key_check")]

    # when everything has been put right -------------------------------------------------------------------------------

    @looking
    def settled(self) -> list[str]:
        """What must hold between two runs that ended well."""
        wrong = []
        for row in self.rows("SELECT * FROM media WHERE local_path IS NOT NULL"):
            path = Path(row["local_path"])
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
                wrong.append(f"{row['filename']}: {path} is not the original")
        paths = [row["local_path"] for row in self.rows("SELECT local_path FROM media WHERE local_path IS NOT NULL")]
        wrong += [f"two rows share the original {path}" for path in set(paths) if paths.count(path) > 1]
        known = set(paths)
        for folder in ORIGINALS:
            wrong += [f"nobody's: {folder}/{name}" for name in self.files(self.home / folder) if str(self.home / folder / name) not in known and not unfinished(name)]
        copies = {(row["place"], row["path"]) for row in self.rows("SELECT place, path FROM copy WHERE removed_at IS NULL OR place = 'pixel'")}
        for place, folder in (("library", self.home / "library"), ("nas", self.nas)):
            wrong += [f"nobody's: {place}/{name}" for name, file in self.files(folder).items() if (place, name) not in copies and not unfinished(name) and not self.no_photo(file)]
        outbox = [name for name in self.files(self.home / "pixel_sync") if not name.startswith(".st")]
        wrong += [f"nobody's: pixel_sync/{name}" for name in outbox if ("pixel", name) not in copies and not name.startswith("mediaferry-canary")]
        for row in self.rows("SELECT s.*, m.filename FROM step s JOIN media m ON m.id = s.media_id WHERE s.status IN ('running', 'attention')"):
            wrong.append(f"{row['filename']}: {row['stage']} is {row['status']}: {row['reason_code']} {row['reason_text']}")
        return wrong

    def leftovers(self) -> list[str]:
        """Unfinished files of ours. Lock files and the archive's marker are no leftovers."""
        found = []
        for folder in (self.home, self.nas):
            for name in self.files(folder):
                base = os.path.basename(name)
                if unfinished(name) and not book(name) and not base.startswith((".st", ".mediaferry-nas", ".mediaferry-bad-")) and base != ".mediaferry-archive.json":
                    found.append(f"{folder.name}/{name}")
        runs = self.root / "state" / "state" / "runs"
        found += [f"{folder}/{p.name}" for folder in ("state", "icloud-session") for p in (self.root / folder).rglob("*.part*")]
        ended = {str(row["id"]) for row in self.rows("SELECT id FROM run WHERE finished_at IS NOT NULL")}
        return found + [f"state/runs/{p.name}" for p in runs.iterdir() if p.name in ended] if runs.is_dir() else found

    @staticmethod
    def shape(leftover: str) -> str:
        """Leftovers of one kind share a shape."""
        return re.sub(r"[0-9a-f]{16}|\d+", "#", os.path.dirname(leftover).split("/")[0] + "/…/" + os.path.basename(leftover))

    # the end state ------------------------------------------------------------------------------------------------------

    @looking
    def portrait(self) -> dict[str, set]:
        """All that must be the same after a disturbed and an undisturbed run; no times, no numbers of rows."""
        names = {row["id"]: f"{row['icloud_id']}/{row['resource']}/{row['apple_checksum']}" for row in self.rows("SELECT * FROM media")}
        contents = {row["id"]: row["apple_checksum"] for row in self.rows("SELECT id, apple_checksum FROM media")}
        tell = lambda row, keys: tuple(row[key] for key in keys)
        portrait = {
            "media": {(names[row["id"]], unnumbered(row["local_path"]), *tell(row, ("filename", "status", "synced_google", "synced_nas", "album_moved", "deleted_icloud",
                                                      "initial_size", "current_size", "sha256", "kind", "taken_at", "live_pair"))) for row in self.rows("SELECT * FROM media")},
            # What we deleted is gone, too, if a listing saw that before we could write it down.
            "assets": {tell(row, ("record_name", "listed", "hold_code")) + (row["filed_at"] is not None, row["vetoed_at"] is not None, row["deleted_at"] is not None,
                       row["gone_at"] is not None and row["deleted_at"] is None) for row in self.rows("SELECT * FROM asset")},
            "resources": {tell(row, ("asset_id", "kind", "checksum", "state", "reason_code")) for row in self.rows("SELECT * FROM resource")},
            "copies": {(names[row["media_id"]], unnumbered(row["path"]), *tell(row, ("place", "sha256", "size", "proof"))) for row in self.rows("SELECT * FROM copy WHERE removed_at IS NULL")},
            "freed": {(names[row["media_id"]], row["path"], row["proof"]) for row in self.rows("SELECT * FROM copy WHERE place = 'pixel'")},
            "steps": {(names[row["media_id"]], *tell(row, ("stage", "status", "open"))) for row in self.rows("SELECT * FROM step")},
            # Two assets on one master share their file: which of them its placeholder belongs to depends on which was fetched first.
            "placeholders": {(row["path"], contents.get(row["media_id"]), row["size"]) for row in self.rows("SELECT * FROM placeholder")},
            "plans": {(row["record_name"], row["status"]) for row in self.rows("SELECT a.record_name, i.status FROM plan_item i JOIN asset a ON a.id = i.asset_id JOIN plan p "
                                                                                "ON p.id = i.plan_id WHERE p.status IN ('proposed', 'approved')")},
            "icloud": {(key, asset["deleted"], tuple(asset["albums"])) for key, asset in self.icloud().items()},
            "phone": {(name, hashlib.sha256(data).hexdigest()) for name, data in self.phone().items()},
            "nas": {(unnumbered(name), file.sha256) for name, file in self.files(self.nas).items() if not unfinished(name) and not self.no_photo(file)},
        }
        for folder in ("incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash"):
            portrait[folder] = {(unnumbered(name), file.size, file.sha256) for name, file in self.files(self.home / folder).items() if not unfinished(name)}
        return portrait

    @staticmethod
    def differences(expected: dict[str, set], found: dict[str, set]) -> list[str]:
        wrong = []
        for part, wanted in expected.items():
            wrong += [f"missing in {part}: {one}" for one in sorted(wanted - found[part], key=str)[:4]]
            wrong += [f"too much in {part}: {one}" for one in sorted(found[part] - wanted, key=str)[:4]]
        return wrong
