# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches a crowd (crowd.py) from outside: the kernel's lists of processes and open files, the rows of media.db; it asks mediaferry nothing."""

import os
import re
import sqlite3
import time
from pathlib import Path

from bench import Bench
from crowd_members import Member

SECONDS_BETWEEN = 0.08          # the looks at every open file
OWN_FOLDERS = ("incoming", "backup", "compress", "delete_pending", "library")


class Watch:
    def __init__(self, bench: Bench):
        self.bench = bench
        state = bench.root / "state" / "state"
        self.lock, self.slots = state / "daemon.lock", state / "locks"
        self.photos = tuple(str(bench.world.home / folder) + "/" for folder in OWN_FOLDERS)
        self.last = 0.0
        self.before = set(self.here())
        self.twice = bench.disk.at / "icloudpd-twice"
        self.guard_icloudpd()

    def guard_icloudpd(self) -> None:
        """icloudpd's stand-in notices another one of itself. One whose run was killed may need a moment to follow it."""
        script = self.bench.disk.at / "icloudpd"
        text = script.read_text()
        guard = ("import fcntl, time\n"
                 f"turn, late = open({str(self.bench.disk.at / 'icloudpd-turn')!r}, 'w'), time.monotonic() + 3\n"
                 "while True:\n"
                 "    try:\n        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        break\n"
                 "    except OSError:\n"
                 f"        if time.monotonic() > late:\n            open({str(self.twice)!r}, 'a').write('x')\n            break\n"
                 "        time.sleep(0.02)\n")
        script.write_text(text.replace("import os, sys\n", "import os, sys\n" + guard, 1))

    # processes ----------------------------------------------------------------------------------------------------------

    def here(self) -> list[int]:
        """Whose working directory is this world's: ours, theirs, and what those started."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if os.readlink(f"/proc/{entry}/cwd") == str(self.bench.root):
                        found.append(int(entry))
                except OSError:
                    pass
        return found

    @staticmethod
    def open_files(pid: int) -> set[str]:
        found = set()
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                try:
                    found.add(os.readlink(f"/proc/{pid}/fd/{number}"))
                except OSError:
                    pass
        except OSError:
            pass
        return found

    def gone(self) -> list[str]:
        """Nothing that a crowd started outlives it."""
        deadline = time.monotonic() + 30
        while (left := set(self.here()) - self.before) and time.monotonic() < deadline:
            time.sleep(0.02)
        told = []
        for pid in left:
            try:
                told.append(f"process {pid} outlives the crowd: " + Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
            except OSError:
                pass
        if self.twice.exists():
            self.twice.unlink()
            told.append("icloudpd ran twice at once")
        return told

    # looking ------------------------------------------------------------------------------------------------------------

    def look(self, members: list[Member]) -> list[str]:
        wrong = self.leaders(members)
        if time.monotonic() - self.last > SECONDS_BETWEEN:
            wrong += self.runs()
            self.last = time.monotonic()
        return wrong

    def leaders(self, members: list[Member]) -> list[str]:
        """Of those that said that they lead, two that live and hold the lock's file at one time."""
        leading = [member for member in members if member.kind == "daemon" and member.process.poll() is None and member.begins_to_lead()]
        if len(leading) < 2:
            return []
        holding = [member for member in leading if any(file.startswith(str(self.lock)) for file in self.open_files(member.process.pid))]
        return [f"{len(holding)} daemons lead at once: processes {[member.process.pid for member in holding]}"] if len(holding) > 1 else []

    def runs(self) -> list[str]:
        """Runs that media.db calls open and that live: none in another's slot, none with a photo open that another of its stage has open."""
        try:
            connection = sqlite3.connect(f"file:{self.bench.world.database}?mode=ro", uri=True, timeout=5)
        except sqlite3.OperationalError:
            return []                   # not made yet
        try:
            rows = connection.execute("SELECT id, stage, slot, pid FROM run WHERE finished_at IS NULL").fetchall()
        except sqlite3.Error:
            return []
        finally:
            connection.close()
        files = {pid: self.open_files(pid) for _, _, _, pid in rows}
        wrong = []
        for at, (one, stage, slot, pid) in enumerate(rows):
            for other, other_stage, other_slot, other_pid in rows[:at]:
                if stage != other_stage or pid == other_pid:
                    continue
                lock = str(self.slots / f"stage-{stage}.{slot}")
                if slot == other_slot and lock in files[pid] & files[other_pid]:
                    wrong.append(f"two runs of {stage} in slot {slot}: {other} (process {other_pid}) and {one} (process {pid})")
                both = {file for file in files[pid] & files[other_pid] if file.startswith(self.photos) and re.search(r"\.\w{2,5}$", file)}
                # Not at one instant: it counts if the first still has it after the second was looked at.
                for file in both & self.open_files(pid) & self.open_files(other_pid):
                    wrong.append(f"two runs of {stage} have {file} open: {other} and {one}")
        return wrong
