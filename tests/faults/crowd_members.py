# SPDX-License-Identifier: GPL-3.0-or-later
"""Who comes in a crowd (crowd.py): daemons, `mediaferry run`, single stages, verbs of the command line; and what each of them may answer while all the
others are at work."""

import os
import random
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from bench import STAGE_OF
from world import binary

FINE, SOME_FAILED, BAD_INPUT, AWAY, BUG, TRY_LATER = 0, 1, 65, 69, 70, 75
NO_DATABASE_YET = ("there is no database", "is empty; the daemon or a stage run fills it")
BUSY = ("database is locked", "held by another program", "db.locked", "SQLITE_BUSY", "database table is locked", "database schema is locked")
STAGES = list(dict.fromkeys(STAGE_OF.values()))


@dataclass
class Verb:
    words: Callable[[random.Random, object], list[str]]
    codes: tuple[int, ...] = (FINE,)
    because: str = ""           # what it says when it ends with BAD_INPUT although the database is there


def says(*words: str) -> Callable[[random.Random, object], list[str]]:
    return lambda draw, bench: list(words)


def one_file(draw: random.Random) -> str:
    return str(draw.randint(1, 9))


def newest_plan(draw: random.Random, bench) -> list[str]:
    return ["approve", str(max((row[0] or 0 for row in bench.judge.rows("SELECT max(id) FROM plan WHERE status = 'proposed'")), default=0) or 1)]


# The exit codes are those of README's table; 1 where a verb tells of what it found, and a house at work may have files that need a person.
VERBS = [
    Verb(says("status")), Verb(says("status", "--json")), Verb(says("stages")), Verb(says("attention")), Verb(says("queue", "list")), Verb(says("config", "check")),
    Verb(says("auth", "status")), Verb(says("exchange", "show")), Verb(says("db", "check")), Verb(says("db", "backup")), Verb(says("release", "--all")), Verb(says("why", "census")),
    Verb(lambda draw, bench: ["why", one_file(draw)], (FINE,), "no file "),
    Verb(lambda draw, bench: ["history", one_file(draw)], (FINE,), "no file "),
    Verb(lambda draw, bench: ["redo", draw.choice(("nas_archive", "compress")), one_file(draw)], (FINE,), " file "),
    Verb(newest_plan, (FINE,), "plan "),
    Verb(says("plan"), (FINE, TRY_LATER)),
    Verb(says("doctor"), (FINE, SOME_FAILED)),
    Verb(says("audit", "--offline"), (FINE, SOME_FAILED)),
    Verb(says("audit"), (FINE, SOME_FAILED, TRY_LATER)),
    Verb(says("compare")),
    Verb(lambda draw, bench: ["exchange", "analyze", "--remote-db", str(bench.disk.at / "theirs.db")], (FINE, TRY_LATER)),
    Verb(says("queue", "add", "--recommended"), (FINE, SOME_FAILED)),
    Verb(says("queue", "run"), (FINE, SOME_FAILED, TRY_LATER)),
    Verb(says("archive", "init"), (FINE, TRY_LATER)), Verb(says("archive", "reindex"), (FINE, TRY_LATER)),
    Verb(says("archive", "verify"), (FINE, SOME_FAILED, TRY_LATER)),
    Verb(lambda draw, bench: ["archive", "restore", "--all", "--to", str(bench.root / "restored")], (FINE, SOME_FAILED, TRY_LATER)),
]


@dataclass
class Member:
    """One process of the crowd, held back until all may go."""
    kind: str                                   # "daemon", "run", "stage", "verb"
    words: list[str]
    codes: tuple[int, ...]
    because: str
    process: subprocess.Popen
    told: Path
    killed: bool = False                        # by us
    hurt: bool = False                          # a child of it was killed by us
    asked: bool = False                         # to end
    leads: bool = False
    read: int = field(default=0, repr=False)

    def text(self) -> str:
        return self.told.read_text(errors="replace")

    def begins_to_lead(self) -> bool:
        """A daemon says so when it has the house."""
        if not self.leads:
            with open(self.told, "rb") as file:
                self.leads = b'msg="daemon started"' in file.read()
        return self.leads

    def kill(self, number: int = signal.SIGKILL) -> None:
        try:
            os.kill(self.process.pid, number)
        except ProcessLookupError:
            pass

    def wrong(self, alone: bool) -> list[str]:
        """What it must not answer. Empty for one that was killed: it has no last word."""
        text, code = self.text(), self.process.returncode
        wrong = [f"says {word!r}" for word in BUSY if word in text]
        if not self.killed and not self.right(code, text, alone):
            wrong.append(f"ended with {code}")
        return [f"{' '.join(self.words)}: {one}: {text.strip()[-400:]}" for one in wrong]

    def right(self, code: int, text: str, alone: bool) -> bool:
        if code == BAD_INPUT:
            return any(word in text for word in NO_DATABASE_YET) or (bool(self.because) and self.because in text)
        if self.kind == "daemon":
            return code == FINE and self.leads and self.asked if self.leads else code == TRY_LATER and "another mediaferry daemon" in text and not alone
        if self.hurt and code in (BUG, AWAY):
            return "killed by SIGKILL" in text              # its child's death is told as it is: a stage's, a codec's
        return code in self.codes and bool(code == FINE or text.strip())


def drawn(draw: random.Random, bench, kind: str) -> tuple[list[str], tuple[int, ...], str]:
    if kind == "daemon":
        return ["daemon"], (FINE,), ""
    if kind == "run":
        first = draw.choice(STAGES)
        return ["run", "--no-progress", "--start", first], (FINE, SOME_FAILED, TRY_LATER), ""
    if kind == "stage":
        return ["--run-stage", draw.choice(STAGES)], (FINE, SOME_FAILED, TRY_LATER), ""
    verb = draw.choice(VERBS)
    return verb.words(draw, bench), verb.codes, verb.because


def held_back(bench, kind: str, what: tuple[list[str], tuple[int, ...], str], gate: int, told: Path, environment: dict[str, str]) -> Member:
    """Started, but it waits at the gate: the end of a pipe that all of them read, and that is closed when they may go."""
    words, codes, because = what
    with open(told, "wb") as out:
        process = subprocess.Popen(["/bin/sh", "-c", 'read -r go; exec "$@" < /dev/null', "sh", str(binary()), *words], stdin=gate, stdout=out, stderr=subprocess.STDOUT,
                                   env=environment, cwd=bench.root, start_new_session=True)
    return Member(kind, words, codes, because, process, told)
