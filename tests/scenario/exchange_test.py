#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two full houses, each with its own iCloud and NAS (one of them a share that is not mounted), exchange their photos through two real Syncthing
processes until both archives hold all of them."""

import hashlib
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import world as worlds
from exchange_pair import ExchangePair
from share_world import ShareWorld
from world import World

PHOTOS = {"a": ["live", "edited", "twin-1", "double"], "b": ["raw-pair", "screenshot", "double"]}


def contents(folder: Path) -> list[str]:
    return sorted(hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*")
                  if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts)
                  and p.suffix != ".xmp" and p.name not in ("SHA256SUMS", "mediaferry.json"))


class TwoHouses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        (worlds.BUILD / "worlds").mkdir(parents=True, exist_ok=True)
        cls.root = Path(tempfile.mkdtemp(prefix="exchange-", dir=worlds.BUILD / "worlds"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        cls.pair = ExchangePair(cls.root)
        cls.addClassCleanup(cls.pair.stop)
        cls.pair.start()
        cls.house = {}
        for name, keys in PHOTOS.items():
            house = cls.house[name] = (ShareWorld if name == "b" else World)(phone=False, at=cls.root / name, only=keys)
            cls.addClassCleanup(house.stop)
            house.start()
            key = house.root / "exchange_key"
            key.write_text(cls.pair.sides[name].key + "\n")
            key.chmod(0o600)
            house.configure("syncthing", api_url=cls.pair.sides[name].api, api_key_file=str(key))
            house.configure("exchange", remote_sources=[f"from-{cls.pair.other[name]}"])
            house.expect(0, "run", "--no-progress", "--end", "nas_archive")

    def originals(self, name: str) -> set[str]:
        return {row["sha256"] for row in self.house[name].db("SELECT sha256 FROM media")}

    def exchange(self) -> None:
        """Both give each other their catalogue; each exports what the other one lacks; both receive."""
        for name, house in self.house.items():
            catalogue = self.pair.outgoing[name] / "catalogue.db"
            catalogue.unlink(missing_ok=True)
            house.expect(0, "db", "backup", str(catalogue))
            self.pair.send(name)
            self.pair.wait_arrived(name)
        for name, house in self.house.items():
            found = house.report("exchange", "analyze", "--remote-db", str(self.pair.incoming[name] / "catalogue.db"))
            if found["list"]:
                house.expect(0, "exchange", "export", found["list"], "--output-dir", str(self.pair.outgoing[name]))
        for name in self.house:
            self.pair.send(name)
            self.pair.wait_arrived(name)
        self.received = {name: json.loads(house.expect(0, "exchange", "receive", "--json").out) for name, house in self.house.items()}

    def test_both_end_with_the_union_of_both_and_a_second_time_changes_nothing(self):
        a, b = self.house["a"], self.house["b"]
        mine, theirs = self.originals("a"), self.originals("b")
        self.assertEqual(len(mine & theirs), 1)
        arrived = {name: contents(self.pair.incoming[name]) for name in self.house}
        self.exchange()
        self.assertEqual(self.received["a"]["received"], len(theirs - mine))
        self.assertEqual(self.received["b"]["received"], len(mine - theirs))
        self.assertNotEqual(arrived, {name: contents(self.pair.incoming[name]) for name in self.house})
        for house in self.house.values():
            house.expect(0, "run", "--no-progress", "--end", "nas_archive")
        self.assertEqual(self.originals("a"), mine | theirs)
        self.assertEqual(self.originals("b"), mine | theirs)
        self.assertEqual(set(contents(a.nas)), mine | theirs)
        self.assertEqual(set(contents(b.nas)), mine | theirs)

        with self.subTest("what belongs together stays together"):
            live = b.db("SELECT m.resource, m.asset_id, m.live_pair FROM media m JOIN asset x ON x.id = m.asset_id WHERE x.account = 'exchange' AND x.record_name = ? "
                        "ORDER BY m.resource", a.icloud.state()["assets"]["live"]["name"])
            self.assertEqual([(row["resource"], row["live_pair"]) for row in live], [("live_movie", 1), ("original", 1)])
            self.assertEqual(len({row["asset_id"] for row in live}), 1)
            for key in ("live", "edited"):
                names = {path.parent for path in b.nas.rglob("*") if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest()
                         in {row["sha256"] for row in a.media(key)}}
                self.assertEqual(len(names), 1, key)

        with self.subTest("a second exchange changes nothing"):
            before = {name: (contents(house.home), contents(house.nas), house.value("SELECT count(*) FROM media"), house.value("SELECT count(*) FROM event"))
                      for name, house in self.house.items()}
            self.exchange()
            for name, house in self.house.items():
                self.assertEqual((self.received[name]["received"], self.received[name]["duplicates"], self.received[name]["failed"]), (0, 0, 0))
                self.assertEqual((contents(house.home), contents(house.nas), house.value("SELECT count(*) FROM media"), house.value("SELECT count(*) FROM event")), before[name])

        with self.subTest("the rest of the way: small copies at home, and no iCloud is asked about a stranger's photo"):
            b.minutes_later = 11     # a share's copy counts when it was read again after it settled
            for name, house in self.house.items():
                house.expect((0, 1), "run", "--no-progress")
                house.approve()
                house.expect((0, 1), "run", "--no-progress")
                foreign = [row["record_name"] for row in house.db("SELECT record_name FROM asset WHERE account = 'exchange'")]
                self.assertTrue(foreign)
                said = json.dumps(house.icloud.modifications())
                self.assertTrue(house.icloud.deleted())
                for record in foreign:
                    self.assertNotIn(record, said)
                self.assertEqual(house.statuses(), {"completed": len(mine | theirs)}, house.unfinished())
                self.assertEqual(house.value("SELECT count(*) FROM media m JOIN asset x ON x.id = m.asset_id WHERE x.account = 'exchange' AND (m.deleted_icloud = 'yes' OR m.album_moved = 1)"), 0)
                self.assertEqual(set(contents(house.nas)), mine | theirs)
                house.expect(0, "audit")


if __name__ == "__main__":
    unittest.main()
