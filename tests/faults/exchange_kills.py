#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mediaferry exchange is killed (-9) at its k-th changing call, for all k (or a sample): while it analyses, exports, imports, receives, cleans up. After
each: is anything lost, torn, doubled or unexplained in either house; does the same command, given again, come to the end of an undisturbed one?

    exchange_kills.py [--full] [--only analyze,export,…] [--per-step N] [--seed N]"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import world as worlds
from exchange_house import ExchangeHouse
from results import Results
from standin_source import StandinSource
from world import binary

STEPS = ("analyze", "export", "import", "receive", "cleanup")
KILLS = ("kill", "kill_after", "torn")


class Bench:
    def __init__(self, photos: int):
        (worlds.BUILD / "faults").mkdir(parents=True, exist_ok=True)
        memory = Path("/dev/shm")       # a kill is not a power cut: no disk is needed
        self.root = Path(tempfile.mkdtemp(prefix="mediaferry-exchange-", dir=memory if os.access(memory, os.W_OK) else worlds.BUILD / "faults"))
        self.shim = binary().parent / "libfault_shim.so"
        if not self.shim.exists():
            raise RuntimeError("libfault_shim.so is not built (target fault_shim)")
        self.live = self.root / "live"
        self.a, self.b, self.stick = ExchangeHouse(self.live / "a"), ExchangeHouse(self.live / "b"), self.live / "stick"
        self.stick.mkdir()
        names = ["IMG_1.HEIC", "IMG_1.MOV"] + [f"IMG_{n}.JPG" for n in range(2, photos)]
        self.a.fill({name: os.urandom(30_000 + 7 * n) for n, name in enumerate(names)}, live=("IMG_1.HEIC", "IMG_1.MOV"))
        same = (self.a.home / "backup/2024/06/IMG_2.JPG").read_bytes()
        self.b.fill({"SAME.JPG": same, "IMG_3.JPG": os.urandom(20_000)})
        self.phone = StandinSource(self.stick)
        key = self.live / "b" / "key"
        key.write_text("secret\n")
        key.chmod(0o600)
        self.b.configure(syncthing={"api_url": self.phone.api, "api_key_file": str(key)}, exchange={"remote_sources": ["remote"]})
        self.reference: dict[str, dict] = {}
        self.list = ""

    def stop(self) -> None:
        self.phone.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def keep(self, name: str) -> None:
        shutil.copytree(self.live, self.root / name, symlinks=True)

    def put_back(self, name: str) -> None:
        shutil.rmtree(self.live)
        shutil.copytree(self.root / name, self.live, symlinks=True)

    def command(self, step: str) -> tuple[ExchangeHouse, list[str]]:
        return {"analyze": (self.a, ["analyze", "--remote-db", str(self.b.database)]),
                "export": (self.a, ["export", self.list, "--output-dir", str(self.stick)]),
                "import": (self.b, ["import", self.list, "--import-dir", str(self.stick)]),
                "receive": (self.b, ["receive"]),
                "cleanup": (self.b, ["cleanup", self.list])}[step]

    def prepare(self) -> None:
        """Each step once, undisturbed; the moment before each is kept. `receive` begins where `import` does."""
        for step in STEPS:
            if step == "receive":
                self.put_back("import")
            elif step == "cleanup":
                self.put_back("import")
                house, words = self.command("import")
                house.expect(0, "exchange", *words)
            if not (self.root / step).exists():
                self.keep(step)
            house, words = self.command(step)
            house.expect(0, "exchange", *words)
            if step == "analyze":
                self.list = self.a.value("SELECT list_id FROM sync_export_lists")
            wrong = self.a.wrong_now() + self.b.wrong_now()
            if wrong:
                raise RuntimeError(f"the undisturbed {step} is not in order: {wrong}")
            self.reference[step] = self.portrait(step)

    def portrait(self, step: str) -> dict:
        stick = {str(f.relative_to(self.stick)): f.read_bytes() for f in self.stick.rglob("*") if f.is_file()}
        lists = [tuple(row) for row in self.a.rows("SELECT total_files, processed_files, status FROM sync_export_lists")]
        return {"a": self.a.portrait(), "b": self.b.portrait(), "stick": stick, "lists": sorted(set(lists)) if step == "analyze" else sorted(lists),
                "records": sorted(tuple(r) for r in self.b.rows("SELECT remote_path, status FROM sync_records"))}

    def disturbed(self, step: str, fault: str = "", log: Path | None = None) -> int:
        house, words = self.command(step)
        extra = {"LD_PRELOAD": str(self.shim), "MEDIAFERRY_FAULT_UNDER": str(self.live)} | ({"MEDIAFERRY_FAULT": fault} if fault else {})
        extra |= {"MEDIAFERRY_FAULT_LOG": str(log)} if log else {}
        return subprocess.run([str(binary()), "exchange", *words], env=house.environment(**extra), capture_output=True, timeout=120, cwd=house.root).returncode

    def calls(self, step: str) -> int:
        self.put_back(step)
        log = self.root / "calls.log"
        log.unlink(missing_ok=True)
        self.disturbed(step, log=log)
        return len(log.read_text().splitlines())

    def trial(self, step: str, fault: str) -> tuple[bool, list[str]]:
        """Whether it was killed, and what is wrong."""
        self.put_back(step)
        code = self.disturbed(step, fault)
        wrong = self.a.wrong_now() + self.b.wrong_now()
        if code != -9:
            return False, wrong
        house, words = self.command(step)
        again = house.run("exchange", *words)
        # A cleanup that had come to its end has nothing more to do, and an exported list is no longer there.
        if again.code != 0:
            return True, wrong + [f"the second {step} ended with {again}"]
        wrong += self.a.wrong_now() + self.b.wrong_now()
        found = self.portrait(step)
        for part, expected in self.reference[step].items():
            if found[part] != expected:
                differs = [k for k in expected if found[part].get(k) != expected[k]] if isinstance(expected, dict) else f"{found[part]} instead of {expected}"
                wrong.append(f"after the second {step}, {part} differs: {differs}")
        return True, wrong


def main() -> int:
    given = argparse.ArgumentParser()
    given.add_argument("--full", action="store_true")
    given.add_argument("--only", default=",".join(STEPS))
    given.add_argument("--per-step", type=int)
    given.add_argument("--seed", type=int, default=7)
    options = given.parse_args()
    per_step = options.per_step or (0 if options.full else 14)
    dice = random.Random(options.seed)
    results = Results("exchange_kills", "full" if options.full else "quick")
    bench = Bench(photos=8 if options.full else 5)
    try:
        bench.prepare()
        for step in options.only.split(","):
            points = bench.calls(step)
            trials = [(kill, k) for k in range(1, points + 1) for kill in (KILLS if options.full else KILLS[:1])]
            if per_step and len(trials) > per_step:
                trials = sorted(dice.sample(trials, per_step))
            hit, violations = 0, 0
            for kill, k in trials:
                killed, wrong = bench.trial(step, f"{kill}:{k}")
                hit += killed
                if wrong:
                    violations += 1
                    print(f"VIOLATION {step} [{kill}:{k}]", *("  " + one for one in wrong[:8]), sep="\n", flush=True)
            results.add(f"exchange {step}: kill -9 at a changing call, then again", hit, violations, f"{points} calls, {len(trials)} trials")
    finally:
        bench.stop()
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
