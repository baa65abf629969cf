#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Years of a family (R12): photos come, nights run all nine stages, people edit, hide, delete, veto and approve, the phone frees its space; one
night in seven something fails. The program `soak` plays it with a clock of its own (it begins in 2036: a leap day, the end of 32-bit time two years on).
Every deletion is held against what was safe at that moment; once a year all photos are looked for, media.db and its history are checked. At the end
come nights in which nothing happens: then nothing may grow. With more than four years media.db must have grown with the photos and with nothing else.

    soak.py [--full] [--years N] [--photos N] [--days N] [--seed N]"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from bench import Disk
from results import SOURCE, Results

BUILD = Path(os.environ.get("MEDIAFERRY_BUILD", SOURCE / "build" / "dev"))
SHARE = 0.01                    # of media.db: what it may be away from a straight line, and what nights of nothing may add
BOUNDED = {"state_files": 12, "backups": 8, "scratch": 0, "beside_db_files": 24}


def straight(points: list[tuple[int, int]]) -> tuple[float, float, float]:
    """Least squares: bytes at nothing, bytes a file, and the largest distance from the line as a share of the last point: in the first years half-empty
    pages are one or two hundredths of a small file."""
    count = len(points)
    mean_x, mean_y = (sum(point[i] for point in points) / count for i in (0, 1))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / (sum((x - mean_x) ** 2 for x, _ in points) or 1)
    begin = mean_y - slope * mean_x
    return begin, slope, max(abs(begin + slope * x - y) for x, y in points) / points[-1][1]


def judged(lines: list[dict]) -> list[str]:
    wrong = list(lines[-1]["violations"]) if lines else ["it said nothing at all"]
    if lines and not lines[-1]["deletions"]:
        wrong.append("nothing was ever deleted from iCloud: this campaign would see nothing")
    for line in lines:
        wrong += [f"{line['when']}: {line[key]} {key}, at most {most} were expected" for key, most in BOUNDED.items() if line[key] > most]
    at = {line["when"]: line for line in lines}
    if "after nights of nothing" in at:
        before, after = at["at rest"], at["after nights of nothing"]
        grown = {name: (before["rows"].get(name, 0), rows) for name, rows in after["rows"].items() if rows > before["rows"].get(name, 0)}
        used = [line["db_bytes"] - line["db_free"] for line in (before, after)]
        if used[1] > used[0] * (1 + SHARE):
            wrong.append(f"{after['nights'] - before['nights']} nights in which nothing happened made media.db grow from {used[0]:,} to {used[1]:,} bytes: {grown}")
        # Events of what does happen then: a photo comes into its next tier (compress), and one that waits for its deletion is read again on the NAS
        # once in icloud_delete.fresh_within, a week.
        weeks, waiting = (date.fromisoformat(after["day"]) - date.fromisoformat(before["day"])).days / 7, before["home"]["delete_pending"]
        more = {kind: number - before["events_of"].get(kind, 0) for kind, number in after["events_of"].items()}
        may = {"aged": 2 * after["files"], "done": more.get("aged", 0), "read_again": waiting * (weeks + 1)}
        wrong += [f"in nights in which nothing happened {number} events '{kind}' were written" for kind, number in more.items() if number > may.get(kind, 0)]
        grown.pop("event", None)
        wrong += [f"in nights in which nothing happened table {name} grew from {was} to {rows} rows" for name, (was, rows) in grown.items()]
    years = [line for line in lines if line["when"].startswith("year")][1:]
    if len(years) >= 4:
        _, _, away = straight([(line["files"], line["db_bytes"] - line["db_free"]) for line in years])
        wrong += [f"media.db is {away:.1%} away from a straight line"] if away > SHARE else []
    return wrong


def told(lines: list[dict], days: int) -> str:
    last = next(line for line in reversed(lines) if line["when"].startswith("year"))
    years = [line for line in lines if line["when"].startswith("year")]
    used = lambda line: line["db_bytes"] - line["db_free"]
    note = f"all stages every {days} days, {last['photos']:,} photos, {last['files']:,} files, {last['deletions']:,} deletions, {last['stage_runs']:,} stage runs, {last['requests']:,} requests, {last['faults']:,} faults"
    note += f"; media.db {used(last):,} bytes, {used(last) // max(1, last['files']):,} a file"
    if len(years) > 4:
        _, slope, away = straight([(line["files"], used(line)) for line in years[1:]])
        note += f", {slope:,.0f} for each further one, at most {away:.1%} from a straight line"
    if "after nights of nothing" in (at := {line["when"]: line for line in lines}):
        before, after = at["at rest"], at["after nights of nothing"]
        note += f"; {after['nights'] - before['nights']} nights of nothing: {used(after) - used(before):+,} bytes"
    return note


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="thirty years")
    parser.add_argument("--years", type=int)
    parser.add_argument("--photos", type=int, help="a year")
    parser.add_argument("--days", type=int, default=5, help="from one night that runs the stages to the next")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    results = Results("soak", "full" if given.full else "quick")
    years, photos = given.years or (30 if given.full else 2), given.photos or (200 if given.full else 80)
    command = [BUILD / "bin" / "soak", "--years", years, "--photos", photos, "--days", given.days, "--seed", given.seed]
    lines: list[dict] = []
    disk = Disk(BUILD / "faults" / f"soak-{os.getpid()}", 2000)          # a file system of its own, in memory where the machine lets us: the NAS is read past the cache
    try:
        with subprocess.Popen([str(word) for word in command], env=os.environ | {"MEDIAFERRY_TEST_TMP": str(disk.at)}, stdout=subprocess.PIPE, text=True) as process:
            for number in (signal.SIGTERM, signal.SIGINT):          # the years until then are kept
                signal.signal(number, lambda *_: process.terminate())
            for line in process.stdout:
                lines.append(json.loads(line))
                print(json.dumps({key: value for key, value in lines[-1].items() if key != "violations"}), file=sys.stderr, flush=True)
    finally:
        disk.remove()
        shutil.rmtree(disk.at, ignore_errors=True)
    wrong = judged(lines)
    stopped = process.returncode in (-signal.SIGTERM, -signal.SIGINT)
    if process.returncode not in (0, 1) and not stopped:
        wrong.append(f"soak ended with {process.returncode}")
    for one in wrong[:40]:
        print(f"VIOLATION soak.py --years {years} --photos {photos} --days {given.days} --seed {given.seed}: {one}")
    done = sum(line["when"].startswith("year") for line in lines)
    results.add("years of a family, night by night, with a clock of its own", done, len(wrong), told(lines, given.days) if done else "")
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
