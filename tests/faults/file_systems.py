#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same house on other file systems: a whole crossing of the photos with the NAS, and with the home, on each of them, and the contract tests that touch
files and archives there. A file system that cannot do what an archive needs must be refused in words when the archive is enrolled, never later,
and never prove anything wrongly.

    file_systems.py [--full] [--only ext4,xfs,btrfs,tmpfs,bindfs,ntfs,exfat,fat,nfs,samba] [--no-contracts] [--one KIND]

--full: all of them, the whole sample library and all contract programs. What the kernel or a tool of this machine cannot do is skipped, and said."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "support"), str(Path(__file__).resolve().parent)]
from bench import LEGS, Bench
from campaign import SMALL, WHOLE
from results import Results
from share_bench import ShareBench
from world import BUILD

FIT, UNFIT = "fit", "unfit"


@dataclass
class Kind:
    name: str
    make: list[str]                     # the file system into the image; empty: it needs none
    mount: list[str]                    # with {image}, {device}, {below} and {at}
    nas: str = FIT                      # whether an archive may lie there
    home: bool = True                   # whether the house itself may
    because: str = ""                   # what `archive init` says where it may not
    through: bool = False               # FUSE: other proofs and other times by design; the crossings judge it, the contract tests are written for disks
    megabytes: int = 300
    needs: list[str] = field(default_factory=list)      # programs

    def tools(self) -> list[str]:
        return [words[0] for words in (self.make, self.mount) if words] + self.needs


KINDS = [
    Kind("ext4", ["mkfs.ext4", "-q", "-F", "-m", "0"], ["mount", "-t", "ext4", "{device}", "{at}"]),
    Kind("xfs", ["mkfs.xfs", "-q", "-f"], ["mount", "-t", "xfs", "{device}", "{at}"], megabytes=400),
    Kind("btrfs", ["mkfs.btrfs", "-q", "-f"], ["mount", "-t", "btrfs", "{device}", "{at}"], megabytes=400),
    Kind("ext4 without a journal", ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal"], ["mount", "-t", "ext4", "{device}", "{at}"]),
    Kind("tmpfs", [], ["mount", "-t", "tmpfs", "-o", "size=300m", "mediaferry", "{at}"], nas=UNFIT, because="only be read from memory"),
    Kind("bindfs", [], ["bindfs", "{below}", "{at}"], through=True),
    Kind("ntfs", ["mkfs.ntfs", "-F", "-Q"], ["ntfs-3g", "{device}", "{at}"], home=False),
    Kind("exfat", ["mkfs.exfat"], ["mount.exfat-fuse", "{device}", "{at}"], nas=UNFIT, home=False, because="neither rename a file without overwriting"),
    Kind("fat", ["mkfs.vfat", "-F", "32"], ["fusefat", "-o", "rw+", "{device}", "{at}"], nas=UNFIT, home=False, because="neither rename a file without overwriting"),
    Kind("exfat by the kernel", ["mkfs.exfat"], ["mount", "-t", "exfat", "-o", "iocharset=utf8", "{device}", "{at}"], home=False),
    Kind("fat by the kernel", ["mkfs.vfat", "-F", "32"], ["mount", "-t", "vfat", "-o", "iocharset=utf8", "{device}", "{at}"], home=False),
    Kind("ntfs by the kernel", ["mkfs.ntfs", "-F", "-Q"], ["mount", "-t", "ntfs3", "{device}", "{at}"], home=False),
    Kind("nfs", [], ["mount", "-t", "nfs", "-o", "vers=4.2", "localhost:{below}", "{at}"], home=False, needs=["exportfs", "mount.nfs"]),
]
QUICK = ["ext4", "xfs", "btrfs", "bindfs", "tmpfs"]
QUICK_CROSSINGS = 3             # of those that are here
CONTRACTS = {"contract_store": ["[store],[archive]"], "contract_nas_archive": ["[nas_archive]"], "contract_processing": [], "contract_cleanup": [], "unit_files": [], "unit_archive": []}


class Mounted:
    """One of them, mounted at `at`, made in memory. Raises OSError with the reason where this machine cannot."""

    def __init__(self, kind: Kind, at: Path):
        self.kind, self.at, self.device, self.image, self.is_there = kind, at, "", None, False
        missing = [tool for tool in kind.tools() if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
        if missing:
            raise OSError(f"no {', '.join(missing)}")
        if os.geteuid() != 0:
            raise OSError("mounting needs root")
        at.mkdir(parents=True, exist_ok=True)
        self.below = at.parent / f"{at.name}-below"
        try:
            if kind.make:
                self.image = Path("/dev/shm") / f"mediaferry-kind-{os.getpid()}-{time.monotonic_ns()}.img"
                with open(self.image, "wb") as file:
                    file.truncate(kind.megabytes << 20)
                self.say(*kind.make, str(self.image))
                self.device = self.say("losetup", "--find", "--show", str(self.image))
            else:
                self.below.mkdir(exist_ok=True)
            self.say(*(word.format(device=self.device, below=self.below, at=at) for word in kind.mount))
            self.is_there = True
            for old in at.iterdir():                    # lost+found
                shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            self.remove()
            raise

    @staticmethod
    def say(*words: str) -> str:
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(f"{words[0]}: {(done.stderr + done.stdout).strip().splitlines()[:1] or done.returncode}")
        return done.stdout.strip()

    def remove(self) -> None:
        if self.is_there:
            subprocess.run(["umount", "-l", str(self.at)], capture_output=True)
            self.is_there = False
        if self.device:
            subprocess.run(["losetup", "--detach", self.device], capture_output=True)
        if self.image:
            self.image.unlink(missing_ok=True)


class KindBench(Bench):
    """The bench with its NAS, or its home, on such a file system."""

    def __init__(self, kind: Kind, side: str, keys: list[str]):
        super().__init__(keys, f"kind-{side}")
        self.volume = None
        try:
            if side == "nas":
                self.volume = Mounted(kind, self.root / "nas")
            else:
                self.volume = Mounted(kind, self.disk.at / "volume")
                for part in ("media", "state"):
                    (self.volume.at / part).mkdir()
                    (self.root / part).mkdir(parents=True, exist_ok=True)
                    Mounted.say("mount", "--bind", str(self.volume.at / part), str(self.root / part))
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for part in ("media", "state"):
            subprocess.run(["umount", "-l", str(self.root / part)], capture_output=True)
        if self.volume:
            self.volume.remove()
        super().__exit__()


class FileSystems:
    def __init__(self, results: Results, given: argparse.Namespace):
        self.results, self.given = results, given
        self.keys = WHOLE if given.full else SMALL

    def told(self, what: str, wrong: list[str], note: str = "") -> None:
        if wrong:
            print(f"VIOLATION {what} (file_systems.py --one '{what.split(':')[0]}')", *("  " + one for one in wrong[:12]), sep="\n", flush=True)
        self.results.add(what, 1, 1 if wrong else 0, note)

    def crossing(self, kind: Kind, side: str) -> tuple[list[str], str]:
        """The whole way; each leg is judged. Or the refusal, and in whose words."""
        fit = kind.nas == FIT or side == "home"
        try:
            with KindBench(kind, side, self.keys) as bench:
                if not fit:
                    return [f"archive init took it: {bench.world.run('doctor', 'nas')}"], ""
                bench.prepare()
                wrong = bench.judge.now() + bench.judge.settled() + bench.audit() + self.proofs(bench, kind, side)
                return wrong, f"{len(LEGS)} stage runs, {len(self.keys)} assets"
        except AssertionError as refused:               # archive init
            text = str(refused)
            if fit or "exit 69" not in text or kind.because not in text or "is not fit for an archive" not in text:
                return [text], ""
            return [], "refused by `archive init`, in words"
        except RuntimeError as error:
            return [str(error)], ""

    @staticmethod
    def proofs(bench: KindBench, kind: Kind, side: str) -> list[str]:
        """Nothing is told of a storage that only a program in between has seen."""
        methods = {row[0] for row in bench.judge.rows("SELECT json_extract(receipt, '$.read_back.method') FROM copy WHERE place = 'nas'")}
        fuse = side == "nas" and "fuse" in bench.volume.say("stat", "-f", "-c", "%T", str(bench.volume.at))
        expected = {"server"} if fuse else {"direct", "evicted"}
        return [] if methods and methods <= expected else [f"its copies were proven by {sorted(map(str, methods))}, and not by {sorted(expected)}"]

    def contracts(self, kind: Kind) -> list[str]:
        wrong = []
        volume = Mounted(kind, BUILD / "faults" / f"contracts-{os.getpid()}")
        try:
            os.chmod(volume.at, 0o777)
            for program, words in CONTRACTS.items():
                if not (BUILD / "bin" / program).exists():
                    continue
                tags = [",".join(words)] if words else []
                done = subprocess.run([str(BUILD / "bin" / program), *tags], env=os.environ | {"MEDIAFERRY_TEST_TMP": str(volume.at)}, capture_output=True, text=True, timeout=900)
                if done.returncode != 0:
                    failed = [line for line in done.stdout.splitlines() if "FAILED" in line or "with expansion" in line or line.startswith(("test cases", "An ", "A "))]
                    wrong.append(f"{program} ended with {done.returncode}: " + " | ".join(failed[:12]))
        finally:
            volume.remove()
            shutil.rmtree(volume.at, ignore_errors=True)
            shutil.rmtree(volume.below, ignore_errors=True)
        return wrong

    def one(self, kind: Kind) -> bool:
        """False: this machine has none of it."""
        for side in ("nas", "home") if kind.home else ("nas",):
            what = f"{kind.name}: a whole crossing with the {'NAS' if side == 'nas' else 'home'} there"
            try:
                wrong, note = self.crossing(kind, side)
            except OSError as reason:
                print(f"SKIPPED: {kind.name}: {reason}", file=sys.stderr, flush=True)
                self.results.add(f"{kind.name}", 0, 0, f"skipped: {reason}")
                return False
            self.told(what, wrong, note)
        if self.given.contracts and kind.home and kind.nas == FIT and not kind.through:
            self.told(f"{kind.name}: the contract tests that touch files and archives", self.contracts(kind))
        return True

    def share(self) -> None:
        """A real Samba server, spoken to without a mount."""
        if not shutil.which("smbd", path=os.environ["PATH"] + ":/usr/sbin"):
            print("SKIPPED: samba: no smbd", file=sys.stderr)
            return self.results.add("samba", 0, 0, "skipped: no smbd")
        with ShareBench(self.keys, "kind-share") as bench:
            try:
                bench.prepare()
                wrong = bench.judge.now() + bench.judge.settled() + bench.audit()
            except RuntimeError as error:
                wrong = [str(error)]
        self.told("samba: a whole crossing with the NAS there, without a mount", wrong, f"{len(LEGS)} stage runs, {len(self.keys)} assets")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--one", metavar="KIND")
    parser.add_argument("--no-contracts", dest="contracts", action="store_false")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))       # so that mounts and stand-ins are taken down
    results, stopped = Results("file_systems", "full" if given.full else "quick"), 0
    work = FileSystems(results, given)
    wanted = [given.one] if given.one else given.only.split(",") if given.only else [kind.name for kind in KINDS] + ["samba"] if given.full else QUICK
    there = 0
    try:
        for kind in (kind for name in wanted for kind in KINDS if kind.name == name):
            there += work.one(kind)
            if not given.full and not given.only and there == QUICK_CROSSINGS:
                break
        if "samba" in wanted:
            work.share()
    except (KeyboardInterrupt, SystemExit):
        stopped = 143                   # what was tried counts
    code = results.write()
    return stopped or (0 if not there and "samba" not in wanted else code)      # told loudly; not what this machine is there for


if __name__ == "__main__":
    sys.exit(main())
