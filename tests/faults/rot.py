#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotten bits (R6): many files of a house are damaged at once, as disks and people do it (one bit, cut, a block of zeroes, two files swapped, bytes
appended, emptied, other bytes of the same size, gone; the time kept, and the size where the kind allows), on the NAS, at home and on the way, several
copies of one photo too. One scrub must name each damaged file once and no other, heal whatever has a good copy anywhere with exactly the bytes that
arrived, keep the bad one aside, and leave alone, unspread, what has none. Nothing is deleted from iCloud whose copy on the NAS has rotted.

    rot.py [--full] [--seconds N] [--seed N] [--only scrub,delete,books,intake,staging] [--one PART:ROUND]

Each round is drawn from the seed and its number: --one repeats it. What is damaged and what must become of it is known by our own hashing."""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import tiny_library
from judge import apple_sum, book
from results import Results
from rot_house import KEYS, KINDS, Copy, House, RotBench, damage, sha

MOMENTS = ["processing", "compress", "icloud_mark", "nas_archive.settle", "end"]
ROUNDS = {"scrub": 14, "delete": 2, "books": 5, "intake": 2, "staging": 2}         # the CI size: about a thousand damages
TARGET, SECONDS = 50_000, 45 * 60
TOLD = {"scrub": "rotten photos on the NAS and at home, one scrub: each named once, no other, healed where anything good is left",
        "delete": "copies on the NAS that rot between the approval and the deletion from iCloud", "books": "the archive's own books rot: index, checksums, capsules, sidecars",
        "intake": "what icloudpd brought rots before it is taken in", "staging": "originals that rot at home before they are archived"}


class Rot(House):
    def __init__(self, bench: RotBench, given: argparse.Namespace):
        super().__init__(bench)
        self.given = given
        self.damaged = self.healed = self.lost = self.rounds = 0
        self.tallies: dict[str, list[int]] = {}
        self.deadline = time.monotonic() + (given.seconds or (SECONDS if given.full else 3600))

    # one scrub --------------------------------------------------------------------------------------------------------------

    def scrub(self, chance: random.Random) -> list[str]:
        self.bench.put_back(chance.choice(MOMENTS))
        away = chance.random() < 0.6
        copies = self.copies()
        told = self.break_some(copies, chance, chance.choice((0.1, 0.3, 0.6)))
        self.damaged += len(told)
        with self.icloud_away(away):
            wrong = self.scrubbed(copies, away, chance)
        return [*wrong, *(f"  {one}" for one in told)] if wrong else []

    def scrubbed(self, copies: list[Copy], away: bool, chance: random.Random) -> list[str]:
        expected, before = self.expected(copies), self.tree()
        wrong = []
        if chance.random() < 0.34:
            wrong += self.audited(expected)
            wrong += ["audit changed files"] if self.tree() != before else []
        if chance.random() < 0.34:
            code, report = self.verify("--no-heal")
            found, twice = self.named(report)
            wrong += self.compare("verify --no-heal", expected, found) + twice
            wrong += [f"verify --no-heal: exit {code}"] if code != (1 if expected else 0) else []
            wrong += ["verify --no-heal changed files"] if self.tree() != before else []
            expected = {(media, place): "missing" if place == "nas" else kind for (media, place), kind in expected.items()}     # it stopped counting
        good = {copy.media for copy in copies if copy.whole and before.get(str(copy.path), (None,))[0] == copy.wanted}
        healable = {key for key in expected if not away or key[0] in good}
        # Another photo of the same bytes is a source once it has a good copy on the NAS: whether it has depends on whose turn comes first.
        contents = {copy.original for copy in copies if copy.media in good}
        perhaps = {(copy.media, copy.place) for copy in copies if copy.original in contents} & set(expected) - healable
        _, report = self.verify()
        found, twice = self.named(report)
        for copy in copies:         # a file that two photos share is named for one of them; healed in its place, it is right for the other
            key = (copy.media, copy.place)
            if copy.place == "nas" and key in expected and key not in found and sha(copy.path) == copy.wanted and any(
                    one.path == copy.path and (one.media, one.place) in found for one in copies if one.media != copy.media):
                expected = {one: kind for one, kind in expected.items() if one != key}
                healable, perhaps = healable - {key}, perhaps - {key}
        wrong += self.compare("verify", expected, found) + twice
        healed = {(bad["id"], bad["place"]) for bad in report["bad"] if bad["healed"]}
        wrong += [f"not healed, and there was a source: {key}" for key in sorted(healable - healed)]
        wrong += [f"healed out of nothing: {key}" for key in sorted(healed - healable - perhaps)]
        healable |= perhaps & healed
        wrong += self.afterwards(copies, before, expected, healable)
        self.healed += len(healable)
        self.lost += len(set(expected) - healable)
        _, again = self.verify()
        left = {key: "missing" if key[1] == "nas" else kind for key, kind in expected.items() if key not in healable}
        found, twice = self.named(again)
        wrong += self.compare("the scrub after it", {key: kind for key, kind in left.items() if key not in perhaps}, {key: kind for key, kind in found.items() if key not in perhaps}) + twice
        return wrong or self.onwards(copies, before, left, chance)

    def afterwards(self, copies: list[Copy], before: dict, expected: dict, healable: set) -> list[str]:
        """Healed is exactly what arrived; what could not be healed lies as it lay; all else is untouched, and nothing bad has spread."""
        wrong, now, aside = [], self.tree(), self.aside()
        bad_bytes = {before[str(copy.path)][0] for copy in copies if str(copy.path) in before and before[str(copy.path)][0] != copy.wanted}
        bad_bytes -= {copy.wanted for copy in copies}                       # swapped: the bytes of another
        shared: dict[Path, list[Copy]] = {}
        for copy in copies:
            shared.setdefault(copy.path, []).append(copy)
        for path, mine in shared.items():
            was, is_now = before.get(str(path), (None,))[0], now.get(str(path), (None,))[0]
            named = [(copy.media, copy.place) for copy in mine if (copy.media, copy.place) in expected]
            told = path.relative_to(self.root)
            if not any(key in healable for key in named):
                wrong += [f"{told} was touched"] if now.get(str(path)) != before.get(str(path)) else []
                continue
            remade = all(copy.whole for copy in mine)
            if len(mine) > 1:           # two photos of one content share their file, and each is healed by itself: where each lies now is asked of media.db
                places = [self.nas / row["path"] for copy in mine if (copy.media, copy.place) in healable
                          for row in self.world.db("SELECT path FROM copy WHERE media_id = ? AND place = 'nas' AND removed_at IS NULL", copy.media)]
                wrong += [f"{told} and its twin: {place.name} is not what arrived" for place in places if now.get(str(place), (None,))[0] != mine[0].wanted]
                wrong += [f"{told} and its twin: no copy"] if not places else []
                continue
            wrong += [f"{told} is not what arrived"] if remade and is_now != mine[0].wanted else []
            wrong += [f"{told}: the bad small copy is still there"] if not remade and is_now is not None else []
            wrong += [f"{told}: its bad bytes are not kept"] if was is not None and was not in aside else []
        known = {str(copy.path) for copy in copies} | set(before)
        # Two photos of one content share their file; each is healed by itself, and the second finds the first one's at its place.
        twins = {mine[0].wanted for path, mine in shared.items() if len(mine) > 1 and mine[0].place == "nas"}
        known |= {path for path, (content, *_) in now.items() if content in twins}
        wrong += [f"new: {path}" for path in now if path not in known]
        wrong += [f"bad bytes have spread to {path}" for path, (content, *_) in now.items() if content in bad_bytes and before.get(path, (None,))[0] != content]
        return wrong

    def onwards(self, copies: list[Copy], before: dict, left: dict, chance: random.Random) -> list[str]:
        """The stages after it: small copies come again, nothing rotten is archived, and where all was healed the house is in order."""
        if chance.random() > 0.2:
            return []
        for stage in ("nas_archive", "compress"):
            done = self.bench.run(stage)
            if done.code not in (0, 1):
                return [f"{stage} after it ended with {done.code}: {done.err.strip()[-300:]}"]
        arrived = {row["sha256"] for row in self.world.db("SELECT sha256 FROM media")}
        archived = {str(copy.path) for copy in copies if copy.place == "nas"}
        wrong = [f"archived after it: {path}" for path, (content, *_) in self.tree().items()
                 if path.startswith(str(self.nas)) and content not in arrived and before.get(path, (None,))[0] != content and path not in archived]
        if left:
            return wrong
        small = {copy.media for copy in copies if copy.place == "library"}
        missing = small - {row["media_id"] for row in self.world.db("SELECT media_id FROM copy WHERE place = 'library' AND removed_at IS NULL")}
        return wrong + [f"no small copy came again of {media}" for media in missing] + self.bench.judge.now() + self.audited({})

    # deleting from iCloud ---------------------------------------------------------------------------------------------------

    def delete(self, chance: random.Random) -> list[str]:
        """The plan is approved, and then the NAS rots."""
        self.bench.put_back("icloud_delete")
        copies, mark = self.copies(), len(self.bench.judge.deletions())
        told = self.break_some([copy for copy in copies if copy.place == "nas" or chance.random() < 0.3], chance, chance.choice((0.1, 0.3)))
        self.damaged += len(told)
        bad = {media for (media, place) in self.expected(copies) if place == "nas"}
        homes = {copy.media: copy.path for copy in copies if copy.place == "local" and copy.path.exists()}
        assets = {row["id"]: row["icloud_id"] for row in self.world.db("SELECT id, icloud_id FROM media")}
        held = {assets[media] for media in bad}
        done = self.bench.run("icloud_delete")
        wrong = [f"icloud_delete ended with {done.code}: {done.err.strip()[-300:]}"] if done.code not in (0, 1) else []
        state = self.world.icloud.call("state")["assets"]
        names = {key: asset["name"] for key, asset in state.items()}
        gone = {names[deletion["key"]] for deletion in self.bench.judge.deletions()[mark:]}
        wrong += [f"DELETED FROM ICLOUD with a rotten copy on the NAS: {name}" for name in sorted(gone & held)]
        wrong += ["nothing was deleted at all"] if not gone and set(assets.values()) - held else []
        wrong += [f"the original at home of photo {media} is gone, and its copy on the NAS is bad" for media in bad if media in homes and not homes[media].exists()]
        _, report = self.verify()
        wrong += [f"not healed although iCloud has it: {one['path']}" for one in report["bad"] if not one["healed"]]
        wrong += [f"not right after the scrub: {copy.path}" for copy in self.copies() if copy.place == "nas" and sha(copy.path) != copy.wanted]
        if not wrong:
            wrong += self.bench.judge.now()
        return [*wrong, *(f"  {one}" for one in told)] if wrong else []

    # the archive's own books ------------------------------------------------------------------------------------------------

    def books(self, chance: random.Random) -> list[str]:
        """The index, checksums, capsules and sidecars on the NAS; or the index at home."""
        self.bench.put_back("end")
        there = sorted(path for path in self.nas.rglob("*") if path.is_file() and book(str(path.relative_to(self.nas))) and "damaged" not in path.parts)
        was = {path: path.read_bytes() for path in there}
        rows = self.index_rows(self.nas / ".mediaferry" / "index.db")
        told, at_home = [], chance.random() < 0.25
        for path in [] if at_home else chance.sample(there, max(1, int(len(there) * chance.choice((0.05, 0.2, 0.4))))):
            kind = chance.choice(KINDS)
            same = [one for one in there if one.suffix == path.suffix and one != path and one.exists()]
            if not path.exists() or (kind == "swap" and not same):
                continue
            damage(kind, path, chance.choice(same) if kind == "swap" else path, chance)
            told.append(f"{kind} {path.relative_to(self.root)}")
        if at_home:
            ours = next((self.root / "state").rglob("archive-*.db"))
            kind = chance.choice([kind for kind in KINDS if kind != "swap"])
            damage(kind, ours, ours, chance)
            told.append(f"{kind} {ours.relative_to(self.root)}")
        self.damaged += len(told)
        expected = {str(path.relative_to(self.nas)) for path in there if not path.exists() or path.read_bytes() != was[path]}
        wrong = []
        if chance.random() < 0.5:
            self.bench.run("nas_archive")           # whatever it says: the books are healed by the scrub
        _, report = self.verify()
        found = [bad["path"] for bad in report["books"]["bad"]]
        wrong += [f"a photo named: {bad['path']}" for bad in report["bad"]]
        if not at_home:
            wrong += [f"not named: {one}" for one in sorted(expected - set(found))]
            wrong += [f"named twice: {one}" for one in sorted(set(found)) if found.count(one) > 1]
            wrong += [f"not healed: {bad['path']}" for bad in report["books"]["bad"] if not bad["healed"]]
            wrong += [f"a false alarm: {one}" for one in sorted(set(found) - expected)]
        else:                               # it is derived: a scan makes it again
            self.world.expect(0, "archive", "reindex")
        for path, data in was.items():
            now = path.read_bytes() if path.exists() else None
            told_as = path.relative_to(self.nas)
            if path.suffix == ".db":
                wrong += [] if now is not None and self.index_rows(path) == rows else [f"{told_as} does not say what it said"]
            elif path.suffix == ".json":
                wrong += [] if now is not None and self.capsule(now) == self.capsule(data) else [f"{told_as} does not say what it said"]
            else:
                wrong += [] if now == data else [f"{told_as} is not what it was"]
        _, again = self.verify()
        wrong += [f"named again: {bad['path']}" for bad in [*again["books"]["bad"], *again["bad"]]]
        return [*wrong, *(f"  {one}" for one in told)] if wrong else []

    @staticmethod
    def index_rows(file: Path) -> list | None:
        try:
            connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
            if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                return None
            return connection.execute("SELECT path, size, sha256, class FROM file ORDER BY path").fetchall()
        except sqlite3.DatabaseError:
            return None

    @staticmethod
    def capsule(data: bytes):
        def plain(json_object):
            json_object.pop("read_back", None)
            return json_object
        try:
            return json.loads(data, object_hook=plain)
        except ValueError:
            return None

    # on the way -------------------------------------------------------------------------------------------------------------

    def intake(self, chance: random.Random) -> list[str]:
        """What icloudpd brought rots before it is taken in: Apple's checksum tells, and our own client fetches it again."""
        brought, kept = self.bench.disk.at / "brought", self.bench.disk.at / "brought-kept"
        shutil.copytree(brought, kept)
        self.bench.put_back("download")
        files = sorted(path for path in brought.rglob("*") if path.is_file())
        copies = [Copy(number, "brought", path, sha(path), True) for number, path in enumerate(files)]
        try:
            told = self.break_some(copies, chance, 0.3)
            self.damaged += len(told)
            done = self.bench.run("icloud_download")
            wrong = [f"icloud_download ended with {done.code}: {done.err.strip()[-300:]}"] if done.code != 0 else []
            state = self.world.icloud.call("state")["assets"]
            listed = {resource["checksum"] for asset in state.values() for resource in asset["resources"].values()}
            rows = self.world.db("SELECT * FROM media")
            wrong += [f"not here: {checksum}" for checksum in listed - {row["apple_checksum"] for row in rows}]
            wrong += [f"taken in rotten: {row['local_path']}" for row in rows if apple_sum(Path(row["local_path"]).read_bytes()) != row["apple_checksum"] or row["apple_checksum"] not in listed]
        finally:
            shutil.rmtree(brought)
            kept.rename(brought)
        return [*wrong, *(f"  {one}" for one in told)] if wrong else []

    def staging(self, chance: random.Random) -> list[str]:
        """The original rots at home before it was ever archived: it is told, and not archived."""
        self.bench.put_back("nas_archive")
        copies = self.copies()
        told = self.break_some([copy for copy in copies if copy.place == "local" or chance.random() < 0.3], chance, 0.2)
        self.damaged += len(told)
        bad = {media for (media, place) in self.expected(copies) if place == "local"}
        wrong = self.audited(self.expected(copies))
        done = self.bench.run("nas_archive")
        wrong += [f"nas_archive ended with {done.code}: {done.err.strip()[-300:]}"] if done.code not in (0, 1) else []
        rows = {row["id"]: row for row in self.world.db("SELECT m.id, m.sha256, s.status, s.reason_code FROM media m JOIN step s ON s.media_id = m.id WHERE s.stage = 'nas_archive'")}
        arrived = {row["sha256"] for row in rows.values()}
        on_nas = {path: content for path, (content, *_) in self.tree().items() if path.startswith(str(self.nas))}
        wrong += [f"archived rotten: {path}" for path, content in on_nas.items() if content not in arrived]
        for media, row in rows.items():
            if row["status"] != "done" and media not in bad:
                wrong.append(f"photo {media} is good, and was not archived: {row['status']} {row['reason_code']}")
            if row["status"] == "done" and row["sha256"] not in on_nas.values():
                wrong.append(f"photo {media} counts as archived, and is not")
            if row["status"] != "done" and not row["reason_code"]:
                wrong.append(f"photo {media} was not archived, and nothing says why")
        return [*wrong, *(f"  {one}" for one in told)] if wrong else []

    # the check of the check -------------------------------------------------------------------------------------------------

    def itself(self, chance: random.Random) -> list[str]:
        """A campaign that sees nothing finds nothing: what is broken behind its back must be told."""
        self.bench.put_back("end")
        copies = [copy for copy in self.copies() if copy.place == "nas"]
        first, second, third = chance.sample(copies, 3)
        damage("bit", first.path, first.path, chance)
        expected, before = self.expected(copies), self.tree()
        damage("bit", second.path, second.path, chance)         # behind its back
        found, _ = self.named(self.verify()[1])
        seen = self.compare("verify", expected, found)
        wrong = [] if any("a false alarm" in one for one in seen) else ["what nobody expected to be named would not be seen"]
        wrong += [] if self.compare("verify", expected | {(third.media, "nas"): "damaged"}, expected) else ["a damage that nobody names would not be seen"]
        damage("bit", first.path, first.path, chance)           # after its healing
        damage("bit", third.path, third.path, chance)
        seen = " ".join(self.afterwards(copies, before, expected, set(expected)))
        wrong += [] if "is not what arrived" in seen else ["a healed file with other bytes would not be seen"]
        return wrong + ([] if "was touched" in seen else ["a file that was changed would not be seen"])

    # running ----------------------------------------------------------------------------------------------------------------

    def over(self) -> bool:
        return time.monotonic() > self.deadline or (self.given.full and self.damaged >= TARGET)

    def play(self, part: str, number: int) -> None:
        tally = self.tallies.setdefault(part, [0, 0])
        before = self.damaged
        chance = random.Random(f"{self.given.seed}:{part}:{number}")
        try:
            wrong = getattr(self, part)(chance)
        except Exception as error:          # a round that could not be judged is told as well
            wrong = [f"{type(error).__name__}: {error}"]
        tally[0] += self.damaged - before
        self.rounds += 1
        if wrong:
            tally[1] += 1
            print(f"VIOLATION rot.py --seed {self.given.seed} --one {part}:{number}", *wrong[:60], sep="\n    ", flush=True)

    def everything(self, parts: list[str]) -> None:
        """The small size once; the large one again and again, the parts in the same measure."""
        turn = 0
        while True:
            for part in parts:
                for number in range(ROUNDS[part]):
                    if self.over():
                        return
                    self.play(part, turn * ROUNDS[part] + number)
            turn += 1
            if not self.given.full:
                return

    def tell(self, results: Results) -> None:
        notes = {"scrub": f"{self.healed} copies that a scrub should heal, {self.lost} that nothing was left for"}
        for part, (tried, violations) in self.tallies.items():
            if part == "itself":
                if violations:
                    results.add("the check of the check", 1, violations)
                continue
            results.add(TOLD[part], tried, violations, notes.get(part, ""))


def stop(*_):
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help=f"{TARGET:,} damages, or as many as fit into --seconds ({SECONDS})")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(ROUNDS))
    parser.add_argument("--one", help="PART:ROUND, as a violation names it")
    given = parser.parse_args()
    results = Results("rot", "full" if given.full else "quick")
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)
    with RotBench([*KEYS, *(f"plain-{n}" for n in range(tiny_library.PLAIN))], "rot") as bench:
        bench.world.configure("icloud_delete", fresh_within="1s")       # a copy is read again right before its photo is deleted
        bench.prepare()
        bench.keep("end")
        rot = Rot(bench, given)
        if given.one:
            part, number = given.one.split(":")
            rot.play(part, int(number))
            return 1 if any(violations for _, violations in rot.tallies.values()) else 0
        try:
            rot.play("itself", 0)
            rot.everything(given.only.split(","))
        except KeyboardInterrupt:           # what was tried is kept
            print("stopped", file=sys.stderr)
        rot.tell(results)
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
