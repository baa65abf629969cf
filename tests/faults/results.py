# SPDX-License-Identifier: GPL-3.0-or-later
"""What the campaigns found, kept from run to run below build/faults/results/: one file a campaign and size, so that a long `scripts/faults --full`
can be taken up again part by part. `scripts/faults --table` takes them over into docs/reliability/, which is under version control: from there it
makes docs/RELIABILITY.md's table of what really ran, on whichever machine, at whichever commit."""

import json
import os
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

SOURCE = Path(os.environ.get("MEDIAFERRY_SOURCE", Path(__file__).resolve().parents[2]))
FOLDER = Path(os.environ.get("MEDIAFERRY_RESULTS", SOURCE / "build" / "faults" / "results"))
PUBLISHED = SOURCE / "docs" / "reliability"
STARTED = time.time()       # of the campaign's process


def read(file: Path) -> dict | None:
    return json.loads(file.read_text()) if file.exists() else None


def latest(campaign: str, size: str) -> dict | None:
    """Its last result: of this machine, or published by any."""
    found = [one for folder in (PUBLISHED, FOLDER) if (one := read(folder / f"{campaign}.{size}.json"))]
    return max(reversed(found), key=lambda one: one["day"], default=None)       # of one day: this machine's


def publish(campaign: str, size: str) -> None:
    if (found := latest(campaign, size)) and found != read(PUBLISHED / f"{campaign}.{size}.json"):
        PUBLISHED.mkdir(parents=True, exist_ok=True)
        (PUBLISHED / f"{campaign}.{size}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def commit() -> str:
    """The source that is being tried."""
    return subprocess.run(["git", "-C", str(SOURCE), "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()


@dataclass
class Row:
    what: str            # "kill -9 at each named failpoint", as a reader of docs/RELIABILITY.md wants it
    tried: int           # trials that ran to their end
    violations: int
    note: str = ""       # what was skipped and why; what it was tried on
    places: int = 0      # different failpoints, calls, … among them, where that can be said
    possible: int = 0    # what they were drawn from; 0: all there are

    def remark(self) -> str:
        """The note for a reader, with the numbers."""
        return ", ".join(word for word in (f"{self.places:,} different places" if self.places else "", self.note,
                                           f"drawn from {self.possible:,}" if self.possible > self.tried else "") if word)


@dataclass
class Results:
    """One campaign's rows. `size` is "quick" (what scripts/test runs) or "full"."""
    campaign: str
    size: str
    rows: list[Row] = field(default_factory=list)
    began: float = STARTED

    def add(self, what: str, tried: int, violations: int, note: str = "", places: int = 0, possible: int = 0) -> None:
        self.rows.append(Row(what, tried, violations, note, places, possible))

    def add_up(self, rows: list[dict]) -> None:
        """Another part's rows: what has the same words is added, numbers to numbers."""
        for row in (Row(**one) for one in rows):
            if there := next((one for one in self.rows if one.what == row.what), None):
                for number in ("tried", "violations", "places", "possible"):
                    setattr(there, number, getattr(there, number) + getattr(row, number))
            else:
                self.rows.append(row)

    def write(self) -> int:
        """Keeps the rows, prints them, and gives the exit code: 1 if anything was violated or nothing was tried."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        kept = {"campaign": self.campaign, "size": self.size, "commit": commit(), "day": time.strftime("%Y-%m-%d", time.gmtime(self.began)),
                "seconds": round(time.time() - self.began), "rows": [asdict(row) for row in self.rows]}
        (FOLDER / f"{self.campaign}.{self.size}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
        for row in self.rows:
            print(f"{self.campaign:12} {row.what:70} {row.tried:8} tried {row.violations:4} violations  {row.remark()}")
        return 1 if any(row.violations for row in self.rows) or not any(row.tried for row in self.rows) else 0
