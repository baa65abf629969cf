# SPDX-License-Identifier: GPL-3.0-or-later
"""The house whose bits rot (rot.py): what lies where with which bytes, by our own SQL and hashing; how it is damaged; how the product's answers are read."""

import contextlib
import hashlib
import json
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import tiny_library
from bench import Bench
from judge import book, unfinished

MORE = 50                           # photos beside the special ones
KEYS = [key for key in tiny_library.KEYS if key not in ("clip", "edited-video")]       # a clip that is made small costs as much as a hundred photos
INVARIANT = {"nas": "I2", "local": "I5", "library": "I6"}
KINDS = ["bit", "bit", "bit", "cut", "zeroes", "swap", "append", "empty", "other", "gone"]


def sha(path: Path) -> str | None:
    """None: no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


# damaging -----------------------------------------------------------------------------------------------------------------

def write_kept(path: Path, data: bytes, about: os.stat_result) -> None:
    """Into the file that is there: who shares its blocks by another name shares the damage."""
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate(len(data))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def damage(kind: str, path: Path, other: Path, chance: random.Random) -> None:
    about, data = path.stat(), bytearray(path.read_bytes())
    if kind in ("bit", "zeroes", "other", "cut") and not data:
        kind = "append"
    if kind == "gone":
        return path.unlink()
    if kind == "swap":
        theirs, then = bytes(other.read_bytes()), other.stat()
        write_kept(other, bytes(data), then)
        return write_kept(path, theirs, about)
    if kind == "bit":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    if kind == "cut":
        del data[chance.randrange(len(data)):]
    if kind == "zeroes":
        size = chance.choice((512, 4096))
        at = chance.randrange(0, len(data), size)
        data[at:at + size] = bytes(len(data[at:at + size]))
    if kind == "append":
        data += chance.randbytes(chance.choice((1, 512, 4096)))
    if kind == "empty":
        data.clear()
    if kind == "other":
        data[:] = chance.randbytes(len(data))
    write_kept(path, bytes(data), about)


# the house ----------------------------------------------------------------------------------------------------------------

class RotBench(Bench):
    """A few hundred files: the special kinds, and photos made of one by a comment of their own."""

    def choose(self, keys: list[str]) -> Path:
        chosen = super().choose(keys)
        library = json.loads((chosen / "library.json").read_text())
        plain = next(asset for asset in library["assets"] if asset["key"] == "plain-0")
        data = (chosen / plain["resources"]["original"]["file"]).read_bytes()
        for number in range(MORE):
            comment = f"photo {number} ".encode() * (10 + number % 40)
            file = f"more-{number}.jpg"
            (chosen / file).write_bytes(data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:])
            taken = plain["date"] - (number * 17 % 60) * 30 * 86400_000 - number * 1000
            library["assets"].append(plain | {"key": f"more-{number}", "filename": f"IMG_{1000 + number}.JPG", "date": taken, "added": taken + 1000,
                                              "resources": {"original": plain["resources"]["original"] | {"file": file}}})
        (chosen / "library.json").write_text(json.dumps(library, ensure_ascii=False))
        return chosen


@dataclass(frozen=True)
class Copy:
    media: int
    place: str          # nas | local | library | outbox
    path: Path
    wanted: str         # sha256
    whole: bool         # it is of the original's bytes, and a source of them
    original: str = ""  # sha256 of what arrived


class House:
    def __init__(self, bench: RotBench):
        self.bench, self.world = bench, bench.world
        self.root, self.nas, self.home = bench.root, bench.root / "nas", bench.root / "media"

    # what there is ----------------------------------------------------------------------------------------------------------

    def copies(self) -> list[Copy]:
        """As media.db has it now, in our own SQL."""
        found = []
        for row in self.world.db("SELECT id, sha256, local_path FROM media WHERE local_path IS NOT NULL"):
            found.append(Copy(row["id"], "local", Path(row["local_path"]), row["sha256"], True, row["sha256"]))
        folders = {"nas": self.nas, "library": self.home / "library", "pixel": self.home / "pixel_sync"}
        for row in self.world.db("SELECT c.media_id, c.place, c.path, c.sha256, m.sha256 AS original FROM copy c JOIN media m ON m.id = c.media_id "
                                 "WHERE c.removed_at IS NULL AND c.place IN ('nas', 'library', 'pixel')"):
            if row["place"] == "pixel" and not (folders["pixel"] / row["path"]).is_file():
                continue
            place = "outbox" if row["place"] == "pixel" else row["place"]
            found.append(Copy(row["media_id"], place, folders[row["place"]] / row["path"], row["sha256"], row["sha256"] == row["original"], row["original"]))
        return found

    def tree(self) -> dict[str, tuple]:
        """Every photo's place -> its bytes, time and inode; no books, no unfinished files, nothing set aside."""
        found = {}
        for folder in (self.nas, *(self.home / name for name in ("backup", "compress", "delete_pending", "library", "pixel_sync"))):
            for path in folder.rglob("*"):
                name = str(path.relative_to(folder))
                if path.is_file() and not path.is_symlink() and not book(name) and not unfinished(name):
                    about = path.stat()
                    found[str(path)] = (sha(path), about.st_mtime_ns, about.st_ino)
        return found

    def aside(self) -> set[str]:
        return {sha(path) for folder in (self.nas / ".mediaferry" / "damaged", self.home / "trash") for path in folder.rglob("*") if path.is_file()}

    def break_some(self, copies: list[Copy], chance: random.Random, share: float) -> list[str]:
        """Some photos, one or several copies of each."""
        by_media: dict[int, list[Copy]] = {}
        for copy in copies:
            by_media.setdefault(copy.media, []).append(copy)
        told = []
        for media in chance.sample(sorted(by_media), max(1, int(len(by_media) * share))):
            mine = by_media[media]
            for copy in chance.sample(mine, chance.choice((1, 1, 2, len(mine))) if len(mine) > 1 else 1):
                kind = chance.choice(KINDS)
                others = [one for one in copies if one.place == copy.place and one.path != copy.path and one.path.is_file()]
                if not copy.path.is_file() or (kind == "swap" and not others):
                    continue
                other = chance.choice(others) if kind == "swap" else copy
                damage(kind, copy.path, other.path, chance)
                told.append(f"{kind} {copy.path.relative_to(self.bench.disk.at)}" + (f" with {other.path.relative_to(self.bench.disk.at)}" if kind == "swap" else ""))
        return told

    @contextlib.contextmanager
    def icloud_away(self, away: bool):
        """Nobody is signed in: iCloud is no source."""
        hidden = self.world.cookies.with_name("signed-out")
        if away:
            self.world.cookies.rename(hidden)
        try:
            yield
        finally:
            if away:
                shutil.rmtree(self.world.cookies, ignore_errors=True)
                hidden.rename(self.world.cookies)

    # the answers ------------------------------------------------------------------------------------------------------------

    def expected(self, copies: list[Copy]) -> dict[tuple[int, str], str]:
        """(photo, place) -> what is wrong with it. The outbox is a source, and nobody's proof."""
        wrong = {}
        for copy in copies:
            now = sha(copy.path)
            if now != copy.wanted and copy.place != "outbox":
                wrong[copy.media, copy.place] = "missing" if now is None else "damaged"
        return wrong

    def named(self, report: dict) -> tuple[dict[tuple[int, str], str], list[str]]:
        """What a scrub named, and what it named twice."""
        found, twice = {}, []
        for bad in report["bad"]:
            key = (bad["id"], bad["place"])
            twice += [f"named twice: {key}"] if key in found else []
            found[key] = bad["code"].split(".")[1]
        return found, twice

    def compare(self, what: str, expected: dict, found: dict) -> list[str]:
        wrong = [f"{what}: not named: {key} is {kind}" for key, kind in expected.items() if key not in found]
        wrong += [f"{what}: a false alarm: {key} {kind}" for key, kind in found.items() if key not in expected]
        return wrong + [f"{what}: {key} is {kind}, and it says {found[key]}" for key, kind in expected.items() if key in found and found[key] != kind]

    def verify(self, *words: str) -> tuple[int, dict]:
        done = self.world.run("archive", "verify", "--full", "--json", *words)
        if done.code not in (0, 1):
            raise RuntimeError(f"archive verify {' '.join(words)} ended with {done}")
        return done.code, json.loads(done.out)

    def audited(self, expected: dict[tuple[int, str], str]) -> list[str]:
        done = self.world.run("audit", "--full", "--json", "--without", "icloud,syncthing")
        report = json.loads(done.out)
        found = {(item["id"], row["name"]) for row in report["invariants"] for item in row["items"]}
        wanted = {(media, INVARIANT[place]) for media, place in expected}
        wrong = [f"audit: exit {done.code}"] if done.code != (1 if wanted else 0) else []
        return wrong + [f"audit: not named: {one}" for one in sorted(wanted - found)] + [f"audit: a false alarm: {one}" for one in sorted(found - wanted, key=str)]
