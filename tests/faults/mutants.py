#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who guards the guards: takes out each safeguard of tests/faults/mutants/*.txt in turn, in a copy of the source, builds what it belongs to and runs
the tests that ought to notice. A safeguard that can be removed without a test failing is not one.

    mutants.py [--only TEXT] [--jobs N] [--resume]   removes, builds, tests; prints what killed each, and what survived
    mutants.py --check                               only: does every mutant still name code that is there, exactly once?
    mutants.py --list

Only a run over all of them (or --resume, until none is left) is a result; --only looks at some.

A mutant is a block of lines:
    == archive.no_read_back                  its name
    why:  the copy is read back before it counts
    file: common/archive/archive.cpp
    test: unit.archive contract.store/a_mark  ctest names, the likeliest killer first; after a slash: only the cases with these words in their names
    -     a line of the file, or several that follow one another
    +     what stands there instead (nothing: the lines go)
    &     and further lines of the same file: a safeguard that stands twice on purpose is removed twice"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from queue import Queue

sys.path[:0] = [str(Path(__file__).resolve().parent)]
from results import SOURCE, Results

HERE = SOURCE / "build" / "faults" / "mutants"
SCENARIO_PARTS = ["mediaferry", "modules", "fault_shim"]
MOST_SECONDS = 600


@dataclass
class Mutant:
    name: str
    part: str = ""                                               # the file that lists it
    why: str = ""
    file: str = ""
    tests: list[str] = field(default_factory=list)
    changes: list[tuple[list[str], list[str]]] = field(default_factory=lambda: [([], [])])      # lines that are there, lines instead

    def applied(self, text: str) -> str:
        for lines, instead in self.changes:
            old, new = "\n".join(lines) + "\n", "".join(line + "\n" for line in instead)
            if text.count(old) != 1:
                raise ValueError(f"{self.name}: {self.file} holds the lines to be changed {text.count(old)} times, not once")
            text = text.replace(old, new)
        return text

    def key(self) -> str:
        lines = [line for old, new in self.changes for line in ("-", *old, "+", *new)]
        return sha256("\n".join([self.name, self.file, *lines]).encode()).hexdigest()


def read_mutants() -> list[Mutant]:
    mutants: list[Mutant] = []
    for source in sorted((Path(__file__).resolve().parent / "mutants").glob("*.txt")):
        for number, line in enumerate(source.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("== "):
                mutants.append(Mutant(line[3:].strip(), source.stem))
            elif line.startswith(("why:", "file:")):
                setattr(mutants[-1], line.partition(":")[0], line.partition(":")[2].strip())
            elif line.startswith("test:"):
                mutants[-1].tests = line.partition(":")[2].split()
            elif line[0] in "-+":
                mutants[-1].changes[-1]["-+".index(line[0])].append(line[2:])
            elif line.strip() == "&":
                mutants[-1].changes.append(([], []))
            else:
                raise ValueError(f"{source.name}:{number}: not understood: {line}")
    names = [mutant.name for mutant in mutants]
    if len(set(names)) != len(names):
        raise ValueError(f"two mutants share a name: {sorted(name for name in set(names) if names.count(name) > 1)}")
    return mutants


def is_there(test: str) -> bool:
    """Whether there is such a test, and a case with these words."""
    whole, _, words = test.partition("/")
    layer, _, name = whole.partition(".")
    if layer not in ("unit", "contract"):
        return layer != "scenario" or (SOURCE / "tests" / "scenario" / f"{name}.py").is_file()
    return any(words.replace("_", " ").lower() in source.read_text().lower() for source in (SOURCE / "tests" / layer / name).glob("*.cpp"))


def check(mutants: list[Mutant]) -> list[str]:
    wrong = []
    for mutant in mutants:
        try:
            mutant.applied((SOURCE / mutant.file).read_text())
            if not (mutant.why and mutant.tests):
                raise ValueError(f"{mutant.name}: says not why, or names no test")
            if missing := [test for test in mutant.tests if not is_there(test)]:
                raise ValueError(f"{mutant.name}: there is no test {' '.join(missing)}")
        except (OSError, ValueError) as error:
            wrong.append(str(error))
    return wrong


class Bed:
    """A copy of the source with a build of its own, in which one mutant at a time is tried."""

    def __init__(self, number: int, fitness: dict[str, bool]):
        self.source, self.build = HERE / f"source-{number}", HERE / f"build-{number}"
        self.deadlines: dict[str, float] = {}
        self.fitness = fitness

    def run(self, *command: str, seconds: float | None = None) -> subprocess.CompletedProcess:
        environment = {**os.environ, "CCACHE_BASEDIR": str(self.source), "CCACHE_NOHASHDIR": "1", "CCACHE_DIR": os.environ.get("CCACHE_DIR", str(HERE / "ccache"))}
        with subprocess.Popen(command, cwd=self.source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", env=environment,
                              start_new_session=True) as child:
            try:
                out, err = child.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)  # with what it started: that holds its pipes open
                raise
        return subprocess.CompletedProcess(command, child.returncode, out, err)

    def prepare(self) -> None:
        """Copies what changed since the last time: what did not keeps its time, and is not built again."""
        tracked = subprocess.run(["git", "-C", str(SOURCE), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=True, text=True).stdout.split("\0")
        wanted = {name for name in tracked if name and (SOURCE / name).is_file()}
        for name in wanted:
            source, target = SOURCE / name, self.source / name
            if target.exists() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
        for folder, folders, names in os.walk(self.source):
            inside = Path(folder).relative_to(self.source)
            if inside == Path("."):
                folders[:] = [one for one in folders if one != "build"]      # what the tests fetched and made
            for name in names:
                if str(inside / name) not in wanted:
                    (Path(folder) / name).unlink()
        configured = self.run("cmake", "-S", ".", "-B", str(self.build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g0",
                              "-DMEDIAFERRY_WERROR=OFF")
        if configured.returncode != 0:
            raise RuntimeError(f"cmake: {configured.stderr[-2000:]}")

    def make(self, test: str) -> str:
        """What stands in the way of building this test, if anything."""
        layer, _, name = test.partition("/")[0].partition(".")
        targets = [f"{layer}_{name}"] if layer in ("unit", "contract") else [*SCENARIO_PARTS, *(["lying_icloud"] if name == "lying_icloud" else [])]
        built = self.run("ninja", "-C", str(self.build), "-j1", *targets)
        return "" if built.returncode == 0 else built.stdout[-1500:]

    def fails(self, test: str) -> str:
        """In which way the test fails, if it does. It is stopped at its first failure, and after several times what it takes without a mutant."""
        whole, _, words = test.partition("/")
        layer, _, name = whole.partition(".")
        if layer in ("unit", "contract"):  # from where ctest starts it
            command = ["sh", "-c", f'cd "{self.build}/tests" && exec "{self.build}/bin/{layer}_{name}" --abort "$@"', "sh", *([f"*{words.replace('_', ' ')}*"] if words else [])]
        else:
            command = ["ctest", "--test-dir", str(self.build), "-R", f"^{whole.replace('.', '[.]')}$", "--no-tests=error"]
        began = time.monotonic()
        try:
            done = self.run(*command, seconds=self.deadlines.get(test, MOST_SECONDS))
        except subprocess.TimeoutExpired:
            return "no end"
        if done.returncode == 0 and "No test cases matched" in done.stdout:
            return "no such case"
        if test not in self.deadlines:
            self.deadlines[test] = min(MOST_SECONDS, 30 + 5 * (time.monotonic() - began))
        return "" if done.returncode == 0 else "failed"

    def fit(self, test: str) -> bool:
        """A test that fails without a mutant, twice, kills nothing; that is said aloud and counts against the whole run."""
        if test not in self.fitness:
            trouble = self.make(test)
            how = "does not build: " + trouble if trouble else self.fails(test) and self.fails(test)
            self.fitness[test] = not how
            print(f"{test} FAILS WITHOUT ANY MUTANT ({how}): it proves nothing until that is mended" if how else f"({test} passes without a mutant)", flush=True)
        return self.fitness[test]

    def judge(self, mutant: Mutant) -> str:
        """"killed by …", "SURVIVED" or "INVALID: …"."""
        place = self.source / mutant.file
        whole = place.read_text()
        tried = False
        for test in mutant.tests:  # each is built only when those before it noticed nothing
            if not self.fit(test):
                continue
            tried = True
            try:
                place.write_text(mutant.applied(whole))
                if trouble := self.make(test):
                    return "INVALID: does not build: " + trouble
                if how := self.fails(test):
                    return f"killed by {test}" + (f" ({how})" if how != "failed" else "")
            finally:
                place.write_text(whole)
        return "SURVIVED" if tried else "INVALID: its tests fail without it"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="those with this in their names, files or tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--resume", action="store_true", help="verdicts of the last time stay for mutants that were killed then")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--full", action="store_true", help="there is only one size")
    given = parser.parse_args()
    mutants = [one for one in read_mutants() if any(given.only in text for text in (one.name, one.file, *one.tests))]
    if wrong := check(mutants):
        print("\n".join(wrong))
        return 1
    if given.check or given.list:
        print("\n".join(f"{one.name:44} {one.why}" for one in mutants) if given.list else f"{len(mutants)} mutants still fit")
        return 0

    HERE.mkdir(parents=True, exist_ok=True)
    kept_at = HERE / "verdicts.json"
    kept = json.loads(kept_at.read_text()) if given.resume and kept_at.exists() else {}
    due = [one for one in mutants if not kept.get(one.key(), "").startswith("killed")]
    due.sort(key=lambda one: (["unit", "contract"].index(layer) if (layer := one.tests[0].partition(".")[0]) in ("unit", "contract") else 2, one.tests[0], one.file))
    beds: Queue[Bed] = Queue()
    fitness: dict[str, bool] = {}
    for number in range(max(1, min(given.jobs, len(due)))):
        bed = Bed(number, fitness)
        bed.prepare()
        beds.put(bed)

    def attempt(mutant: Mutant) -> None:
        bed, began = beds.get(), time.monotonic()
        try:
            kept[mutant.key()] = verdict = bed.judge(mutant)
        finally:
            beds.put(bed)
        print(f"{mutant.name:44} {verdict}, {time.monotonic() - began:.0f} s", flush=True)
        kept_at.write_text(json.dumps(kept, indent=1))

    with ThreadPoolExecutor(max_workers=beds.qsize()) as pool:
        list(pool.map(attempt, due))

    unfit = sorted(test for test, passes in fitness.items() if not passes)
    alive = [one for one in mutants if not kept[one.key()].startswith("killed")]
    print(f"{len(mutants)} mutants, {len(alive)} not killed: {', '.join(one.name for one in alive)}" if alive else f"{len(mutants)} mutants, all killed")
    if given.only:
        return 1 if alive or unfit else 0
    results = Results("mutants", "full")
    for part in dict.fromkeys(one.part for one in mutants):
        left = [one.name for one in alive if one.part == part]
        results.add(f"a safeguard removed, the part rebuilt: a test must fail ({part})", sum(one.part == part for one in mutants), len(left),
                    "not killed: " + ", ".join(left) if left else "")
    if unfit:
        results.add("tests that fail without any mutant", len(fitness), len(unfit), ", ".join(unfit))
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
