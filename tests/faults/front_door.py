#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault campaign there is, one line each, and the table of what they found.

    scripts/faults [--full] [--only NAME,NAME] [--resume] [--seed N] [--processes N]      runs them and prints the table
    scripts/faults --everything [--processes N]                          the same without a limit of time: every fault at every step
    scripts/faults --list                                                what there is
    scripts/faults --table                                               takes the kept results over into docs/reliability/ and makes
                                                                         docs/RELIABILITY.md's table of all that lie there

Each campaign keeps its result in a file of its own (results.py) as soon as it has ended. With --resume those are passed over that already have
one of this size and this commit, so that a long --full may be interrupted."""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import results
from results import SOURCE, Results, Row

BUILD = Path(os.environ.get("MEDIAFERRY_BUILD", SOURCE / "build" / "dev"))
HERE = Path(__file__).resolve().parent
PAGE = SOURCE / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- table: scripts/faults --table -->", "<!-- end of the table -->"


@dataclass
class Campaign:
    """`program`: a file beside this one with its words, run with --full (and --seed N if it `seeded`); or "bin/NAME" with its words, a program of the
    build. A program of the build is told MEDIAFERRY_FAULTS=quick|full and may print `ROW tried violations text` lines, which are kept for it."""
    name: str            # also the name of its result
    issue: str           # the point of the plan that it answers
    program: list[str]
    builds: tuple[str, ...] = ()
    seeded: bool = False
    dealt: bool = False          # knows --processes: shares of it run side by side
    all_there_is: str = ""       # its words for no limit of time, where --full has one


A_DAY = "--seconds 86400"
CAMPAIGNS = [
    Campaign("failpoints", "R1", ["failpoints.py"], seeded=True, dealt=True),
    Campaign("random_kills", "R1", ["random_kills.py"], seeded=True, dealt=True),
    Campaign("kills", "R3", ["campaign.py", "--only", "kills,again", "--as", "kills"], seeded=True, dealt=True, all_there_is="--everything"),
    Campaign("errors", "R2", ["campaign.py", "--only", "errors,reads", "--as", "errors"], seeded=True, dealt=True, all_there_is="--everything"),
    Campaign("allocations", "R10", ["allocations.py"], seeded=True, dealt=True, all_there_is=A_DAY),
    Campaign("durability", "R4", ["durability.py"]),
    Campaign("lying_icloud", "issue 3.4", ["lying_icloud.py"], builds=("lying_icloud",)),
    Campaign("power_cuts", "R4", ["power_cuts.py"], seeded=True, dealt=True, all_there_is="--everything"),
    Campaign("media_db_faults", "R2", ["media_db_faults.py"], seeded=True),
    Campaign("crowd", "R7", ["crowd.py"], seeded=True, dealt=True),
    Campaign("nas", "R5", ["campaign.py", "--only", "nas", "--as", "nas"], seeded=True, dealt=True, all_there_is="--everything"),
    Campaign("rot", "R6", ["rot.py"], seeded=True, all_there_is=A_DAY),
    Campaign("file_systems", "R13", ["file_systems.py"], builds=("contract_store", "contract_nas_archive", "contract_processing", "contract_cleanup", "unit_files", "unit_archive")),
    Campaign("soak", "R12", ["soak.py"], builds=("soak",), seeded=True),
    Campaign("exchange_kills", "R3", ["exchange_kills.py"], seeded=True),
    Campaign("malformed", "6", ["malformed_media.py"], seeded=True),
    Campaign("fuzz", "6", ["fuzz.py"], builds=("fuzz_replay",)),
    Campaign("hostile_names", "7", ["hostile_names.py"], seeded=True),
]
NEEDED = ("mediaferry", "modules", "fault_shim", "allocation_shim")


def size(full: bool) -> str:
    return "full" if full else "quick"


def kept(name: str, full: bool) -> dict | None:
    return results.latest(name, size(full))


def result_of_now(name: str, full: bool) -> bool:
    result = kept(name, full)
    return result is not None and result["commit"] == results.commit() and not any(row["violations"] for row in result["rows"])


def run(campaign: Campaign, given: argparse.Namespace) -> int:
    first, *words = campaign.program
    ours = first.endswith(".py")
    command = [sys.executable, str(HERE / first), *words] if ours else [str(BUILD / first), *words]
    command += ["--full"] if ours and given.full else []
    command += campaign.all_there_is.split() if given.everything else []
    command += ["--processes", str(given.processes)] if campaign.dealt and given.processes > 1 else []
    command += ["--seed", str(given.seed)] if campaign.seeded and given.seed is not None else []
    environment = os.environ | {"MEDIAFERRY_FAULTS": size(given.full)}
    if ours:
        return subprocess.run(command, env=environment, cwd=HERE).returncode
    found = Results(campaign.name, size(given.full), began=time.time())
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "ROW":
                tried, violations, what = rest.split(" ", 2)
                found.add(what, int(tried), int(violations))
            else:
                sys.stdout.write(line)
    if process.returncode != 0 and not any(row.violations for row in found.rows):
        found.add("the program itself", 1, 1, f"ended with {process.returncode}")
    return found.write()


def told(full: bool) -> list[dict]:
    return [result for campaign in CAMPAIGNS if (result := kept(campaign.name, full))]


def table(full: bool) -> str:
    """As Markdown. A result of another commit than most says so."""
    there = told(full)
    lines = ["| plan | what was tried | tried | violations | notes |", "|-|-|-:|-:|-|"]
    plan = {campaign.name: campaign.issue for campaign in CAMPAIGNS}
    for result in there:
        for row in result["rows"]:
            lines.append(f"| {plan[result['campaign']]} | {row['what']} | {row['tried']:,} | {row['violations']} | {Row(**row).remark()} |")
    tried, violations = (sum(row[key] for result in there for row in result["rows"]) for key in ("tried", "violations"))
    lines.append(f"| | **together** | **{tried:,}** | **{violations}** | |")
    commits = sorted({result["commit"].removesuffix("-dirty") for result in there})
    minutes = sum(result["seconds"] for result in there) / 60
    missing = [campaign.name for campaign in CAMPAIGNS if not kept(campaign.name, full)]
    lines += ["", f"`scripts/faults{' --full' if full else ''}`, {max((result['day'] for result in there), default='never')}, {minutes:.0f} minutes, commit {', '.join(commits)}."
              + (f" Not run: {', '.join(missing)}." if missing else "")]
    return "\n".join(lines)


def page_table() -> str:
    """What docs/RELIABILITY.md shows: of each campaign its release size if that was run, else the size of scripts/test, and which of the two it is."""
    lines = ["| campaign | plan | what was tried | tried | violations | size | commit | day |", "|-|-|-|-:|-:|-|-|-|"]
    rows = [(campaign.name, campaign.issue) for campaign in CAMPAIGNS] + [("mutants", "R11")]
    for name, issue in rows:
        if result := kept(name, True) or kept(name, False):
            word = "release" if result["size"] == "full" else "CI"
            for row in result["rows"]:
                remark = Row(**row).remark()
                what = row["what"] + (f" ({remark})" if remark else "")
                lines.append(f"| `{name}` | {issue} | {what} | {row['tried']:,} | {row['violations']} | {word} | {result['commit']} | {result['day']} |")
        else:
            lines.append(f"| `{name}` | {issue} | not run for this page | | | | | |")
    return "\n".join(lines)


def write_table() -> int:
    text = PAGE.read_text() if PAGE.exists() else f"# Reliability\n\n{BEGIN}\n{END}\n"
    if BEGIN not in text or END not in text:
        print(f"{PAGE} has no place for the table: a line {BEGIN} and a line {END}", file=sys.stderr)
        return 65
    for name in [*(campaign.name for campaign in CAMPAIGNS), "mutants"]:
        for full in (False, True):
            results.publish(name, size(full))
    before, rest = text.split(BEGIN, 1)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(before + BEGIN + "\n" + page_table() + "\n" + END + rest.split(END, 1)[1])
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="release size: everything, for hours; without it the size that scripts/test runs")
    parser.add_argument("--everything", action="store_true", help="--full, and no campaign stops before it has tried all there is")
    parser.add_argument("--processes", type=int, default=1, help="shares of a campaign side by side; one a core is about right")
    parser.add_argument("--only", help="names, separated by commas; see --list")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--resume", action="store_true", help="pass over what has a good result of this commit")
    parser.add_argument("--table", action="store_true", help="publish the kept results in docs/reliability/ and docs/RELIABILITY.md; runs nothing")
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    given.full = given.full or given.everything
    if given.list:
        for campaign in CAMPAIGNS:
            result = kept(campaign.name, True)
            print(f"{campaign.name:18} {campaign.issue:4} {' '.join(campaign.program):50} {'last full run ' + result['day'] + ' at ' + result['commit'] if result else ''}".rstrip())
        return 0
    if given.table:
        return write_table()
    names = given.only.split(",") if given.only else [campaign.name for campaign in CAMPAIGNS]
    unknown = set(names) - {campaign.name for campaign in CAMPAIGNS}
    if unknown:
        parser.error(f"there is no campaign {', '.join(sorted(unknown))}; see --list")
    chosen = [campaign for campaign in CAMPAIGNS if campaign.name in names]
    targets = [*NEEDED, *(target for campaign in chosen for target in campaign.builds)]
    if "MEDIAFERRY_BINARY" not in os.environ:
        subprocess.run([str(SOURCE / "scripts" / "build"), "dev", *targets], stdout=sys.stderr, check=True)
        os.environ["MEDIAFERRY_BINARY"] = str(BUILD / "bin" / "mediaferry")
    status = 0
    for campaign in chosen:
        if given.resume and result_of_now(campaign.name, given.full):
            print(f"== {campaign.name}: has a good result of this commit", file=sys.stderr)
            continue
        print(f"== {campaign.name}", file=sys.stderr, flush=True)
        began = time.monotonic()
        code = run(campaign, given)
        print(f"== {campaign.name}: {time.monotonic() - began:.0f} s" + (f", exit {code}" if code else ""), file=sys.stderr, flush=True)
        status = status or (1 if code else 0)
    print(table(given.full))
    return status


if __name__ == "__main__":
    sys.exit(main())
