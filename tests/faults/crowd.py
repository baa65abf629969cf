#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A crowd: 2 to 50 processes let go at one moment over one house. Daemons, `mediaferry run`, single stages, verbs of the command line, killed -9 at
random instants, some or all, alone or with their children; a second wave comes while the first one dies. Watched from outside meanwhile: never two
leaders, never two runs in one slot, never one photo open in two runs of a stage, icloudpd never twice. Of each that was not killed: the exit code of the
contract, no word of a busy database, an end. After each crowd nothing may be lost, doubled or wrong (judge.py); a journey of a few crowds ends as an
undisturbed one does.

    crowd.py [--full] [--starts N] [--seconds N] [--seed N] [--journey N] [--processes N]

--full: 20,000 starts, or as many journeys by chance as fit into --seconds. --journey N repeats that one alone and keeps what its processes said."""

import argparse
import itertools
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import side_by_side
from bench import Bench, empty_of
from campaign import SMALL
from crowd_members import Member, drawn, held_back
from crowd_watch import Watch
from random_kills import RandomKills
from results import Results

BEGINNINGS = ["download", "download", "pixel_sync", "nas_archive", "compress", "icloud_mark", "icloud_delete"]
FULL_STARTS, QUICK_STARTS = 20_000, 500
MOST_SECONDS = 300.0            # one that has not ended by then never does
ROWS = {"daemon": "daemons among 2 to 50 processes let go at one moment: one leads, the others say so and end with 75",
        "run": "`mediaferry run` among them", "stage": "single stages among them",
        "verb": "verbs of the command line among them: the exit code of the contract, no word of a busy database"}


class Crowd(RandomKills):
    def __init__(self, bench: Bench, given: argparse.Namespace, stop: side_by_side.Stop):
        super().__init__(bench, given, stop)
        self.starts: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.crowds = self.killed_members = 0
        self.said = bench.disk.at / "said"
        self.watch = Watch(bench)
        self.prepare()

    def prepare(self) -> None:
        """Another archive's database, and a folder of the family's own for the queue."""
        bench = self.bench
        bench.put_back("icloud_delete")
        bench.world.expect(0, "db", "backup")
        shutil.copyfile(next((bench.root / "state" / "state" / "backups").glob("*-by-hand.db")), bench.disk.at / "theirs.db")
        (bench.root / "pictures").mkdir(exist_ok=True)
        for config in (bench.world.config_file, self.daemon_config):
            config.write_text(config.read_text() + f"compare:\n  local: {bench.root / 'pictures'}\n")

    def over(self) -> bool:
        return self.stop.said or sum(self.starts.values()) >= self.given.starts or (self.until is not None and time.monotonic() > self.until)

    # one crowd --------------------------------------------------------------------------------------------------------

    def gather(self, count: int, daemons: int) -> tuple[list[Member], int]:
        """So many, each at the gate, and the end of it that lets them go."""
        self.said.mkdir(exist_ok=True)
        kinds = ["daemon"] * daemons + self.random.choices(("daemon", "run", "stage", "verb"), (2, 1, 5, 8), k=count - daemons)
        gate, lets_go = os.pipe()
        members = []
        for kind in kinds:
            environment = self.bench.world.environment(MEDIAFERRY_CONFIG=str(self.daemon_config), MEDIAFERRY_STOP_SECONDS="20")
            told = self.said / f"{self.crowds}-{len(list(self.said.iterdir()))}.txt"
            members.append(held_back(self.bench, kind, drawn(self.random, self.bench, kind), gate, told, environment))
            self.starts[kind] += 1
        os.close(gate)
        return members, lets_go

    def deaths(self, members: list[Member], within: float) -> list[tuple[float, Member, str]]:
        """Who is killed when, and how."""
        draw = self.random
        style = draw.choices(("nobody", "some", "all at once", "one after the other"), (2, 5, 3, 2))[0]
        at_once = draw.uniform(0, within)
        planned = []
        for member in members:
            if style == "nobody" or (style == "some" and draw.random() < 0.5):
                continue
            how = "with its children" if style == "all at once" else draw.choice(("alone", "with its children", "a child of it"))
            planned.append((at_once if style == "all at once" else draw.uniform(0, within), member, how))
        return sorted(planned, key=lambda one: one[0])

    def strike_one(self, member: Member, how: str) -> None:
        if member.process.poll() is not None:
            return
        children = self.below(member.process.pid) if how != "alone" else []
        if how == "a child of it":
            if not children:
                return
            children, member.hurt = [self.random.choice(children)], True
        else:
            member.killed = True
            self.killed_members += 1
            member.kill()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def crowd(self) -> list[str]:
        draw, wrong = self.random, []
        self.crowds += 1
        count = round(2 * 25 ** draw.random())
        within = 0.03 * 100 ** draw.random()
        members, lets_go = self.gather(count, draw.randint(1, min(count, 1 + count // 4)))
        later: list[Member] = []
        if draw.random() < 0.4:                     # the second wave waits at a gate of its own
            later, second_gate = self.gather(max(1, count // 3), 1)
            second_at = draw.uniform(0, within)
        planned, ends = self.deaths(members, within), draw.uniform(0, 1.5)
        began = time.monotonic()
        os.close(lets_go)
        waiting = later
        while True:
            now = time.monotonic() - began
            if waiting and now >= second_at:
                os.close(second_gate)
                members, waiting = members + waiting, []
            while planned and planned[0][0] <= now:
                _, member, how = planned.pop(0)
                self.strike_one(member, how)
            wrong += self.watch.look(members)
            at_work = [member for member in members if member.process.poll() is None]
            if not waiting and not planned and now >= ends and all(member.kind == "daemon" and member.begins_to_lead() for member in at_work):
                break
            if now > MOST_SECONDS:
                wrong += [f"no end after {MOST_SECONDS:.0f} s: {' '.join(member.words)}: {member.text().strip()[-300:]}" for member in at_work]
                break
            time.sleep(0.01)
        if at_work and not any(member.killed for member in at_work) and draw.random() < 0.2:
            done = self.bench.world.run("db", "restore", "--yes")
            if done.code != 75 or "is running" not in done.err:
                wrong.append(f"db restore beside a daemon: {done}")
        return wrong + self.farewell(members) + self.answers(members)

    def farewell(self, members: list[Member]) -> list[str]:
        """Who leads is asked to end, or killed; then everybody is gone."""
        asked = self.random.random() < 0.6
        for member in members:
            if member.process.poll() is None:
                member.asked, member.killed = asked, member.killed or not asked
                member.kill(signal.SIGTERM if asked else signal.SIGKILL)
        wrong, deadline = [], time.monotonic() + 60
        for member in members:
            try:
                member.process.wait(max(0.1, deadline - time.monotonic()))
            except Exception:
                wrong.append(f"{' '.join(member.words)} does not end when it is asked to: {member.text().strip()[-300:]}")
                member.kill()
                member.process.wait()
                member.killed = True
            member.begins_to_lead() if member.kind == "daemon" else None
        return wrong + self.watch.gone()

    def answers(self, members: list[Member]) -> list[str]:
        found = []
        daemons = [member for member in members if member.kind == "daemon"]
        for member in members:
            wrong = member.wrong(alone=len(daemons) == 1)
            self.bad[member.kind] += bool(wrong)
            found += wrong
        if daemons and not any(member.killed and not member.leads for member in daemons) and not any(member.leads for member in daemons):
            self.bad["daemon"] += 1
            found.append(f"none of {len(daemons)} daemons leads, and none of them was killed")
        return found

    # a journey --------------------------------------------------------------------------------------------------------

    def journey(self, number: int) -> None:
        bench, leg = self.bench, self.random.choice(BEGINNINGS)
        bench.put_back(leg)
        shutil.rmtree(bench.root / "restored", ignore_errors=True)
        empty_of(bench.root / "pictures")
        wrong: list[str] = []
        before = self.crowds
        for _ in range(self.random.randint(1, 4)):
            wrong = self.crowd()
            wrong += bench.judge.now() + self.twice()
            if wrong or self.over():
                break
            if self.random.random() < 0.5 and not bench.judge.rows("SELECT 1 FROM copy WHERE place = 'pixel' AND proof = 'staged'"):
                bench.phone.free_up_space()         # before the delivery is proven it would have to be sent again
            if bench.world.database.exists() and self.attention():      # two deaths set a file aside by design; a person lets it go on
                bench.world.run("release", "--all")
        self.journeys += 1
        if not wrong:
            wrong = self.to_the_end(leg) or bench.audit() or self.twice() or self.healer.leftovers()
            self.bad["end"] += bool(wrong)
        else:
            self.bad["crowd"] += 1
        if wrong:
            print(f"VIOLATION journey {number} from {leg} (crowd.py --seed {self.given.seed} --journey {number}), crowd {self.crowds - before} of it", *("  " + one for one in wrong[:12]), sep="\n", flush=True)
        if not wrong and self.given.journey is None:
            shutil.rmtree(self.said, ignore_errors=True)

    def twice(self) -> list[str]:
        """By the history: a stage is done with a file once, and once more for each time that a person asked for it."""
        rows = self.bench.judge.rows("SELECT media_id, stage, sum(what = 'done') AS done, sum(what = 'redo') AS again, sum(what IN ('taken_in', 'staged')) AS brought FROM event "
                                     "WHERE media_id IS NOT NULL GROUP BY media_id, stage HAVING done > 1 + again OR brought > 1 + again")
        return [f"{row['stage']} was done {row['done']} times with file {row['media_id']} (asked for again {row['again']} times, brought {row['brought']})" for row in rows]

    # the checks of the checks -------------------------------------------------------------------------------------------

    def would_show(self, results: Results) -> None:
        """A database that is held is told of; two leaders are seen when their lock is taken from under them."""
        bench, shown = self.bench, 0
        bench.put_back("nas_archive")
        holder = sqlite3.connect(bench.world.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        gate, lets_go = os.pipe()
        member = held_back(bench, "verb", (["release", "--all"], (0,), ""), gate, bench.disk.at / "held.txt", bench.world.environment())
        os.close(gate), os.close(lets_go)
        member.process.wait(60)
        holder.close()
        shown += any("says" in one for one in member.wrong(False)) and any("ended with 69" in one for one in member.wrong(False))
        gate, lets_go = os.pipe()
        environment = bench.world.environment(MEDIAFERRY_CONFIG=str(self.daemon_config))
        two = [held_back(bench, "daemon", (["daemon"], (0,), ""), gate, bench.disk.at / f"two-{number}.txt", environment) for number in range(2)]
        os.close(gate), os.close(lets_go)
        seen, deadline = [], time.monotonic() + 60
        while not any(member.begins_to_lead() for member in two) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.watch.lock.unlink()
        gate, lets_go = os.pipe()
        two.append(held_back(bench, "daemon", (["daemon"], (0,), ""), gate, bench.disk.at / "two-2.txt", environment))
        os.close(gate), os.close(lets_go)
        while not (seen := self.watch.leaders(two)) and time.monotonic() < deadline:
            time.sleep(0.01)
        shown += bool(seen)
        for member in two:
            member.kill()
            member.process.wait()
        self.watch.gone()
        results.add("a database that is held, and a second leader: each is noticed (a check of the check)", 2, 2 - shown)

    def tell(self, results: Results) -> None:
        for kind, what in ROWS.items():
            results.add(what, self.starts[kind], self.bad[kind])
        results.add("of all these, killed -9 at a random instant", self.killed_members, 0)
        results.add("crowds of them: watched meanwhile, judged afterwards", self.crowds, self.bad["crowd"])
        results.add("journeys of such crowds gone to their end, which is the undisturbed one's", self.journeys, self.bad["end"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help=f"{FULL_STARTS:,} starts")
    parser.add_argument("--starts", type=int)
    parser.add_argument("--journey", type=int, help="this one alone")
    parser.add_argument("--seconds", type=float, help="stop beginning new journeys after this long")
    parser.add_argument("--seed", type=int, default=1)
    side_by_side.arguments(parser)
    given = parser.parse_args()
    size = "full" if given.full else "quick"
    if given.processes > 1:
        return side_by_side.run("crowd", size, given.processes)
    given.starts = side_by_side.share(given.starts or (FULL_STARTS if given.full else QUICK_STARTS), given.part)
    given.seconds = given.seconds or (None if given.full else 90)
    stop, results = side_by_side.Stop(), Results("crowd", size)
    with Bench(SMALL, "crowd") as bench:
        bench.prepare()
        work = Crowd(bench, given, stop)
        part, parts = map(int, given.part.split("/"))
        for number in [given.journey] if given.journey is not None else itertools.count(part - 1, parts):
            if work.over():
                break
            work.random.seed(f"{given.seed} {number}")
            work.journey(number)
        if side_by_side.first(given.part) and given.journey is None:
            work.would_show(results)
    work.tell(results)
    return results.write()


if __name__ == "__main__":
    sys.exit(main())
