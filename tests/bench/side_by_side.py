# SPDX-License-Identifier: GPL-3.0-or-later
"""What every bench needs: a house of its own, programs timed in interleaved rounds, a table with ratios."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "faults"))
from volume import Volume


def options_for(text: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at", help="a folder for what is worked on (default: build, on the disk this tree lies on)")
    parser.add_argument("--memory", type=int, metavar="GIB", help="work on an ext4 of this size in memory instead (root): a quiet disk on a noisy machine")
    parser.add_argument("--binary", default=os.environ.get("MEDIAFERRY_BINARY") or SOURCE / "build/release/bin/mediaferry", help="a release build")
    return parser


@dataclass
class Measured:
    seconds: float
    processor: float  # seconds of processor time: what a noisy machine distorts least
    memory: int       # KiB, the most that one of its processes held


def apart(work: Callable[[], None]) -> None:
    """In a process of its own: what this one never held does not show in the memory of its children (Linux passes the peak on through exec)."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit("setting up failed")


class Bench:
    """A folder with a mediaferry house in it; gone at the end."""

    def __init__(self, options: argparse.Namespace):
        self.binary = Path(options.binary).resolve()
        if not self.binary.exists():
            raise SystemExit(f"no binary {self.binary}: cmake --preset release && cmake --build --preset release")
        self.rounds, self.volume = options.rounds, None
        base = Path(options.at) if options.at else SOURCE / "build"
        base.mkdir(parents=True, exist_ok=True)
        self.root = Path(tempfile.mkdtemp(prefix="bench-", dir=base)).resolve()
        if options.memory:
            self.volume = Volume("ext4", options.memory << 10, self.root)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "LANG": "C.UTF-8", "MEDIAFERRY_CONFIG": str(self.root / "mediaferry.yaml")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.volume:
            self.volume.remove()
        shutil.rmtree(self.root, ignore_errors=True)

    def mediaferry(self, *words: str) -> str:
        return subprocess.run([self.binary, *words], env=self.environment, check=True, capture_output=True, text=True).stdout

    def house(self, more: str = "", archive: str = "") -> str:
        """A config, and an empty archive (in a folder, unless told otherwise); its uuid."""
        for name in ("archive", "media", "state"):
            (self.root / name).mkdir(exist_ok=True)
        (self.root / "mediaferry.yaml").write_text(
            f"database: {self.root}/state/media.db\nfolders: {{root: {self.root}/media}}\nicloud: {{username: bench@example.com}}\n"
            f"archive: {archive or f'{{root: {self.root}/archive}}'}\npixel: {{enabled: false}}\nstatus: {{enabled: false}}\n{more}")
        return json.loads(self.mediaferry("archive", "init", "--json"))["uuid"]

    def measured(self, *commands: list[str], at: Path | None = None) -> Measured:
        """One after the other. An exit code of "different" is fine, a failure is not."""
        total = Measured(0, 0, 0)
        for command in commands:
            with open(os.devnull, "wb") as nothing, tempfile.TemporaryFile() as talk:
                began = time.monotonic()
                child = subprocess.Popen(command, env=self.environment, stdout=nothing, stderr=talk, cwd=at)
                _, status, usage = os.wait4(child.pid, 0)
                total.seconds += time.monotonic() - began
                total.processor += usage.ru_utime + usage.ru_stime
                total.memory = max(total.memory, usage.ru_maxrss)
                child.returncode = os.waitstatus_to_exitcode(status)
                if child.returncode not in (0, 1):
                    talk.seek(0)
                    raise SystemExit(f"{' '.join(map(str, command))}: exit {child.returncode}\n{talk.read()[-2000:].decode(errors='replace')}")
        return total

    def interleaved(self, works: dict[str, Callable[[], Measured]]) -> dict[str, Measured]:
        best: dict[str, Measured] = {}
        for number in range(self.rounds):
            for name, work in works.items():
                if sys.stderr.isatty():
                    print(f"\rround {number + 1} of {self.rounds}: {name:60}", end="", file=sys.stderr, flush=True)
                now = work()
                before = best.get(name, now)
                best[name] = Measured(min(now.seconds, before.seconds), min(now.processor, before.processor), max(now.memory, before.memory))
        if sys.stderr.isatty():
            print("\r" + " " * 80 + "\r", end="", file=sys.stderr, flush=True)
        return best

    def place(self) -> str:
        kind = subprocess.run(["stat", "-f", "-c", "%T", self.root], capture_output=True, text=True).stdout.strip()
        return f"{os.cpu_count()} processors, {kind}{' in memory' if self.volume else ''}, Linux {platform.release()}"


def installed(*programs: str) -> set[str]:
    there = {name for name in programs if shutil.which(name)}
    if there != set(programs):
        print(f"left out, not installed: {', '.join(sorted(set(programs) - there))} (scripts/install-deps --bench)", file=sys.stderr)
    return there


def table(best: dict[str, Measured]) -> None:
    for name, one in best.items():
        print(f"  {name:48} {one.seconds:8.2f} s {one.processor:8.2f} s processor {one.memory / 1024:6.0f} MiB")
    print()


def ratio(best: dict[str, Measured], what: str, above: str, below: str, goal: str = "") -> None:
    if above in best and below in best:
        print(f"  {what:48} {best[above].seconds / best[below].seconds:8.2f}   processor {best[above].processor / best[below].processor:6.2f}   {goal}")
