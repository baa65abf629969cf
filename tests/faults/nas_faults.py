# SPDX-License-Identifier: GPL-3.0-or-later
"""A NAS that goes away, is swapped, fills up, or gives back other bytes than it was given, in the middle of a run; really mounted and unmounted
where this machine allows it."""

import os
import shutil
import signal
import subprocess
import sys
import time

from bench import STAGE_OF, Disk, Ended
from world import binary

MOST = 40                # calls of a leg that each fault is tried at in --full, spread over all of them
READERS = ("nas_archive", "nas_archive.settle", "icloud_delete")
SPOILED = ("read_flip", "read_EIO", "read_ESTALE:sticky", "read_flip:sticky")
REFUSED = ("ENOSPC:sticky", "EDQUOT:sticky", "EROFS:sticky", "ESTALE:sticky", "EIO:sticky", "EIO_after", "ESTALE", "short", "EOPNOTSUPP")


class NasFaults:
    def __init__(self, campaign):
        self.campaign, self.bench = campaign, campaign.bench
        self.at = self.bench.world.nas

    def run(self) -> None:
        given, quick = self.campaign.given, self.campaign.given.per_leg == 2
        self.some = some = 1 if quick else given.per_leg or (0 if given.everything else MOST)
        for leg in READERS[:1] if quick else READERS:
            reads = 12
            for what in SPOILED:
                for k in self.campaign.sample(reads, some):
                    if self.campaign.over():
                        break
                    self.campaign.error(leg, what, k, "/nas/", name="nas reads badly")
            calls = [call for call in self.bench.calls(leg) if " /nas/" in call]
            for what in (REFUSED[::2] if quick else REFUSED) if calls else ():
                for k in self.campaign.sample(len(calls), some):
                    if self.campaign.over():
                        break
                    self.campaign.error(leg, what, k, "/nas/", name="nas refuses")
        if self.bench.disk.mounted:
            self.lives()

    # really mounted -------------------------------------------------------------------------------------------------

    def lives(self) -> None:
        shutil.rmtree(self.at)
        self.disk, self.other = Disk(self.at, 200), None
        if not self.disk.mounted:
            return print("note: the NAS cannot be mounted here: it was not unmounted, swapped or filled either", file=sys.stderr)
        try:
            for leg in READERS[:1]:
                calls = [call for call in self.bench.calls(leg) if " /nas/" in call]
                for kind in ("unmounted", "replaced by an empty disk", "mounted anew", "read-only", "full"):
                    for k in self.campaign.sample(len(calls), self.some):
                        if not self.campaign.over():
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
        if stopped:
            self.befall(kind)
            process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=120)
        wrong = self.aftermath(kind, Ended(process.returncode, err)) if stopped else []
        wrong = wrong or bench.judge.now() or campaign.heal(leg) or bench.audit() or campaign.leftovers(leg)
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
        if kind in ("unmounted", "replaced by an empty disk", "mounted anew"):
            self.mount("umount", "-l", str(self.at))
        if kind == "replaced by an empty disk":
            self.other = Disk(self.at, 64)
        if kind == "mounted anew":
            self.mount("mount", "-o", "loop", str(self.disk.image), str(self.at))
        if kind == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", str(self.at)], capture_output=True)     # refused while a file is open for writing
        if kind == "full":
            with open(self.at / ".ballast", "wb") as file:
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
        if kind == "replaced by an empty disk":
            wrong += [f"written to another disk: {name}" for name in os.listdir(self.at) if name != "lost+found"]
            self.mount("umount", str(self.at))
            self.forget_other()
            self.mount("mount", "-o", "loop", str(self.disk.image), str(self.at))
        if kind == "read-only":
            self.mount("mount", "-o", "remount,rw", str(self.at))
        if kind == "full":
            (self.at / ".ballast").unlink()
        told = self.bench.world.value("SELECT reason_code FROM run ORDER BY id DESC LIMIT 1")
        if ended.code == 69 and not (told or "").startswith("nas."):
            wrong.append(f"the run says {told!r}, and it was the NAS: {ended.err.strip().splitlines()[-1:]}")
        return wrong
