# SPDX-License-Identifier: GPL-3.0-or-later
"""One campaign several times side by side, each with its share of the trials and a world of its own; their rows are added up. A campaign that can
be dealt out so knows `--part I/N` and `--processes N`. Told to stop (SIGTERM, Ctrl-C) each part ends with the trial that it is at, and what
was tried until then is kept."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import results


class Stop:
    """Whether somebody said that it is enough."""

    def __init__(self):
        self.said = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.hear)

    def hear(self, *_) -> None:
        if self.said:
            sys.exit(143)               # twice: at once
        self.said = True


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, default=1, help="so many parts side by side")
    parser.add_argument("--part", default="1/1", metavar="I/N", help="the I-th share of N of the trials")


def mine(trials: list, part: str) -> list:
    """The share of this part. By what a trial is, not by its place: the lists of two parts may differ a little (a call more in one of them)."""
    number, parts = map(int, part.split("/"))
    return [trial for trial in trials if zlib.crc32(repr(trial).encode()) % parts == number - 1]


def share(count: int, part: str) -> int:
    number, parts = map(int, part.split("/"))
    return count * number // parts - count * (number - 1) // parts


def first(part: str) -> bool:
    """Whether this part also does what is done once, not dealt out."""
    return part.startswith("1/")


def run(campaign: str, size: str, processes: int) -> int:
    """This very program, `processes` times with a part each; keeps the sum as `campaign`'s result. Its exit code."""
    words = [word for at, word in enumerate(sys.argv) if word != "--processes" and (at == 0 or sys.argv[at - 1] != "--processes") and not word.startswith("--processes=")]
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / str(number) for number in range(1, processes + 1)]
        running = [subprocess.Popen([sys.executable, *words, "--part", f"{number}/{processes}"], env=os.environ | {"MEDIAFERRY_RESULTS": str(place)})
                   for number, place in enumerate(places, 1)]

        def pass_on(number, _):
            for process in running:
                process.send_signal(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, pass_on)
        codes = [process.wait() for process in running]
        found = results.Results(campaign, size)
        for number, place in enumerate(places, 1):
            if part := results.read(place / f"{campaign}.{size}.json"):
                found.add_up(part["rows"])
            else:
                found.add(f"part {number} of {processes}", 1, 1, f"kept no result; ended with {codes[number - 1]}")
    return found.write()
