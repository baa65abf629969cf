#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: the main job on an embedded default. Called by scripts/demo, which builds first."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from world import FOLDERS, World, binary, sample

MARK = ".made-by-mediaferry-demo"


def say(text: str = "") -> None:
    print(text, flush=True)


def heading(text: str) -> None:
    bold = ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
    say(f"\n{bold[0]}── {text} {bold[1]}")


def size(count: int | None) -> str:
    number, units = float(count or 0), ["B", "kB", "MB", "GB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.0f} {units[0]}" if units[0] == "B" else f"{number:.1f} {units[0]}"


def table(head: tuple, rows: list[tuple]) -> None:
    cells = [tuple(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for number, row in enumerate(cells):
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            say("  " + "  ".join("─" * width for width in widths))


class Demo:
    def __init__(self, directory: Path):
        self.directory = directory
        self.began = time.monotonic()
        self.failures = 0

    def clear(self) -> None:
        """A demo folder of an earlier run is replaced; anything else is nobody's to remove."""
        if self.directory.exists() and any(self.directory.iterdir()):
            if not (self.directory / MARK).exists():
                raise SystemExit(f"{self.directory} is not empty and was not made by this demo; name another folder with --dir")
            shutil.rmtree(self.directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / MARK).write_text("scripts/demo may remove this folder\n")

    def mediaferry(self, *words: str) -> int:
        """Runs the real binary on this terminal."""
        say("\n$ mediaferry " + " ".join(words))
        code = subprocess.run([str(binary()), *words], env=self.world.environment(**self.terminal()), cwd=self.directory, stdin=subprocess.DEVNULL).returncode
        if code != 0:
            self.failures += 1
            say(f"(exit {code})")
        return code

    @staticmethod
    def terminal() -> dict[str, str]:
        return {name: os.environ[name] for name in ("TERM", "NO_COLOR", "COLUMNS", "COLORTERM") if name in os.environ}

    def run(self) -> int:
        self.clear()
        heading("A family's photos, and who is who")
        say("  Apple           a loopback iCloud on 127.0.0.1 STANDS IN FOR APPLE (tests/support/loopback_icloud.py); nothing leaves this machine")
        say("  icloudpd        the real one, version 1.32.2, talking to it")
        say("  the phone       a second real Syncthing process; this script STANDS IN FOR THE GOOGLE PHOTOS APP's \"Free up space\"")
        say("  the NAS         a folder with mediaferry's marker")
        say("  the photos      made here: HEIC live photos, JPEG, RAW pairs, edits, screenshots, clips, five years of them")
        say("  waiting times   archive.settle and pixel.dwell are 0 here instead of 24 and 48 hours, max_share 100% instead of 10%; all other rules are the real ones")
        sample("full")
        self.world = World(library="full", at=self.directory)
        with self.world as world:
            world.configure("icloud_delete", keep_days=30)
            self.cross(world)
            self.sum_up(world)
        return 1 if self.failures else 0

    def cross(self, world: World) -> None:
        heading("1. The first run: everything comes home, goes to the phone and to the NAS, and is made small")
        self.mediaferry("run")
        heading("2. The phone backs its photos up and frees its space (played by this script)")
        freed = world.free_up_space()
        say(f"  the phone deleted {len(freed)} files; its Syncthing said so, which is the receipt mediaferry waits for")
        self.mediaferry("run")
        heading("3. What may be deleted from iCloud? Nothing goes without your approval")
        self.mediaferry("plan")
        number = world.value("SELECT max(id) FROM plan WHERE status = 'proposed'")
        if number is not None:
            self.mediaferry("approve", str(number))
        self.mediaferry("run")
        heading("4. Once more: a further run changes nothing")
        self.unchanged(world)

    def unchanged(self, world: World) -> None:
        folders = {name: world.home / name for name in FOLDERS} | {"nas": world.nas}
        before, requests = {name: world.files(f) for name, f in folders.items()}, world.icloud.mark()
        rows = [tuple(r) for r in world.db("SELECT * FROM media ORDER BY id")]
        self.mediaferry("run")
        changed = [name for name, f in folders.items() if world.files(f) != before[name]]
        downloads, writes = len(world.icloud.downloads(requests)), len(world.icloud.modifications(requests))
        same = [tuple(r) for r in world.db("SELECT * FROM media ORDER BY id")] == rows
        say(f"\n  downloads: {downloads}   changes in iCloud: {writes}   folders with changed files: {', '.join(changed) or 'none'}   rows changed: {'none' if same else 'some'}")
        if downloads or writes or changed or not same:
            self.failures += 1
            say("  THAT IS A FAULT: a further run must change nothing")

    def sum_up(self, world: World) -> None:
        state = world.icloud.state()
        heading("What became of them")
        rows = world.db("SELECT status, count(DISTINCT asset_id) AS assets, count(*) AS files, sum(initial_size) AS before, sum(current_size) AS after FROM media GROUP BY status")
        table(("status", "assets", "files", "bytes before", "bytes now at home"), [(r["status"], r["assets"], r["files"], size(r["before"]), size(r["after"])) for r in rows])
        before, after = world.db("SELECT sum(initial_size), sum(current_size) FROM media")[0]
        say(f"\n  together {size(before)} → {size(after)} ({100 * after // max(before, 1)} %)")

        heading("What was proven where")
        meaning = {"pixel": "the phone", "nas": "the NAS", "library": "small copy", "local": "at home"}
        rows = world.db("SELECT place, proof, count(*) AS n, sum(size) AS bytes FROM copy WHERE place <> 'local' GROUP BY place, proof ORDER BY place")
        table(("where", "proof", "files", "bytes"), [(meaning[r["place"]], r["proof"], r["n"], size(r["bytes"])) for r in rows])

        heading("iCloud")
        deleted = [a for a in state["assets"].values() if a["deleted"]]
        say(f"  {len(deleted)} of {len(state['assets'])} assets are in Recently Deleted; {len(state['assets']) - len(deleted)} are left:")
        known = {r["record_name"]: r for r in world.db("SELECT record_name, hold_code, hold_text FROM asset")}
        left: dict[str, list[tuple[str, str]]] = {}
        for asset in state["assets"].values():
            if asset["deleted"]:
                continue
            row = known.get(asset["name"])
            code, text = ("hidden", "hidden in iCloud: not listed, not touched") if asset["hidden"] else (row["hold_code"] or "", row["hold_text"] or "no reason on record") if row else ("", "not in the census")
            left.setdefault(code, []).append((asset["filename"], text))
        table(("assets", "such as", "why"), [(len(of_code), *of_code[0]) for of_code in left.values()])

        example = world.value("SELECT filename FROM media WHERE status = 'completed' LIMIT 1") or "IMG_0101.HEIC"
        here = os.path.relpath(self.directory)
        heading("Where to look next")
        say(f"  export MEDIAFERRY_CONFIG={world.config_file}; PATH={binary().parent}:$PATH")
        for words, what in ((f"mediaferry why '{example}'", "where it is and why"), (f"mediaferry history '{example}'", "everything that happened to it"),
                            ("mediaferry status", "the last run"), ("mediaferry audit", "every promise checked"), ("mediaferry attention", "what needs a person")):
            say(f"  {words:<40} {what}")
        for folder, what in (("media/library", "the small copies that stay at home"), ("nas", "the originals, read back after writing"),
                             ("syncthing/phone", "the phone: empty again, but for the canary"), ("state/media.db", "the record: sqlite3 " + f"{here}/state/media.db")):
            say(f"  {here + '/' + folder:<40} {what}")
        say(f"\n  {time.monotonic() - self.began:.0f} s" + ("" if not self.failures else f"; {self.failures} step(s) did not end well, see above"))


def main() -> int:
    parser = argparse.ArgumentParser(description="mediaferry's demo")
    parser.add_argument("--dir", type=Path, required=True, help="where everything is put, and stays to be looked at")
    return Demo(parser.parse_args().dir.resolve()).run()


if __name__ == "__main__":
    sys.exit(main())
