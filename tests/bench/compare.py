# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder against the archive's index, a walk alone, and two folders, beside find, rclone check and rsync -n.

    scripts/bench compare [--files 200000] [--rows 1000000] [--rounds 3]"""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from side_by_side import Bench, apart, installed, options_for, ratio, table

WHEN = 1_750_000_000


class Tree:
    """Files of the size of a thumb, in year/month folders of 500, with one time."""

    def __init__(self, root: Path, files: int):
        self.root, self.names = root, []
        for number in range(files):
            self.names.append(f"{1990 + number // 6000}/{number // 500 % 12 + 1:02}/IMG_{number:07}.JPG")

    def make(self) -> None:
        last, size = None, b"x" * 100
        for number, name in enumerate(self.names):
            path = self.root / name
            if path.parent != last:
                path.parent.mkdir(parents=True, exist_ok=True)
                last = path.parent
            with open(path, "wb") as file:
                file.write(size[: 1 + number % 100])
            os.utime(path, (WHEN, WHEN))


def index_of(tree: Tree, file: Path, rows: int) -> None:
    """An index as mediaferry keeps it: the tree's files, and others up to `rows`. The schema is taken from one that mediaferry made."""
    db = sqlite3.connect(file)
    db.execute("PRAGMA synchronous = OFF")
    known = [(name, 1 + number % 100) for number, name in enumerate(tree.names)]
    others = [(f"{2100 + number // 6000}/{number // 500 % 12 + 1:02}/IMG_{number:07}.JPG", 100) for number in range(rows - len(known))]
    hash_of = lambda number: number.to_bytes(32, "big")
    with db:
        db.execute("DELETE FROM file")
        db.executemany("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, 'original')",
                       ((name, size, WHEN * 10**9, number, hash_of(number), WHEN, WHEN + 90000) for number, (name, size) in enumerate(sorted(known + others))))
    db.close()


def set_up(bench: Bench, files: int, rows: int) -> None:
    for name in ("local", "empty"):
        (bench.root / name).mkdir()
    tree = Tree(bench.root / "local", files)
    print(f"making {files} files and an index of {rows} rows …", file=sys.stderr)
    tree.make()
    subprocess.run(["cp", "-al", bench.root / "local", bench.root / "other"], check=True)
    uuid = bench.house()
    bench.mediaferry("archive", "reindex")
    (bench.root / "archive/.mediaferry/index.db").unlink()  # what it says is not what this bench compares with
    index_of(tree, bench.root / f"state/state/archive-{uuid}.db", rows)


def main() -> int:
    parser = options_for(__doc__)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    if options.rows < options.files:
        parser.error("--rows is the whole index: at least as many as --files")
    with Bench(options) as bench:
        apart(lambda: set_up(bench, options.files, options.rows))
        here, other, empty, archive = (str(bench.root / name) for name in ("local", "other", "empty", "archive"))
        ours = str(bench.binary)
        commands = {
            "mediaferry compare, walk only": [ours, "compare", here, empty],
            "mediaferry compare, folder and index": [ours, "compare", here, archive],
            "mediaferry compare, two folders": [ours, "compare", here, other],
            "find -printf '%s %T@'": ["find", here, "-printf", "%s %T@\n"],
            "rclone check --size-only": ["rclone", "check", "--size-only", here, other],
            "rsync -n -a": ["rsync", "-n", "-a", here + "/", other + "/"],
        }
        there = installed("find", "rclone", "rsync")
        best = bench.interleaved({name: lambda words=words: bench.measured(words) for name, words in commands.items() if words[0] == ours or words[0] in there})
        print(f"\n{options.files} files here, {options.rows} rows in the index, least of {bench.rounds} rounds, {bench.place()}\n")
        table(best)
    ratio(best, "walk: ours / find", "mediaferry compare, walk only", "find -printf '%s %T@'", "goal: at most 1.3")
    ratio(best, "rclone check / ours, two folders", "rclone check --size-only", "mediaferry compare, two folders", "goal: at least 3")
    ratio(best, "rclone check / ours, with the index", "rclone check --size-only", "mediaferry compare, folder and index")
    ratio(best, "rsync -n / ours, two folders", "rsync -n -a", "mediaferry compare, two folders")
    return 0


if __name__ == "__main__":
    sys.exit(main())
