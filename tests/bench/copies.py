# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos brought to the archive with proof (mediaferry queue), beside rsync -a followed by sha256sum -c.

    scripts/bench copies [--photos 400] [--small 20000] [--rounds 3] [--memory 12]

Ours: the folder is compared and queued, each file is hashed, copied, fsynced through the descriptor that wrote it, read back past the page cache,
renamed into place, its folder fsynced, and the archive's index kept. rsync and sha256sum: nothing is fsynced and the reading is answered by the
page cache; their list of checksums is made beforehand and costs them nothing. The third line gives them what they lack: rsync --fsync, and a
cache that was emptied (only as root)."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from side_by_side import Bench, Measured, apart, installed, options_for, ratio, table

WHEN = 1_750_000_000
OURS, BACK = "mediaferry queue add push, queue run", "mediaferry queue add pull, queue run"
THEIRS, EQUAL = "rsync -a, then sha256sum -c", "rsync -a --fsync, then sha256sum -c, no cache"


def make(root: Path, files: int, least: int, most: int) -> None:
    """Bytes that no file system can compress or share."""
    chance, block = random.Random(5), os.urandom(1 << 20)
    for number in range(files):
        path = root / "2024" / f"{number * 12 // files + 1:02}" / f"IMG_{number:05}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        size = chance.randint(least, most)
        with open(path, "wb") as file:
            file.write(number.to_bytes(8, "big"))
            file.write((block * (size // len(block) + 1))[: size - 8])
        os.utime(path, (WHEN, WHEN))
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*.JPG"))
    root.with_suffix(".names").write_text("\0".join(names) + "\0")
    with open(root.with_suffix(".sha256"), "wb") as sums:
        for at in range(0, len(names), 1000):
            subprocess.run(["sha256sum", *names[at : at + 1000]], cwd=root, stdout=sums, check=True)


class Copies:
    def __init__(self, bench: Bench, name: str):
        self.bench, self.source, self.target = bench, bench.root / name, bench.root / "copied"

    def prepare(self) -> None:
        shutil.rmtree(self.target, ignore_errors=True)
        for name in ("archive", "state", "media"):
            shutil.rmtree(self.bench.root / name, ignore_errors=True)
        subprocess.run(["sync", "-f", self.bench.root], check=True)

    def ours(self) -> Measured:
        self.prepare()
        self.bench.house(f"compare: {{local: {self.source}, depth: 1}}\n")
        subprocess.run(["sync", "-f", self.bench.root], check=True)
        binary = str(self.bench.binary)
        return self.bench.measured([binary, "queue", "add", "push", "2024"], [binary, "queue", "run"])

    def pulled(self) -> Measured:
        """The same files, home again from the archive."""
        self.ours()
        here = self.target
        here.mkdir()
        config = self.bench.root / "mediaferry.yaml"
        config.write_text(config.read_text().replace(str(self.source), str(here)))
        subprocess.run(["sync", "-f", self.bench.root], check=True)
        # What rsync reads lies in the page cache; our reading back past it has just taken the archive's files out of it.
        names = self.source.with_suffix(".names")
        subprocess.run(["xargs", "-0", "-a", names, "cat"], cwd=self.bench.root / "archive", stdout=subprocess.DEVNULL, check=True)
        binary = str(self.bench.binary)
        return self.bench.measured([binary, "queue", "add", "pull", "2024"], [binary, "queue", "run"])

    def rsync(self, *more: str) -> Measured:
        self.prepare()
        copied = self.bench.measured(["rsync", "-a", *more, f"{self.source}/", f"{self.target}/"])
        if more:
            Path("/proc/sys/vm/drop_caches").write_text("1\n")
        checked = self.bench.measured(["sha256sum", "--quiet", "-c", str(self.source.with_suffix(".sha256"))], at=self.target)
        return Measured(copied.seconds + checked.seconds, copied.processor + checked.processor, max(copied.memory, checked.memory))

    def complete(self) -> None:
        """What we called copied is what was there, on both sides: an independent look."""
        self.pulled()
        for there in (self.bench.root / "archive", self.target):
            subprocess.run(["sha256sum", "--quiet", "-c", self.source.with_suffix(".sha256")], cwd=there, check=True)


def main() -> int:
    parser = options_for(__doc__)
    parser.add_argument("--photos", type=int, default=400, help="files of 3 to 5 MB")
    parser.add_argument("--small", type=int, default=20_000, help="files of 8 to 32 kB")
    options = parser.parse_args()
    sets = {"photos": (options.photos, 3_000_000, 5_000_000), "small": (options.small, 8_000, 32_000)}
    with Bench(options) as bench:
        there = installed("rsync", "sha256sum")
        for name, (files, least, most) in sets.items():
            if files == 0:
                continue
            apart(lambda: make(bench.root / name, files, least, most))
            copies = Copies(bench, name)
            works = {OURS: copies.ours, BACK: copies.pulled}
            if len(there) == 2:
                works[THEIRS] = copies.rsync
                if os.geteuid() == 0:
                    works[EQUAL] = lambda: copies.rsync("--fsync")
            best = bench.interleaved(works)
            copies.complete()
            size = sum(path.stat().st_size for path in (bench.root / name).rglob("*.JPG"))
            print(f"\n{files} files of {least // 1000} to {most // 1000} kB ({size / 1e6:.0f} MB), least of {bench.rounds} rounds, {bench.place()}\n")
            table(best)
            ratio(best, "rsync and sha256sum / ours", THEIRS, OURS, "goal: at least 1.5")
            ratio(best, "rsync and sha256sum / ours, home again", THEIRS, BACK, "goal: at least 1.5")
            ratio(best, "rsync --fsync and sha256sum, no cache / ours", EQUAL, OURS)
            ratio(best, "rsync --fsync and sha256sum, no cache / ours, home again", EQUAL, BACK)
            copies.prepare()
            shutil.rmtree(bench.root / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
