#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile names and places. Before each stage a trap is laid where the stage reads or will write: a link, a pipe, a socket, a device, a hard link in the
place of a file or of a folder; names that no one chose in good faith. Whatever the stage does: the place outside is neither read nor written (the
kernel reports), nothing is lost, nothing crashes or hangs, and if it stops something the trap is named. Without the trap all is finished as ever.

    hostile_names.py [--full] [--most N] [--leg NAME] [--one TEXT] [--seed N]"""

import argparse
import json
import random
import re
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
import world as worlds
from bench import LEGS, STAGE_OF, Bench
from judge import File
from results import Results
from traps import HARD, IN_A_FILES_PLACE, IN_A_FOLDERS_PLACE, LISTED, ON_DISK, Outside

SMALL = ["live", "edited", "twin-1"]
WHOLE = SMALL + ["raw-pair", "edited-video", "screenshot", "clip", "double", "double-2"]
PLACES = ("media", "nas")
# In every stage it is our own or Syncthing's business what stands there.
NOT_A_PLACE = re.compile(r"^media/pixel_sync(/\.st|$)|/\.stfolder|mediaferry-canary|^nas$|^media(/[a-z_]+)?$|lost\+found")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
FINE = (0, 1, 65, 69, 75, 77)


class Campaign:
    def __init__(self, bench: Bench, given: argparse.Namespace):
        self.bench, self.given, self.random = bench, given, random.Random(given.seed)
        self.outside = Outside(bench.disk.at / "outside")
        self.tried: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    # places ---------------------------------------------------------------------------------------------------------

    def below(self, root: Path) -> dict[str, bool]:
        """relative path -> whether it is a folder"""
        found = {}
        for place in PLACES:
            for path in [root / place, *(root / place).rglob("*")]:
                name = str(path.relative_to(root))
                if not NOT_A_PLACE.search(name) and not path.is_symlink():
                    found[name] = path.is_dir()
        return found

    def places(self, leg: str) -> dict[str, bool]:
        """What is there before the leg, and what it will make."""
        bench = self.bench
        bench.put_back(leg)
        there = self.below(bench.root)
        bench.run(STAGE_OF[leg])
        return there | self.below(bench.root)

    def trials(self) -> list[tuple[str, str, str]]:
        """(leg, place, trap)"""
        all_of_them = []
        for leg, _ in LEGS:
            if self.given.leg in (None, leg):
                for place, is_folder in sorted(self.places(leg).items()):
                    all_of_them += [(leg, place, kind) for kind in (IN_A_FOLDERS_PLACE if is_folder else IN_A_FILES_PLACE)]
        if self.given.one:
            return [trial for trial in all_of_them if self.given.one in " ".join(trial)]
        if len(all_of_them) <= self.given.most:
            return all_of_them
        return self.spread(all_of_them)

    def spread(self, all_of_them: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        """A sample in which each kind of trap in each working folder comes before a second one of it."""
        groups: dict[tuple, list] = {}
        for trial in all_of_them:
            leg, place, kind = trial
            groups.setdefault(("/".join(place.split("/")[:2]) if place.startswith("media") else "nas", kind), []).append(trial)
        for group in groups.values():
            self.random.shuffle(group)
        keys = sorted(groups)
        self.random.shuffle(keys)
        chosen = []
        while len(chosen) < self.given.most:
            for key in keys:
                if groups[key] and len(chosen) < self.given.most:
                    chosen.append(groups[key].pop())
        return sorted(chosen, key=lambda trial: [leg for leg, _ in LEGS].index(trial[0]))

    # one trial ------------------------------------------------------------------------------------------------------

    def trial(self, leg: str, place: str, kind: str) -> None:
        what, wrong = self.lay(leg, place, kind)
        if wrong and all(one.endswith(("opened", "read")) for one in wrong):
            what, wrong = self.lay(leg, place, kind)        # somebody else on this machine may look around, but hardly twice just now
        if what:
            self.tried[what] += 1
            self.tell(what, f"{leg} [{place}: {kind}]", wrong)

    def lay(self, leg: str, place: str, kind: str) -> tuple[str, list[str]]:
        bench = self.bench
        bench.put_back(leg)
        self.outside.fresh()
        path = bench.root / place
        is_folder = kind in IN_A_FOLDERS_PLACE and (path.is_dir() or kind not in IN_A_FILES_PLACE)
        kept = bench.disk.at / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        was_there = path.exists()
        if was_there:
            kept.mkdir()
            self.copy(path, kept / path.name)
        lay = IN_A_FOLDERS_PLACE[kind] if is_folder else IN_A_FILES_PLACE[kind]
        if lay(path, self.outside.at) is False:
            return "", []
        self.outside.watch()
        ended = bench.run(STAGE_OF[leg])
        wrong = self.outside.touched(linked=kind in HARD)
        if ended.code not in FINE:
            wrong.append(f"ended with {ended.code}: {ended.err.strip().splitlines()[-3:]}")
        if ended.code != 0 and path.name not in self.said(ended.err):
            wrong.append(f"exit {ended.code}, and nobody names {path.name}: {self.said(ended.err).strip().splitlines()[-4:]}")
        wrong += self.unsafe_deletions()
        # What the phone is sent once more has another name: the one that the trap took does not come back.
        sent_again = place.startswith("media/pixel_sync") and kind != "a hard link to the same content outside"
        self.put_right(path, kept / path.name if was_there and not sent_again else None)
        wrong = wrong or self.heal(leg)
        if wrong:
            wrong += [f"the steps say: {line}" for line in self.said("").strip().splitlines()[:4]]
        return f"{kind} in a {'folder' if is_folder else 'file'}'s place", wrong

    def tell(self, what: str, which: str, wrong: list[str]) -> None:
        if wrong:
            self.wrong[what] += 1
            print(f"VIOLATION {which}", *("  " + one for one in wrong[:10]), sep="\n", flush=True)

    @staticmethod
    def copy(path: Path, to: Path) -> None:
        shutil.copytree(path, to, symlinks=True) if path.is_dir() else shutil.copy2(path, to)

    def put_right(self, path: Path, before: Path | None) -> None:
        """The trap goes; what had been there comes back unless the stage has put something of its own there."""
        trap = path.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir())
        if path.is_dir() and not path.is_symlink() and before is not None and before.is_file():
            shutil.rmtree(path)
        if trap or (before is not None and before.is_file() and path.is_file() and File(path).sha256 != File(before).sha256):
            path.unlink()
        if before is None and path.is_file() and path.stat().st_nlink > 1:
            path.unlink()
        if before is None and path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
        if before is not None and not path.exists() and path.parent.is_dir():
            self.copy(before, path)

    def said(self, err: str) -> str:
        """What a person can read of it, on the terminal and in status."""
        bench = self.bench
        told = [err]
        for sql in ("SELECT reason_text FROM step WHERE reason_text IS NOT NULL", "SELECT reason_text FROM run WHERE reason_text IS NOT NULL",
                    "SELECT reason_text FROM resource WHERE reason_text IS NOT NULL"):
            told += [str(row[0]) for row in bench.judge.rows(sql)]
        return "\n".join(told)

    def unsafe_deletions(self) -> list[str]:
        """While a trap stands the judge sees less than there is; that nothing unproven is deleted holds all the same. What the trap itself took from
        the NAS counts as being there: it was read a moment ago (icloud_delete.fresh_within)."""
        places = (self.bench.world.nas, self.outside.at, self.bench.disk.at / "kept")
        on_nas = {file.apple for place in places for file in self.bench.judge.files(place).values()}
        wrong = []
        for key, asset in self.bench.judge.icloud().items():
            if asset["deleted"]:
                wrong += [f"LOST? {key} is deleted from iCloud and its {kind} is not on the NAS" for kind, one in asset["resources"].items() if one["checksum"] not in on_nas]
        return wrong

    def heal(self, leg: str) -> list[str]:
        bench = self.bench
        wrong: list[str] = []
        for _ in range(4):
            bench.run(STAGE_OF[leg])
            bench.world.run("release", "--all")
            for stage in self.sent_back(leg):
                bench.run(stage)
            ended = bench.run(STAGE_OF[leg])
            wrong = bench.judge.now() + self.unfinished(leg)
            if ended.code == 0 and not wrong:
                return []
        return wrong or [f"the healing run ended with {ended.code}: {ended.err.strip().splitlines()[-2:]}"]

    def sent_back(self, leg: str) -> list[str]:
        """The stages before this one that have work again: what the phone was given wrongly is sent once more."""
        pending = {row[0] for row in self.bench.judge.rows("SELECT DISTINCT stage FROM step WHERE status = 'pending' AND open = 1")}
        earlier = dict.fromkeys(stage for _, stage in LEGS[:[name for name, _ in LEGS].index(leg)])
        return [stage for stage in earlier if stage in pending and stage != STAGE_OF[leg]]

    def unfinished(self, leg: str) -> list[str]:
        """Every step is as after an undisturbed run; names may differ."""
        def steps(portrait): return portrait["steps"]
        return self.bench.judge.differences({"steps": steps(self.bench.reference[leg])}, {"steps": steps(self.bench.judge.portrait())})

    # names on disk --------------------------------------------------------------------------------------------------

    def names_on_disk(self) -> None:
        """Junk under every odd name, in every folder, through every stage: it is set aside, or left alone, and never in the way."""
        bench = self.bench
        names = ON_DISK
        for leg in ("download", "nas_archive", "cleanup") if not self.given.full else [leg for leg, _ in LEGS]:
            bench.put_back(leg)
            self.outside.fresh()
            self.outside.watch()
            planted = []
            for folder in ("media/incoming", "media/backup", "media/compress", "media/library", "media/delete_pending", "media/trash", "nas"):
                for sub in ("", *(str(p.relative_to(bench.root / folder)) for p in (bench.root / folder).rglob("*") if p.is_dir())):
                    for name in names:
                        path = Path(bytes(bench.root / folder / sub).decode() + "/" + name.decode("utf-8", "surrogateescape"))
                        path.write_bytes(b"junk " + name)
                        planted.append(path)
            ended = bench.world.run_bytes("--run-stage", STAGE_OF[leg])
            err = ended.err
            wrong = self.outside.touched()
            if ended.code not in FINE:
                wrong.append(f"ended with {ended.code}: {err.strip().splitlines()[-3:]}")
            if CONTROL.search(err):
                wrong.append(f"control characters on the terminal: {CONTROL.search(err)}")
            for verb in (["status", "--json"], ["attention", "--json"], ["audit", "--json"]):
                wrong += self.reads(verb)
            for path in planted:
                if path.is_file() and path.read_bytes().startswith(b"junk "):
                    path.unlink()
            shutil.rmtree(bench.root / "media/trash/set_aside", ignore_errors=True)
            wrong = wrong or self.heal(leg)
        if wrong:
            wrong += [f"the steps say: {line}" for line in self.said("").strip().splitlines()[:4]]
            self.tried["odd names in the folders"] += len(names)
            self.tell("odd names in the folders", f"{leg} [names]", wrong)

    def reads(self, verb: list[str]) -> list[str]:
        done = self.bench.world.run_bytes(*verb)
        if done.code not in FINE:
            return [f"{' '.join(verb)} ended with {done.code}: {done.err.strip()[-300:]}"]
        try:
            json.loads(done.out)
        except ValueError:
            return [f"{' '.join(verb)} is no JSON: {done.out[:200]!r}"]
        return []


def prepare(bench: Bench, names: list[str], found: Results) -> None:
    """The whole way once, with assets that iCloud lists under such names: they stay in their folders."""
    described = {asset["key"]: asset for asset in json.loads((worlds.sample() / "library.json").read_text())["assets"]}["twin-1"]
    original = (worlds.sample() / described["resources"]["original"]["file"]).read_bytes()
    for at, name in enumerate(names):
        file = bench.disk.at / "library" / f"listed-{at}.jpg"
        file.write_bytes(original + b"%d" % at)
        bench.world.icloud.call("add", base=str(file.parent), spec=described | {
            "key": f"listed-{at}", "filename": name, "date": described["date"] + at * 1000, "resources": {"original": {"file": file.name, "type": "public.jpeg"}}})
    outside = Outside(bench.disk.at / "outside")
    outside.fresh()
    outside.watch()
    wrong = []
    try:
        bench.prepare()
    except RuntimeError as error:
        wrong.append(str(error))
    places = [bench.root / "media", bench.root / "nas", bench.disk.at / "moments", bench.disk.at / "brought"]
    wrong += outside.touched() + [f"{path} lies outside its folders" for path in bench.disk.at.rglob("*escaped*") if not any(path.is_relative_to(place) for place in places)]
    if wrong:
        print("VIOLATION names from iCloud", *wrong, sep="\n  ", flush=True)
    found.add("names that iCloud lists (.., /, newlines, 300 bytes, CON, …), the whole way", len(names), int(bool(wrong)))
    if wrong:
        raise SystemExit(found.write())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--most", type=int, help="traps laid, at most")
    parser.add_argument("--leg", choices=[leg for leg, _ in LEGS])
    parser.add_argument("--one", metavar="TEXT", help="only traps whose leg, place and kind contain it")
    parser.add_argument("--only", default="traps,disk,listed")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.most = given.most or (100_000 if given.full else 12)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = Results("hostile_names", "full" if given.full else "quick")
    parts = given.only.split(",")
    if given.full and "listed" in parts:
        with Bench(["twin-2"], "listed") as bench:
            prepare(bench, LISTED, found)
    if parts == ["listed"]:
        return found.write()
    with Bench(WHOLE if given.full else SMALL, "hostile") as bench:
        if given.full:
            bench.prepare()
        else:
            prepare(bench, LISTED[:8:2] if "listed" in parts else [], found)
        print(f"prepared in {time.monotonic() - began:.1f} s", file=sys.stderr)
        campaign = Campaign(bench, given)
        for trial in campaign.trials() if "traps" in parts else ():
            campaign.trial(*trial)
        if "disk" in parts:
            campaign.names_on_disk()
        for what in sorted(campaign.tried):
            found.add(what, campaign.tried[what], campaign.wrong[what])
    code = found.write()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
