# SPDX-License-Identifier: GPL-3.0-or-later
"""What else changes something, besides the stage runs: verbs of the command line, each from a moment of the bench (bench.py)."""

from dataclasses import dataclass
from typing import Callable


@dataclass
class Verb:
    name: str
    moment: str                                              # a leg of the bench: the world as it was before it
    words: list[str] | Callable[[object], list[str]]
    ends_with: tuple[int, ...] = (0,)
    before: Callable[[object], None] | None = None           # what happens between the moment and the verb, undisturbed
    finished: Callable[[object], bool] | None = None         # the verb did its work already: it would refuse to be said twice
    goes_further: bool = False                               # said once more it does more: settles what it copied, for instance
    single: bool = True                                      # one process: a kill is seen in its exit


def plan_made(bench) -> None:
    done = bench.run("icloud_delete")
    if done.code != 0:
        raise RuntimeError(f"no plan: {done.err}")


def newest_plan(bench) -> str:
    return str(bench.world.value("SELECT max(id) FROM plan"))


def one_file(bench) -> str:
    return str(bench.world.value("SELECT min(id) FROM media"))


VERBS = [
    Verb("run", "download", ["run", "--no-progress"], goes_further=True, single=False),
    Verb("approve", "icloud_delete.plan", lambda bench: ["approve", newest_plan(bench)], before=plan_made,
         finished=lambda bench: bench.world.value("SELECT status FROM plan ORDER BY id DESC LIMIT 1") == "approved"),
    Verb("redo", "processing", lambda bench: ["redo", "nas_archive", one_file(bench)],
         finished=lambda bench: bench.world.value("SELECT count(*) FROM step WHERE stage = 'nas_archive' AND status = 'done' AND media_id = (SELECT min(id) FROM media)") == 0),
    Verb("release", "processing", ["release", "--all"]),
    Verb("db backup", "processing", ["db", "backup"]),
]
