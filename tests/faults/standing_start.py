# SPDX-License-Identifier: GPL-3.0-or-later
"""A verb that is started once and waits before its main() (shim/allocations.cpp): each order lets a copy of it go on, without the start, which is most of
a short run."""

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench import Bench
from world import binary

PATIENCE = 60           # seconds that a run may take, which undisturbed takes less than one


@dataclass
class Told:
    code: int           # -signal when it died of one, -99 when it did not end
    out: str
    err: str


class StandingStart:

    def __init__(self, bench: Bench, words: list[str], shim: Path, more: dict[str, str]):
        self.folder = bench.disk.at / f"allocations-{time.monotonic_ns()}"
        self.folder.mkdir()
        order, self.order = os.pipe()
        self.answer, answer = os.pipe()
        environment = bench.world.environment(LD_PRELOAD=str(shim), MEDIAFERRY_ALLOCATION_SERVER=f"{order}:{answer}:{self.folder}", **more)
        self.process = subprocess.Popen([str(binary()), *words], env=environment, cwd=bench.root, pass_fds=(order, answer), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(order)
        os.close(answer)
        self.rest = b""

    def line(self, patience: float) -> int | None:
        until = time.monotonic() + patience
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.answer], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                return None
            piece = os.read(self.answer, 4096)
            if not piece:
                raise RuntimeError("the server is gone")
            self.rest += piece
        text, self.rest = self.rest.split(b"\n", 1)
        return int(text)

    def ask(self, order: str) -> Told:
        os.write(self.order, (order + "\n").encode())
        pid = self.line(PATIENCE)
        status = self.line(PATIENCE)
        if status is None:
            os.kill(pid, signal.SIGKILL)
            self.line(PATIENCE)
        read = lambda name: (self.folder / name).read_bytes().decode("utf-8", "replace")
        return Told(-99 if status is None else os.waitstatus_to_exitcode(status), read("out"), read("err"))

    def end(self) -> None:
        os.close(self.order)
        os.close(self.answer)
        self.process.wait()
