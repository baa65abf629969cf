#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed photos and clips on the whole way home: brought by icloudpd's stand-in or fetched by our own client, taken in, archived, compressed.

Each must come to a defined end: its original byte for byte as it came, at home and on the NAS; its place in the library filled by a copy that
decodes or by the original with the reason recorded; no codec past its deadline or its memory, and the stage itself never dies.

    malformed_media.py                60 files
    malformed_media.py --full         1200 files
    malformed_media.py --count N --seed S --only cut,bomb"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import world as worlds
from bench import ICLOUDPD
from malformed_files import File, Maker
from results import Results
from world import World, binary

DEADLINE, MEMORY = 20, 400          # seconds and MiB that a codec has for one of these small files
VIDEO = {"codec": "h264", "quality": 30, "preset": "ultrafast", "max_long_edge": 96}       # smaller pictures: HEVC is decoded, too
SLACK = 10                          # seconds past the deadline before a hang is called one
OWN = 160                           # MiB that a codec has before its first untrusted byte, and a stage at all


def without_what_follows(data: bytes) -> bytes:
    """A PNG up to the end of its IEND chunk; anything else as it is."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    at = 8
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        at += 12 + length
        if kind == b"IEND":
            return data[:at]
    return data


class Stage:
    """One stage run: how it ended, how large it or any program of it grew, and the longest wait between two items."""

    def __init__(self, world: World, name: str, limit: float):
        began = last = time.monotonic()
        self.longest, self.lines, self.name = 0.0, [], name
        process = subprocess.Popen([str(binary()), "--run-stage", name], env=world.environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                   errors="replace", cwd=world.root, start_new_session=True)
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
        signal.alarm(int(limit))
        for line in process.stderr:
            self.lines.append(line.rstrip("\n"))
            if 'msg="item ' in line:
                self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()
        _, status, usage = os.wait4(process.pid, 0)     # of it and of all it waited for
        signal.alarm(0)
        process.returncode = 0
        process.stderr.close()
        self.code, self.megabytes, self.seconds = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, time.monotonic() - began


class Campaign:
    def __init__(self, folder: Path, given: argparse.Namespace):
        self.folder, self.given = folder, given
        self.wrong: dict[str, list[str]] = defaultdict(list)
        maker = Maker(folder / "made", given.seed)
        self.files = [file for file in maker.make(given.count) if not given.only or any(word in file.kind for word in given.only.split(","))]
        self.by_name = {file.name: file for file in self.files}
        self.sums = {file.name: hashlib.sha256(file.data).hexdigest() for file in self.files}
        self.library, self.brought = folder / "library", folder / "brought"

    def violated(self, name: str, what: str) -> None:
        file = self.by_name.get(name)
        self.wrong[file.kind if file else "the stages"].append(f"{name} ({file.how if file else ''}): {what}")

    def write_library(self) -> None:
        """What iCloud lists. Every third file is left out by icloudpd: our own client has to fetch it."""
        self.library.mkdir()
        assets = []
        for number, file in enumerate(self.files):
            (self.library / file.name).write_bytes(file.data)
            stamp = (1_600_000_000_000 if number % 2 else 1_400_000_000_000) + number * 3_600_000      # two tiers: coefficients, and pixels
            assets.append({"key": file.name, "filename": file.name, "date": stamp, "added": stamp + 1000, "resources": {"original": {"file": file.name, "type": file.uti}}})
            if number % 3:
                at = self.brought / "2020" / "09" / file.name
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_bytes(file.data)
        (self.library / "library.json").write_text(json.dumps({"assets": assets}))
        script = self.folder / "icloudpd"
        script.write_text(ICLOUDPD.format(kept=str(self.brought)))
        script.chmod(0o755)

    def run(self) -> Results:
        self.write_library()
        with World(library=self.library, phone=False, at=self.folder / "world") as world:
            world.configure("icloud", command=[str(self.folder / "icloudpd")])
            world.configure("compress", processes=1, deadline=f"{DEADLINE}s", memory=f"{MEMORY} MiB", minimum_saving="1 B", minimum_saving_share="0%",
                            tiers=[{"younger_than": "9y", "photo": {"quality": 60}, "video": VIDEO}, {"photo": {"quality": 60, "max_megapixels": 0.1}, "video": VIDEO}])
            limit = 120 + len(self.files) * 3
            runs = [Stage(world, name, limit) for name in ("icloud_download", "nas_archive", "processing")]
            runs.append(Stage(world, "compress", limit))
            again = Stage(world, "compress", limit)
            self.judge_runs(runs + [again])
            self.judge_items(world)
            self.judge_folders(world)
            if any('msg="item ' in line for line in again.lines):
                self.violated("compress", "a second run takes something up again")
            if (audit := world.run("audit")).code != 0:
                self.violated("audit", " | ".join((audit.out + audit.err).splitlines()))
            return self.results(runs)

    # judging --------------------------------------------------------------------------------------------------------

    def judge_runs(self, runs: list[Stage]) -> None:
        for run in runs:
            if run.code != 0:
                self.violated(run.name, f"ended with {run.code}: {run.lines[-3:]}")
            if run.megabytes > MEMORY + OWN:
                self.violated(run.name, f"took {run.megabytes:.0f} MiB")
            if run.longest > DEADLINE + SLACK:
                self.violated(run.name, f"{run.longest:.0f} s on one file")

    def judge_items(self, world: World) -> None:
        rows = world.db("SELECT id, filename, local_path, compression_metadata FROM media")
        known = Counter(row["filename"] for row in rows)
        for file in self.files:
            if known[file.name] != 1:
                self.violated(file.name, f"{known[file.name]} rows in media.db")
        steps = {(row["media_id"], row["stage"]): row for row in world.db("SELECT media_id, stage, status, reason_code, reason_text FROM step")}
        copies = {(row["media_id"], row["place"]): row for row in world.db("SELECT media_id, place, path FROM copy WHERE removed_at IS NULL")}
        self.outcomes = Counter()
        for row in rows:
            name = row["filename"]
            if name not in self.by_name:
                continue
            data = self.by_name[name].data
            for stage in ("nas_archive", "processing", "compress"):
                step = steps[row["id"], stage]
                if step["status"] != "done":
                    self.violated(name, f"{stage} is {step['status']}: {step['reason_code']} {step['reason_text']}")
            self.same(name, "its original", Path(row["local_path"] or "/nowhere"), data)
            self.same(name, "its copy on the NAS", world.nas / copies[row["id"], "nas"]["path"] if (row["id"], "nas") in copies else Path("/nowhere"), data)
            self.judge_small_copy(name, data, json.loads(row["compression_metadata"] or "{}"), world, copies.get((row["id"], "library")))

    def same(self, name: str, what: str, path: Path, data: bytes) -> None:
        if not path.is_file() or path.read_bytes() != data:
            self.violated(name, f"{what} is not what came ({path})")

    def judge_small_copy(self, name: str, data: bytes, told: dict, world: World, copy: sqlite3.Row | None) -> None:
        if copy is None:
            return self.violated(name, "nothing in the library")
        path = world.home / "library" / copy["path"]
        kept = told.get("kept")
        self.outcomes[kept["code"] if kept else "made smaller"] += 1
        if kept:
            if not kept["code"] or not kept["text"]:
                self.violated(name, "kept without a reason")
            return self.same(name, "what the library keeps", path, data)
        if path.stat().st_size >= len(data):
            self.violated(name, "the small copy is not smaller")
        # What follows a PNG is carried along, and ffmpeg takes it for a second, broken one: the picture itself is what must decode.
        alone = world.root / f"alone{path.suffix}"
        alone.write_bytes(without_what_follows(path.read_bytes()))
        checked = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", alone, "-f", "null", "-"], capture_output=True, text=True, timeout=120)
        if checked.returncode != 0:
            self.violated(name, "the small copy does not decode: " + checked.stderr.strip()[-200:])

    def judge_folders(self, world: World) -> None:
        for top in (world.home, world.nas, world.root / "state"):
            for path in top.rglob("*"):
                if path.is_file() and re.search(r"mediaferry-(small|[0-9a-f]{16})|\.part$", path.name):
                    self.violated("left behind", str(path))

    def results(self, runs: list[Stage]) -> Results:
        found = Results("malformed", "full" if self.given.full else "quick")
        kinds = Counter(file.kind for file in self.files)
        compress = runs[-1]
        for kind, count in sorted(kinds.items()):
            found.add(f"malformed media, {kind}, through intake, archive and compression", count, len(self.wrong.get(kind, [])))
        note = f"largest {compress.megabytes:.0f} MiB (allowed {MEMORY} + {OWN}), longest {compress.longest:.1f} s (allowed {DEADLINE}), {compress.seconds:.0f} s in all; " + \
            ", ".join(f"{code} {count}" for code, count in self.outcomes.most_common())
        found.add("malformed media: stages that die, memory, deadlines, leftovers", len(runs), len(self.wrong.get("the stages", [])), note)
        for lines in self.wrong.values():
            for line in lines[:20]:
                print("VIOLATION", line, file=sys.stderr)
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="1200 files")
    parser.add_argument("--count", type=int)
    parser.add_argument("--only", default="", help="kinds, by a part of their name")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.count = given.count or (1200 if given.full else 60)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = worlds.BUILD / "faults" / f"malformed-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        return Campaign(folder, given).run().write()
    finally:
        if not os.environ.get("MEDIAFERRY_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
