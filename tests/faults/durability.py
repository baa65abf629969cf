#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of durable steps, without any luck: every leg is walked once under the shim, which writes down each write, fsync, rename and commit;
this program then replays the log against what a power cut may forget, and names every step that trusted something not yet on disk:

  a file gets its final name                 only when every byte of it was fsynced before
  media.db commits (its WAL is fsynced)      only when every new name that this process gave is fsynced in its directory
  something is sent, or an original removed  only when what media.db says about it is fsynced

A power cut (power_cuts.py) finds such a mistake when it hits the right millisecond; this finds it always.

    durability.py [--full]"""

import argparse
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from bench import LEGS, STAGE_OF, Bench
from results import Results

QUICK = ["live", "edited", "double", "double-2"]
FULL = QUICK + ["twin-1", "twin-2", "raw-pair", "edited-video", "screenshot", "unicode", "clip"]
DATA = ("write", "clone", "truncate")


def is_unfinished(name: str) -> bool:
    """What nobody takes for a photo: files on their way, SQLite's own, our small state files (replaced whole, and made again if lost)."""
    return name.startswith((".mediaferry-", ".fuse_hidden", ".nfs")) or name.endswith((".part", ".new", "-wal", "-shm", "-journal"))


class Replay:
    """One process's calls, in order, and what a power cut could take back at each of them."""

    def __init__(self, root: str, folders: tuple[str, ...]):
        self.root, self.folders = root, folders
        self.unsynced: set[str] = set()              # files with bytes that were not fsynced
        self.unnamed: dict[str, set[str]] = {}       # directory -> new names in it that were not fsynced
        self.origin = ""
        self.pages = 0                               # writes to media.db's WAL since its last fsync
        self.checked = {"named": 0, "committed": 0, "acted": 0}
        self.wrong: list[str] = []

    def ours(self, path: str) -> bool:
        return path.startswith(self.folders)

    def follow(self, operation: str, path: str) -> None:
        directory, name = os.path.split(path)
        if operation == "from":
            self.origin = path
        elif operation in DATA:
            self.unsynced.add(path)
            self.pages += path.endswith("media.db-wal")
        elif operation == "fsync":
            self.synced(path)
        elif operation in ("rename", "link"):
            self.named(path)
        elif operation == "mkdir" and self.ours(path) and not is_unfinished(name):
            self.unnamed.setdefault(directory, set()).add(name)
        elif operation == "send":
            self.acted("sent something over the network")
        elif operation == "unlink" and self.ours(path) and not is_unfinished(name):
            self.acted(f"removed {self.short(path)}")
        if operation == "unlink":
            self.unsynced.discard(path)
            self.unnamed.get(directory, set()).discard(name)

    def synced(self, path: str) -> None:
        self.unsynced.discard(path)
        self.unnamed.pop(path, None)
        if not path.endswith("media.db-wal"):
            return
        self.checked["committed"] += 1
        self.pages = 0
        for directory, names in self.unnamed.items():
            self.wrong.append(f"media.db was committed while {', '.join(sorted(names))} in {self.short(directory)} could still vanish")
        self.unnamed.clear()                         # one mistake is told once

    def named(self, path: str) -> None:
        origin, self.origin = self.origin, ""
        dirty = origin in self.unsynced
        if dirty:
            self.unsynced.discard(origin)
            self.unsynced.add(path)
        self.unnamed.get(os.path.dirname(origin), set()).discard(os.path.basename(origin))
        if not self.ours(path) or is_unfinished(os.path.basename(path)):
            return
        self.checked["named"] += 1
        self.unnamed.setdefault(os.path.dirname(path), set()).add(os.path.basename(path))
        if dirty:
            self.wrong.append(f"{self.short(path)} got its name with bytes that were not fsynced")
            self.unsynced.discard(path)

    def acted(self, what: str) -> None:
        self.checked["acted"] += 1
        # One page (a frame is written as its head and its page): how far the run is, which may be lost (Runs::progress).
        if self.pages > 2:
            self.wrong.append(f"{what} before media.db's last word was fsynced")
        self.pages = 0

    def short(self, path: str) -> str:
        return path.removeprefix(self.root)


def replay(bench: Bench, leg: str) -> list[Replay]:
    bench.put_back(leg)
    bench.log.unlink(missing_ok=True)
    done = bench.run(STAGE_OF[leg], log=True)
    if done.code != 0:
        raise RuntimeError(f"the undisturbed {leg} ended with {done.code}: {done.err}")
    folders = (str(bench.root / "nas") + "/", str(bench.root / "media") + "/")
    processes: dict[str, Replay] = {}
    for line in bench.log.read_text(errors="replace").splitlines():
        number, operation, path = line.split(" ", 2)
        processes.setdefault(number.partition("@")[2], Replay(str(bench.root), folders)).follow(operation, path)
    if not any(one.checked["committed"] for one in processes.values()):
        raise RuntimeError(f"the log of {leg} holds no commit: the shim does not see what it should")
    return list(processes.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    results = Results("durability", "full" if given.full else "quick")
    os.environ["MEDIAFERRY_FAULT_ORDER"] = "1"
    totals, wrong = {"named": 0, "committed": 0, "acted": 0}, []
    with Bench(FULL if given.full else QUICK, "durability") as bench:
        bench.prepare()
        for leg, _ in LEGS:
            for replayed in replay(bench, leg):
                for kind, count in replayed.checked.items():
                    totals[kind] += count
                wrong += [f"{leg}: {what}" for what in replayed.wrong]
    for one in wrong:
        print("VIOLATION", one)
    count = lambda words: sum(words in one for one in wrong)
    results.add("a file gets its name only when all of it is fsynced", totals["named"], count("got its name"))
    results.add("media.db commits only when every new name is fsynced", totals["committed"], count("was committed"))
    results.add("nothing is sent or removed before media.db's word is fsynced", totals["acted"], count("last word"))
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
