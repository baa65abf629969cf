#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts bytes that nobody chose through every parser of outside data. Without words: the kept corpus, each input also cut short and with bytes turned
over, by the program that the ordinary tests run, and a million inputs made of them by chance. --full: libFuzzer, a minute for each target (clang; the preset `fuzz`).

    fuzz.py [--full] [--seconds N] [--only NAME,…] [--programs FOLDER]

What libFuzzer finds interesting is kept below build/fuzz/corpus/ from run to run; what ends a target lies in build/fuzz/found/: make it a unit
test, and a small input of tests/fuzz/corpus/."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]
from results import SOURCE, Results

CORPUS = SOURCE / "tests" / "fuzz" / "corpus"
WORK = SOURCE / "build" / "fuzz"
BY_CHANCE = 1_000_000


def replayed(found: Results, program: Path) -> None:
    done = subprocess.run([program, CORPUS], capture_output=True, text=True)
    inputs = len(done.stderr.splitlines())
    if done.returncode != 0:
        print("VIOLATION " + " ".join(done.stderr.splitlines()[-3:]))
    # Each input is tried as it is, and 24 times cut short and 24 times with a byte turned over.
    found.add(f"kept inputs of {len(list(CORPUS.iterdir()))} parsers, cut and turned over", inputs * 49, int(done.returncode != 0))


def by_chance(found: Results, program: Path, wanted: int) -> None:
    """The same inputs every time. No sanitizer looks on: that is libFuzzer's part."""
    done = subprocess.run([program, CORPUS, "--random", str(wanted)], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        print("VIOLATION", *done.stderr.splitlines()[-3:], sep="\n  ", flush=True)
    told = re.search(r"(\d+) inputs made by chance", done.stdout)
    found.add("inputs made of the kept ones by chance", int(told.group(1)) if told else 1, int(done.returncode != 0))


def built(given: argparse.Namespace) -> Path:
    if given.programs:
        return given.programs
    subprocess.run([SOURCE / "scripts" / "install-deps", "--fuzz"], check=True)
    subprocess.run([SOURCE / "scripts" / "build", "fuzz", "fuzz_targets"], check=True, stdout=sys.stderr)
    return WORK / "bin"


def fuzzed(found: Results, name: str, program: Path, seconds: int) -> None:
    kept, ends = WORK / "corpus" / name, WORK / "found" / name
    kept.mkdir(parents=True, exist_ok=True)
    ends.mkdir(parents=True, exist_ok=True)
    # Leaks are not looked for: libcurl, OpenSSL and the C library keep what they made once for good.
    environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    done = subprocess.run([program, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2000", "-max_len=8192", "-print_final_stats=1",
                           f"-artifact_prefix={ends}/", str(kept), str(CORPUS / name)], capture_output=True, text=True, errors="replace", env=environment)
    executed = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    if done.returncode != 0:
        print(f"VIOLATION {name}", *[line for line in done.stderr.splitlines() if re.search(r"FOUND|ERROR|SUMMARY|Test unit|runtime error", line)][:8], sep="\n  ", flush=True)
    found.add(f"{name} by libFuzzer, {seconds} s", int(executed.group(1)) if executed else 0, int(done.returncode != 0), f"{covered[-1]} edges" if covered else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--only", default="")
    parser.add_argument("--programs", type=Path, help="where the libFuzzer programs lie, if they are built already")
    given = parser.parse_args()
    found = Results("fuzz", "full" if given.full else "quick")
    program = Path(os.environ.get("MEDIAFERRY_BUILD") or SOURCE / "build" / "dev") / "bin" / "fuzz_replay"
    if not program.exists():
        raise SystemExit(f"{program} is not built (target fuzz_replay)")
    replayed(found, program)
    by_chance(found, program, BY_CHANCE)
    if given.full:
        programs = built(given)
        for name in sorted(p.name for p in CORPUS.iterdir()):
            if not given.only or name in given.only.split(","):
                fuzzed(found, name, programs / f"fuzz_{name}", given.seconds)
    return found.write()


if __name__ == "__main__":
    sys.exit(main())
