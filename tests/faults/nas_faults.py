# SPDX-License-Identifier: GPL-3.0-or-later
"""A NAS that goes away, is swapped, fills up, or gives back other bytes than it was given, in the middle of a run; really mounted and unmounted
where this machine allows it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid

from bench import STAGE_OF, Disk, Ended
from world import binary

READERS = ("nas_archive", "nas_archive.settle", "icloud_delete")
SPOILED = ("read_flip", "read_EIO", "read_ESTALE:sticky", "read_flip:sticky")
REFUSED = ("ENOSPC:sticky", "EDQUOT:sticky", "EROFS:sticky", "ESTALE:sticky", "EIO:sticky", "EIO_after", "ESTALE", "short", "EOPNOTSUPP")


LIVES = ("unmounted", "replaced by an empty disk", "replaced by another archive", "mounted anew", "read-only", "full", "without room for names", "frozen for a while")
READS = 12              # of the NAS's files in one stage run: the first so many are spoiled in turn
FROZEN = 0.4            # seconds
NAMES = 512             # that the NAS's file system has room for
MARKER, BALLAST = ".mediaferry-nas", ".ballast"


class NasFaults:
    def __init__(self, campaign):
        self.campaign, self.bench = campaign, campaign.bench
        self.at = self.bench.world.nas

    def calls(self, leg: str) -> int:
        return sum(" /nas/" in call for call in self.bench.calls(leg))

    def run(self) -> None:
        campaign = self.campaign
        for leg, what, k in campaign.drawn([(leg, what, k) for leg in READERS for what in SPOILED for k in range(1, READS + 1)], "nas reads badly"):
            campaign.error(leg, what, k, "/nas/", name="nas reads badly")
        refused = [(leg, what, k) for leg in READERS for count in [self.calls(leg)] for what in REFUSED for k in range(1, count + 1)]
        for leg, what, k in campaign.drawn(refused, "nas refuses"):
            campaign.error(leg, what, k, "/nas/", name="nas refuses")
        if self.bench.disk.mounted:
            self.lives()

    # really mounted -------------------------------------------------------------------------------------------------

    def lives(self) -> None:
        shutil.rmtree(self.at)
        self.disk, self.other = Disk(self.at, 200, NAMES), None
        if not self.disk.mounted:
            return print("note: the NAS cannot be mounted here: it was not unmounted, swapped or filled either", file=sys.stderr)
        try:
            leg = READERS[0]
            for kind, k in self.campaign.drawn([(kind, k) for count in [self.calls(leg)] for kind in LIVES for k in range(1, count + 1)], "nas lives"):
                self.life(leg, kind, k)
        finally:
            self.forget_other()
            self.disk.remove()

    def life(self, leg: str, kind: str, k: int) -> None:
        campaign, bench = self.campaign, self.bench
        tally = campaign.tallies["nas " + kind, leg]
        bench.put_back(leg)
        process = subprocess.Popen([str(binary()), "--run-stage", STAGE_OF[leg]], env=bench.environment(f"pause:{k}:/nas/"), cwd=bench.root, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stopped = self.stops(process)
        tally.trials += 1
        tally.hit += stopped
        tally.points.add(k)
        if stopped:
            self.befall(kind)
            process.send_signal(signal.SIGCONT)
        if stopped and kind.startswith("frozen"):
            time.sleep(FROZEN)
            self.mount("fsfreeze", "-u", str(self.at))
        out, err = process.communicate(timeout=120)
        wrong = self.aftermath(kind, Ended(process.returncode, err)) if stopped else []
        wrong = wrong or bench.judge.now() or campaign.heal(leg) or bench.audit() or campaign.leftovers()
        campaign.violated("nas " + kind, leg, f"at call {k}", wrong)

    @staticmethod
    def stops(process: subprocess.Popen) -> bool:
        """Waits until the shim has stopped it; False when it ended without getting there."""
        while True:
            pid, status = os.waitpid(process.pid, os.WUNTRACED | os.WNOHANG)
            if pid and os.WIFSTOPPED(status):
                return True
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return False
            time.sleep(0.005)

    def mount(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True)

    def befall(self, kind: str) -> None:
        marker = json.loads((self.at / MARKER).read_text())
        if kind.startswith(("unmounted", "replaced", "mounted anew")):
            self.mount("umount", "-l", str(self.at))
        if kind.startswith("replaced"):
            self.other = Disk(self.at, 64)
        if kind == "replaced by another archive":
            (self.at / MARKER).write_text(json.dumps(marker | {"uuid": str(uuid.uuid4())}))
        if kind == "mounted anew":
            self.mount("mount", "-o", "loop", str(self.disk.image), str(self.at))
        if kind == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", str(self.at)], capture_output=True)     # refused while a file is open for writing
        if kind == "frozen for a while":
            self.mount("fsfreeze", "-f", str(self.at))
        if kind == "without room for names":
            (self.at / BALLAST).mkdir()
            for number in range(NAMES):
                try:
                    (self.at / BALLAST / str(number)).touch()
                except OSError:
                    break
        if kind == "full":
            with open(self.at / BALLAST, "wb") as file:
                try:
                    while True:
                        file.write(bytes(1 << 20))
                        file.flush()
                except OSError:
                    pass

    def forget_other(self) -> None:
        if self.other:
            self.other.remove()
            self.other = None

    def aftermath(self, kind: str, ended: Ended) -> list[str]:
        """What must hold while the NAS is still away; then it comes back."""
        wrong = []
        if ended.code < 0 or ended.code == 70:
            wrong.append(f"ended with {ended.code}: {ended.err.strip().splitlines()[-1:]}")
        if kind == "unmounted":
            wrong += [f"written below the mount point: {name}" for name in os.listdir(self.at)]
            self.mount("mount", "-o", "loop", str(self.disk.image), str(self.at))
        if kind.startswith("replaced"):
            wrong += [f"written to another disk: {name}" for name in os.listdir(self.at) if name not in ("lost+found", MARKER)]
            self.mount("umount", str(self.at))
            self.forget_other()
            self.mount("mount", "-o", "loop", str(self.disk.image), str(self.at))
        if kind == "read-only":
            self.mount("mount", "-o", "remount,rw", str(self.at))
        if kind == "full":
            (self.at / BALLAST).unlink()
        if kind == "without room for names":
            shutil.rmtree(self.at / BALLAST)
        told = self.bench.world.value("SELECT reason_code FROM run ORDER BY id DESC LIMIT 1")
        if ended.code == 69 and not (told or "").startswith("nas."):
            wrong.append(f"the run says {told!r}, and it was the NAS: {ended.err.strip().splitlines()[-1:]}")
        return wrong
