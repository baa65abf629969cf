#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An iCloud that lies: the program lying_icloud (tests/property/lying_icloud) plays random sequences of false answers, runs of all nine stages,
people's hands and clock jumps, and checks after every deletion that took effect, by its own record, that everything I1 demands was true. Here its
sequences are dealt out to a few processes (most of a sequence is waiting, not computing) on a disk in memory where we may mount one."""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import world as worlds
from bench import Disk
from results import Results

QUICK, FULL, PROCESSES = 50, 2000, 2
SHARE = 25      # sequences of one process
FIRST = 1       # the same seeds every time: what CI has seen, anybody can see


def program() -> Path:
    return worlds.binary().parent / "lying_icloud"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--count", type=int, default=0, help="so many sequences instead")
    parser.add_argument("--first", type=int, default=FIRST, help="the seed of the first")
    parser.add_argument("--seed", type=int, help="this one alone, with its story")
    parser.add_argument("--seconds", type=float, help="begin no further sequences after this long")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    given = parser.parse_args()
    if given.seed is not None:
        return subprocess.run([str(program()), "--seed", str(given.seed)]).returncode
    count = given.count or (FULL if given.full else QUICK)
    disk = Disk(worlds.BUILD / "faults" / f"lying_icloud-{os.getpid()}", 1000)
    environment = dict(os.environ, MEDIAFERRY_TEST_TMP=str(disk.at))
    until = time.monotonic() + given.seconds if given.seconds else None
    share = min(SHARE, -(-count // given.processes))
    shares = [(first, min(share, given.first + count - first)) for first in range(given.first, given.first + count, share)]

    def played(one: tuple[int, int]) -> tuple[str, int] | None:
        if until is not None and time.monotonic() > until:
            return None
        done = subprocess.run([str(program()), "--first", str(one[0]), "--count", str(one[1])], env=environment, text=True, stdout=subprocess.PIPE)
        return done.stdout, done.returncode

    try:
        with ThreadPoolExecutor(given.processes) as hands:
            ended = [one for one in hands.map(played, shares) if one is not None]
    finally:
        disk.remove()
    results = Results("lying_icloud", "full" if given.full else "quick")
    totals = {"sequences": 0, "deletions": 0, "stage_runs": 0, "failed": 0}
    for said, code in ended:
        lines = said.strip().splitlines()
        for line in lines[:-1]:
            print(line)
        try:
            tally = json.loads(lines[-1])
        except (IndexError, ValueError):
            tally = {"failed": 1}
            print("VIOLATION lying_icloud died with", code, *lines[-1:])
        for name in totals:
            totals[name] += tally.get(name, 0)
    if totals["sequences"] and not totals["deletions"] and not totals["failed"]:
        print("VIOLATION no sequence deleted anything: nothing was tried")
        totals["failed"] = 1
    some = f"of {count:,}; " if totals["sequences"] < count else ""
    results.add("sequences of an iCloud's lies, runs, hands and clocks", totals["sequences"], totals["failed"],
                f"{some}{totals['deletions']} deletions judged, {totals['stage_runs']} stage runs; seeds from {given.first} on")
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
