#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory that is not given: the k-th allocation of a run fails, alone or with all that come after it. Of every verb that only looks, of every stage
run of the whole way, and of the verbs that change something (verbs.py).

    allocations.py [--full] [--seconds N] [--seed N] [--only TEXT] [--one RUN=k[:sticky]] [--list]

A run may then do its work all the same and say what it always says, or end with 69 and say that memory ran out; it may not hang, crash, blame
itself, a file or the config, or say something else than usual. What is looked at is as it was. After a run that changes something nothing may be
lost or wrong (judge.py); runs without faults then come to the very same end as if nothing had happened, and `mediaferry audit` agrees. Several
failures in a row are followed by one such end: they must leave nothing behind, and no photo may count them.

The undisturbed run tells from where each allocation comes; of those places each is tried first, where it is met first or last, in an order of
chance, then others. What the loader asks for before main() is given. The codec programs have no environment, so that no shim reaches them: what they do
when memory ends is tried by contract.compress."""

import argparse
import itertools
import random
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import side_by_side
from bench import LEGS, Bench
from failpoints import Failpoints
from results import Results
from standing_start import PATIENCE, StandingStart, Told
from verbs import Verb, one_file
from world import binary

KEYS = ["live", "edited", "twin-1", "twin-2", "double", "double-2"]
WHOLE = KEYS + ["raw-pair", "clip"]
FULL_SECONDS = 1500
QUICK_QUESTIONS, QUICK_ROUNDS = 220, 3       # of each verb, of each stage run: the same ones on every machine
QUESTIONS_SHARE = 0.45          # of the time
IN_A_ROW = 8                    # failing runs before the one that heals
AUDITED = 0.25                  # of the ends, by the product itself as well
SHORT, MAYBE = "memory ran out", "memory may be short"      # the latter where a library does not say why it refuses
NOBODYS = ("liballocation_shim.so", "libc.so.6", "libstdc++.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2")         # they crash for whom they work


def questions(moment: str) -> list[Verb]:
    """What only looks."""
    ask = lambda name, *words, **more: Verb(name, moment, list(words), **more)
    return [ask("--help", "--help"), ask("status", "status"), ask("status --json", "status", "--json"), ask("stages", "stages"),
            Verb("why", moment, lambda bench: ["why", one_file(bench)]), ask("why census", "why", "census"),
            Verb("history", moment, lambda bench: ["history", one_file(bench)]), ask("attention", "attention"),
            ask("audit --offline", "audit", "--offline"), ask("audit", "audit"), ask("db check", "db", "check"), ask("config check", "config", "check"),
            ask("config show", "config", "show"), ask("doctor", "doctor", ends_with=(0, 1)), ask("auth status", "auth", "status"),
            Verb("compare", moment, lambda bench: ["compare", str(bench.world.home / "library")], ends_with=(0, 1)), ask("queue list", "queue", "list"),
            ask("run --dry-run", "run", "--dry-run")]


def same(text: str) -> str:
    """But for times, sizes and numbers of runs."""
    return re.sub(r"[0-9a-f]{8,}|[0-9]+([.:,-][0-9]+)*", "#", text)


@dataclass
class Tally:
    tried: int = 0
    absorbed: int = 0
    told: int = 0
    places: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


class Allocations(Failpoints):
    """Its runs and its healing are those of the failpoints."""

    def __init__(self, bench: Bench, given: argparse.Namespace, stop: side_by_side.Stop):
        given.leg = None
        super().__init__(bench, given, stop)
        self.random.seed(f"{given.seed} {given.part}")
        self.shim = binary().parent / "liballocation_shim.so"
        if not self.shim.exists():
            raise RuntimeError("liballocation_shim.so is not built (target allocation_shim)")
        self.legs = {leg for leg, _ in LEGS}
        self.changing = [verb for verb in self.runs.values() if (given.full or verb.name in self.legs) and given.kind != "asking"]
        self.asking = questions("icloud_delete") if given.kind != "changing" else []
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self.sites: dict[str, list[bytes]] = {}
        self.usual: dict[str, Told] = {}
        self.servers: dict[str, StandingStart] = {}
        self.other_words: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()

    def before(self, when: float) -> bool:
        return not self.stop.said and time.monotonic() < when

    # running --------------------------------------------------------------------------------------------------------

    def words(self, verb: Verb) -> list[str]:
        return verb.words(self.bench) if callable(verb.words) else verb.words

    def configured(self, verb: Verb) -> dict[str, str]:
        return {"MEDIAFERRY_CONFIG": str(verb.config(self.bench))} if verb.config else {}

    def ask(self, verb: Verb, order: str) -> Told:
        """`order`: k or k:sticky."""
        words = self.words(verb)
        name = " ".join([verb.name, *words])
        if name not in self.servers:
            self.servers[name] = StandingStart(self.bench, words, self.shim, self.configured(verb))
        return self.servers[name].ask(order)

    def trace(self, verb: Verb, order: str) -> list[str]:
        """From where the allocation that fails comes, and what it is answered with; on the state as it is."""
        extra = {"LD_PRELOAD": str(self.shim), "MEDIAFERRY_ALLOCATION": order, "MEDIAFERRY_ALLOCATION_TRACE": "1", **self.configured(verb)}
        done = subprocess.run([str(binary()), *self.words(verb)], env=self.bench.world.environment(**extra), cwd=self.bench.root, capture_output=True, text=True,
                              errors="replace", timeout=300)
        frames = re.findall(r"^(/\S+)\((\S*?)(\+0x[0-9a-f]+)\)", done.stderr, re.MULTILINE)[3:]
        lines = [line for line in done.stderr.splitlines() if not line.startswith("/")]
        return [f"exit {done.returncode}: {' | '.join(lines[-2:])}", *self.named(frames)]

    @staticmethod
    def named(frames: list[tuple[str, str, str]]) -> list[str]:
        """Our own by source and line, a library's by symbol."""
        told = []
        for file, symbol, offset in frames:
            if symbol or "mediaferry" not in file:
                demangled = subprocess.run(["c++filt", symbol], capture_output=True, text=True).stdout.strip() if symbol else "?"
                told.append(f"{Path(file).name} {demangled[:110]}")
            else:
                line = subprocess.run(["addr2line", "-Cfsp", "-e", file, offset[1:]], capture_output=True, text=True).stdout.strip()
                told.append(re.sub(r"\(discriminator.*", "", line)[:150])
        return [f"    {frame}" for frame in told if not re.search(r"std::|operator new|__gnu_cxx", frame.split(" at ")[0][:60])][:14]

    def end(self) -> None:
        for server in self.servers.values():
            server.end()

    def look(self, verb: Verb) -> None:
        """The undisturbed run: what it says, and from where it asks for memory."""
        log = self.bench.disk.at / "sites"
        log.unlink(missing_ok=True)
        extra = {"LD_PRELOAD": str(self.shim), "MEDIAFERRY_ALLOCATION_SITES": str(log), **self.configured(verb)}
        done = subprocess.run([str(binary()), *self.words(verb)], env=self.bench.world.environment(**extra), cwd=self.bench.root, capture_output=True, timeout=300)
        data = log.read_bytes() if log.exists() else b""
        self.sites[verb.name] = [data[at:at + 8] for at in range(0, len(data), 8)]
        self.usual[verb.name] = Told(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if done.returncode not in verb.ends_with or not data:
            raise RuntimeError(f"the undisturbed {verb.name} ended with {done.returncode}, {len(data)} bytes of places: {self.usual[verb.name].err}")

    def drawn(self, name: str):
        """k by k without an end: of each place its first or last, in an order of chance; then the others; then any."""
        sites = self.sites[name]
        first, last = {}, {}
        for k, site in enumerate(sites, 1):
            first.setdefault(site, k)
            last[site] = k
        firsts = [self.random.choice((first[site], last[site])) for site in first]
        self.random.shuffle(firsts)
        seconds = sorted({*first.values(), *last.values()} - {*firsts})
        self.random.shuffle(seconds)
        for number, k in enumerate(side_by_side.mine(firsts, self.given.part)):
            yield k, number % 4 == 3
        yield from ((k, False) for k in side_by_side.mine(seconds, self.given.part))
        if self.given.full and name not in self.legs:
            rest = sorted(set(range(1, len(sites) + 1)) - {*first.values(), *last.values()})
            self.random.shuffle(rest)
            yield from ((k, False) for k in side_by_side.mine(rest, self.given.part))
        while True:
            yield self.random.randint(1, len(sites)), self.random.random() < 0.5

    # judging --------------------------------------------------------------------------------------------------------

    def ended_badly(self, verb: Verb, told: Told, tally: Tally, changes: bool) -> str:
        """What is wrong with how it ended; "" is nothing."""
        usual = self.usual[verb.name]
        if told.code == -99:
            return f"no end after {PATIENCE} s"
        if told.code < 0:
            where = self.crashed_in(told.err)
            if where.startswith("lib") and "mediaferry" not in where:
                self.deaths[f"{where} (signal {-told.code})"] += 1
                return ""
            return f"died of signal {-told.code} in {where}: {told.err.strip().splitlines()[-1:]}"
        if SHORT in told.err + told.out and told.code == 69 or MAYBE in told.out:
            tally.told += 1
            return ""
        if told.code in (69, 75) and (told.err + told.out).strip():
            said = [line for line in (told.err + told.out).splitlines() if not line[:4].isdigit()]       # but for the log
            self.other_words[f"{told.code} {same((said or ['only in the log'])[0])[:160]}"] += 1
            tally.told += 1
            return ""
        if changes and told.code == 1 and (reasons := re.findall(r"REASON=(\S+)", told.err)):       # of files; whether that is for good, the healing shows
            self.other_words["1 " + " ".join(sorted({*reasons}))] += 1
            tally.told += 1
            return ""
        if changes and told.code in (*verb.ends_with, 0):
            tally.absorbed += 1
            return ""
        if told.code == usual.code:
            tally.absorbed += 1
            if same(told.out) != same(usual.out):
                wanted, got = same(usual.out).splitlines(), same(told.out).splitlines()
                at = next((i for i, (a, b) in enumerate(zip(wanted, got)) if a != b), min(len(wanted), len(got)))
                return f"exit {told.code}, and it says {got[at:at + 1]} instead of {wanted[at:at + 1]} (line {at + 1})"
            return ""
        return f"exit {told.code}: {' | '.join((told.err or told.out).strip().splitlines()[-8:])}"

    @staticmethod
    def crashed_in(text: str) -> str:
        """The program or library whose code it was that crashed or called abort()."""
        frames = re.findall(r"^(?:\S*/)?([^/(]+)\(", text.partition("crashed:\n")[2], re.MULTILINE)
        return next((name for name in frames if name not in NOBODYS), "nobody")

    def violated(self, verb: Verb, order: str, wrong: list[str]) -> None:
        if wrong:
            self.tallies[verb.name].wrong.append(wrong[0])
            where = self.trace(verb, order) if verb in self.asking else []
            print(f"VIOLATION --one '{verb.name}={order}'", *("  " + one for one in wrong[:12]), *where, sep="\n", flush=True)

    # campaigns ------------------------------------------------------------------------------------------------------

    def order(self, k: int, sticky: bool) -> str:
        return f"{k}:sticky" if sticky else str(k)

    def question(self, verb: Verb, order: str) -> None:
        tally = self.tallies[verb.name]
        told = self.ask(verb, order)
        tally.tried += 1
        if k_site := self.site(verb, order):
            tally.places.add(k_site)
        self.violated(verb, order, [wrong] if (wrong := self.ended_badly(verb, told, tally, changes=False)) else [])

    def site(self, verb: Verb, order: str) -> bytes:
        k = int(order.split(":")[0])
        return self.sites[verb.name][k - 1] if k <= len(self.sites[verb.name]) else b""

    def chosen(self, verbs: list[Verb]) -> list[Verb]:
        return [verb for verb in verbs if self.given.only in verb.name]

    def all_questions(self, until: float | None) -> None:
        verbs = self.chosen(self.asking)
        if not verbs:
            return
        self.bench.put_back(verbs[0].moment)
        for verb in verbs:
            self.look(verb)
        self.sees_what_is_wrong(verbs[0])
        before = self.bench.judge.portrait()
        draws = {verb.name: self.drawn(verb.name) for verb in verbs}
        spent: Counter[str] = Counter()
        if not until:
            for verb in verbs * QUICK_QUESTIONS:
                if not self.stop.said:
                    self.question(verb, self.order(*next(draws[verb.name])))
        while until and self.before(until):
            verb = min(verbs, key=lambda one: spent[one.name])          # each has the same time
            began = time.monotonic()
            self.question(verb, self.order(*next(draws[verb.name])))
            spent[verb.name] += time.monotonic() - began
        wrong = self.bench.judge.now() + self.bench.judge.differences(before, self.bench.judge.portrait()) + self.bench.audit()
        if wrong:
            self.tallies["what was looked at"].wrong.append(wrong[0])
            print("VIOLATION what was looked at is not as it was", *("  " + one for one in wrong[:12]), sep="\n", flush=True)
        self.end()
        self.servers.clear()

    def sees_what_is_wrong(self, verb: Verb) -> None:
        """The check of the check: a crash in our code, an answer cut short, blame for the config, somebody's bug."""
        usual = self.usual[verb.name]
        crashes = [self.ask(verb, f"{len(self.sites[verb.name]) * part // 8}:crash") for part in range(1, 8)]        # some of them in a library's code
        ours = [told for told in crashes if "mediaferry" in self.crashed_in(told.err)]
        if any(told.code != -11 for told in crashes) or not ours:
            raise RuntimeError(f"the crashes that were asked for did not come: {crashes}")
        wrong = [*ours, Told(usual.code, usual.out[:len(usual.out) // 2], ""),
                 Told(78, "", "config.yaml:1:1: nothing"), Told(70, "", "this is a fault of mediaferry, please report it: std::bad_alloc"), Told(-99, "", "")]
        for told in wrong:
            if not self.ended_badly(verb, told, Tally(), changes=False):
                raise RuntimeError(f"this would not be seen as wrong: {told}")

    def round(self, verb: Verb, orders: list[str]) -> tuple[list[str], int]:
        """Failing runs in a row from one moment, and then one that heals: what is wrong, and how many runs that took."""
        bench, tally, wrong, tried = self.bench, self.tallies[verb.name], [], 0
        self.put_back(verb)
        for order in orders:
            told = self.ask(verb, order)
            tally.tried += 1
            tried += 1
            if site := self.site(verb, order):
                tally.places.add(site)
            bad = self.ended_badly(verb, told, tally, changes=True)
            wrong = ([bad] if bad else []) + ([] if verb.broken else bench.judge.now())
            if wrong or told.code == 0 or not verb.single:
                break
        if not wrong and verb.name in self.legs:
            wrong = [f"a file is set aside: {row['stage']} {row['reason_code']} {row['reason_text']}" for row in bench.judge.rows("SELECT * FROM step WHERE status = 'attention'")]
        if not wrong:
            audited = not (verb.broken or verb.unaudited) and self.random.random() < AUDITED
            wrong = self.heal(verb) or (bench.audit() if audited else []) or self.healer.leftovers()
        return wrong, tried

    def all_changes(self, until: float | None) -> None:
        verbs = self.chosen(self.changing)
        draws = {}
        over = lambda: self.stop.said if until is None else not self.before(until)
        for _ in range(QUICK_ROUNDS) if until is None else itertools.count():
            if not verbs or over():
                return
            for verb in verbs:
                if over():
                    return
                if verb.name not in draws:
                    self.put_back(verb)
                    self.look(verb)
                    draws[verb.name] = self.drawn(verb.name)
                orders = [self.order(*next(draws[verb.name])) for _ in range(IN_A_ROW)]
                wrong, tried = self.round(verb, orders)
                if wrong:
                    self.violated(verb, " ".join(orders[:tried]), wrong)

    def one(self, text: str) -> int:
        """Told at length. Several orders, separated by spaces, one after the other."""
        name, _, orders = text.rpartition("=")
        verb = next(verb for verb in [*self.asking, *self.runs.values()] if verb.name == name)
        changes = verb.name in self.runs
        self.put_back(verb)
        self.look(verb)
        self.put_back(verb)
        for order in orders.split():
            print(*self.trace(verb, order), sep="\n")
            told = self.ask(verb, order) if not changes else None
            print(told or "", self.bench.judge.now(), self.bench.judge.rows("SELECT stage, reason_code, reason_text FROM step WHERE status = 'attention'"), sep="\n")
        print("healed:", self.heal(verb) if changes else "", self.bench.audit(), self.healer.leftovers(), sep="\n")
        return 0

    # telling --------------------------------------------------------------------------------------------------------

    def results(self) -> Results:
        found = Results("allocations", "full" if self.given.full else "quick")
        groups = {"in a verb that only looks": [verb.name for verb in self.asking], "in a stage run": sorted(self.legs),
                  "in a verb that changes something": [name for name in self.runs if name not in self.legs]}
        for told, names in groups.items():
            names = [name for name in names if name in self.sites]
            tallies = [self.tallies[name] for name in names]
            tried, absorbed, said = (sum(getattr(tally, key) for tally in tallies) for key in ("tried", "absorbed", "told"))
            if tried:
                print(f"{told}: {tried} allocations failed, {said} said so, {absorbed} did their work all the same")
                found.add(f"the k-th allocation fails, once or from then on, {told}", tried, sum(len(tally.wrong) for tally in tallies),
                          f"in {len(tallies)} kinds", sum(len(tally.places) for tally in tallies), side_by_side.share(sum(len(self.sites[name]) for name in names), self.given.part))
        found.add("what was looked at is as it was", 1, len(self.tallies["what was looked at"].wrong))
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help=f"all verbs, a larger library, {FULL_SECONDS} s unless --seconds says otherwise")
    parser.add_argument("--seconds", type=float, help="stop beginning new trials after this long")
    parser.add_argument("--seed", type=int, default=1)
    side_by_side.arguments(parser)
    parser.add_argument("--only", default="", help="runs whose name contains this")
    parser.add_argument("--kind", choices=("asking", "changing"), help="only the verbs that look, or only what changes something")
    parser.add_argument("--one", metavar="RUN=k[:sticky]", help="one trial, or several in a row, told at length")
    parser.add_argument("--list", action="store_true", help="the runs")
    given = parser.parse_args()
    given.full = given.full or given.one is not None
    if given.processes > 1:
        return side_by_side.run("allocations", "full" if given.full else "quick", given.processes)
    stop = side_by_side.Stop()
    seconds = given.seconds or (FULL_SECONDS if given.full else None)
    with Bench(WHOLE if given.full else KEYS, "allocations") as bench:
        bench.prepare()
        work = Allocations(bench, given, stop)
        if given.list:
            print(*(verb.name for verb in [*work.asking, *work.changing]), sep="\n")
            return 0
        if given.one:
            work.runs = {name: verb for name, verb in work.runs.items() if given.one.startswith(name + "=")}
            work.record()
            return work.one(given.one)
        work.runs = {verb.name: verb for verb in work.chosen(work.changing)}
        began = time.monotonic()
        work.record()
        share = 1.0 if not work.runs else QUESTIONS_SHARE if work.chosen(work.asking) else 0.0
        if share:
            work.all_questions(began + seconds * share if seconds else None)
        work.all_changes(began + seconds if seconds else None)
        work.end()
    for where, count in work.deaths.most_common():
        print(f"{count:6} died in a library that does not bear it: {where}")
    for words, count in work.other_words.most_common(20):
        print(f"{count:6} said otherwise: {words}")
    return work.results().write()


if __name__ == "__main__":
    sys.exit(main())
