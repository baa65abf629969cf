# SPDX-License-Identifier: GPL-3.0-or-later
"""A small world whose every moment can be put back: folders, media.db, the stand-ins for Apple and for the phone.

The way of the photos is cut into legs (one stage run each). `prepare` walks it once, undisturbed, and keeps the world before each leg and
after it; a trial puts one of those moments back, runs the leg with a fault, runs it again without, and compares with what was kept.
Where the machine lets us mount, everything lies on an ext4 in memory (a loop mount below the build directory), else in the build directory."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import tiny_library
import world as worlds
from judge import Judge
from standin_syncthing import StandinSyncthing
from world import Result, World, binary

LEGS = [("download", "icloud_download"), ("pixel_sync", "pixel_sync"), ("pixel_verify", "pixel_verify"), ("nas_archive", "nas_archive"),
        ("processing", "processing"), ("compress", "compress"), ("icloud_mark", "icloud_mark"), ("pixel_verify.freed", "pixel_verify"),
        ("nas_archive.settle", "nas_archive"), ("icloud_delete.plan", "icloud_delete"), ("icloud_delete", "icloud_delete"), ("cleanup", "cleanup")]
STAGE_OF = dict(LEGS)
KEPT = ("media", "nas", "state", "icloud-session")     # what a moment consists of, below the world's root

ICLOUDPD = '''#!/usr/bin/python3 -SE
"""STANDS IN FOR ICLOUDPD: brings what the real one once brought, to the same paths, unless a file of that size is there."""
import os, sys
kept = {kept!r}
incoming = sys.argv[sys.argv.index("--directory") + 1]
print("2025-01-01 00:00:00 INFO     Authentication completed successfully", flush=True)
for folder, _, names in os.walk(kept):
    for name in names:
        source = os.path.join(folder, name)
        target = os.path.join(incoming, os.path.relpath(source, kept))
        if os.path.exists(target) and os.path.getsize(target) == os.path.getsize(source):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(source, "rb") as from_file, open(target + ".new", "wb") as to_file:
            to_file.write(from_file.read())
        about = os.stat(source)
        os.utime(target + ".new", ns=(about.st_atime_ns, about.st_mtime_ns))
        os.replace(target + ".new", target)
        print("2025-01-01 00:00:00 INFO     Downloaded " + target, flush=True)
print("2025-01-01 00:00:00 INFO     All photos and videos have been downloaded", flush=True)
'''


def copy_tree(source: Path, target: Path) -> None:
    """Holes stay holes: a placeholder is one."""
    if target.exists():
        shutil.rmtree(target)
    subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)


def empty_of(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


class Disk:
    """An ext4 in memory if this machine lets us mount one, else a plain folder."""

    def __init__(self, at: Path, megabytes: int, names: int = 0):
        """`names`: so many inodes; 0: as mkfs thinks."""
        self.at, self.image, self.mounted = at, None, False
        at.mkdir(parents=True, exist_ok=True)
        memory = Path("/dev/shm")
        if os.geteuid() != 0 or not memory.is_dir():
            return
        self.image = memory / f"mediaferry-faults-{os.getpid()}-{at.name}-{time.monotonic_ns()}.img"
        with open(self.image, "wb") as file:
            file.truncate(megabytes << 20)
        made = subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", *(["-N", str(names)] if names else []), str(self.image)], capture_output=True)
        self.mounted = made.returncode == 0 and self.mount()
        if not self.mounted:
            self.image.unlink()
            self.image = None

    def mount(self) -> bool:
        return subprocess.run(["mount", "-o", "loop", str(self.image), str(self.at)], capture_output=True).returncode == 0

    def remove(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.at)], capture_output=True)
        if self.image:
            self.image.unlink(missing_ok=True)


@dataclass
class Ended:
    code: int
    err: str
    hit: bool = False


class Bench:
    World = World

    def __init__(self, keys: list[str], name: str):
        self.build = worlds.BUILD / "faults"
        self.shim = next((p for p in (binary().parent / "libfault_shim.so", binary().parent.parent / "tests" / "libfault_shim.so") if p.exists()), None)
        if self.shim is None:
            raise RuntimeError("libfault_shim.so is not built (target fault_shim)")
        self.disk = Disk(self.build / f"{name}-{os.getpid()}", 1500)
        self.root = self.disk.at / "world"
        self.world = self.World(library=self.choose(keys), phone=False, at=self.root)
        self.moments = self.disk.at / "moments"
        self.moments.mkdir()
        self.reference: dict[str, dict] = {}
        self.log = self.disk.at / "calls.log"
        self.seconds = 0.0

    def choose(self, keys: list[str]) -> Path:
        whole, chosen = tiny_library.ensure(Path(os.environ.get("MEDIAFERRY_SAMPLE") or worlds.SOURCE / "build" / "sample")), self.disk.at / "library"
        chosen.mkdir(exist_ok=True)
        known = {asset["key"]: asset for asset in json.loads((whole / "library.json").read_text())["assets"]}
        for key in keys:
            for given in known[key].get("resources", {}).values():
                shutil.copy2(whole / given["file"], chosen / given["file"])
        (chosen / "library.json").write_text(json.dumps({"assets": [known[key] for key in keys]}, ensure_ascii=False))
        return chosen

    def __enter__(self) -> "Bench":
        try:
            self.world.start()
            (self.world.home / "pixel_sync" / ".stfolder").mkdir(exist_ok=True)
            self.phone = StandinSyncthing(self.world.home / "pixel_sync")
            config = self.world.config
            config["syncthing"] = {"api_url": self.phone.api, "api_key_file": str(self.root / "syncthing_api_key"), "timeout": "20s"}
            config["pixel"] = {"batch_files": 1000, "dwell": "0s"}
            config["icloud_delete"].pop("require")
            config["retry"] = {"first": "0s", "max": "0s", "attempts": 20}
            config["workflow"] = {"cleanup_after": "0s"}
            config.setdefault("compress", {})["minimum_saving"] = "1 KiB"      # the photos are small
            self.world.write_config()
            self.judge = Judge(self.root, lambda: self.world.icloud.call("state")["assets"], lambda: self.world.icloud.deleted(), self.phone.on_phone)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if getattr(self, "phone", None):
            self.phone.stop()
        self.world.stop()
        if not os.environ.get("MEDIAFERRY_KEEP"):
            self.disk.remove()
            if not self.disk.mounted:
                shutil.rmtree(self.disk.at, ignore_errors=True)
            else:
                self.disk.at.rmdir()

    # moments --------------------------------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        for part in KEPT:
            copy_tree(self.root / part, self.moments / name / part) if (self.moments / name).mkdir(exist_ok=True) is None else None
        self.world.icloud.call("remember", moment=name)
        self.phone.remember(name)

    def put_back(self, name: str) -> None:
        for part in KEPT:
            target = self.root / part
            target.mkdir(exist_ok=True)
            empty_of(target)                # the folders themselves stay: a mount may lie on one
            subprocess.run(["cp", "-a", "--sparse=always", f"{self.moments / name / part}/.", str(target)], check=True)
        self.world.icloud.call("recall", moment=name)
        self.phone.recall(name)

    def prepare(self) -> None:
        """The way once, undisturbed. What icloudpd brings is kept for its stand-in."""
        kept = self.disk.at / "brought"
        died = self.run("icloud_download", "kill:1", under=str(self.world.home / "backup"))
        if not died.hit:
            raise RuntimeError(f"the first download did not get as far as backup/: {died.err}")
        copy_tree(self.world.home / "incoming", kept)
        script = self.disk.at / "icloudpd"
        script.write_text(ICLOUDPD.format(kept=str(kept)))
        script.chmod(0o755)
        self.world.configure("icloud", command=[str(script)])
        for part in ("state", "media/incoming"):
            empty_of(self.root / part)
        for leg, stage in LEGS:
            self.before(leg)
            self.keep(leg)
            done = self.run(stage)
            if done.code != 0:
                raise RuntimeError(f"the undisturbed {leg} ended with {done.code}: {done.err}")
            self.reference[leg] = self.judge.portrait()
            if (wrong := self.judge.now() + self.judge.settled()):
                raise RuntimeError(f"the undisturbed {leg} is not in order: {wrong}")
        self.reference["end"] = self.judge.portrait()
        left = [key for key, asset in self.world.icloud.call("state")["assets"].items() if not asset["deleted"]]
        if left:
            raise RuntimeError(f"the undisturbed way did not delete {left}:\n{self.world.run('status').out}")

    def before(self, leg: str) -> None:
        """What other people do between two legs."""
        if leg == "pixel_verify.freed":
            self.phone.free_up_space()
        if leg == "icloud_delete":
            plan = self.world.value("SELECT max(id) FROM plan WHERE status = 'proposed'")
            if plan is not None:
                self.world.expect(0, "approve", str(plan))

    # running --------------------------------------------------------------------------------------------------------

    def environment(self, fault: str = "", under: str = "", within: str = "", log: bool = False, clock: int = 0) -> dict[str, str]:
        """`clock`: seconds that the run's wall clock is ahead."""
        extra = {"LD_PRELOAD": str(self.shim), "MEDIAFERRY_FAULT_UNDER": under or f"{self.root}:socket:", "MEDIAFERRY_FAULT_HURRY": "20"}
        world = self.world.environment()
        extra |= {"MEDIAFERRY_FAULT_CLOCK": str(int(world.get("MEDIAFERRY_FAULT_CLOCK", "0")) + clock)} if clock else {}
        extra |= {"MEDIAFERRY_FAULT": fault} if fault else {}
        extra |= {"MEDIAFERRY_FAULT_IN": within} if within else {}
        extra |= {"MEDIAFERRY_FAULT_LOG": str(self.log)} if log else {}
        return world | extra

    def run(self, stage: str, fault: str = "", **more) -> Ended:
        """One stage run, disturbed if a fault is given."""
        environment = self.environment(fault, **more)
        try:
            done = subprocess.run([str(binary()), "--run-stage", stage], env=environment, text=True, capture_output=True, timeout=300, cwd=self.root)
        except subprocess.TimeoutExpired as late:
            return Ended(-99, f"no end after {late.timeout} s", True)
        return Ended(done.returncode, done.stderr, done.returncode == -9)

    def calls(self, leg: str, within: str = "") -> list[str]:
        """The calls that an undisturbed run of the leg makes, in order."""
        self.put_back(leg)
        self.log.unlink(missing_ok=True)
        self.run(STAGE_OF[leg], log=True, within=within)
        return [line.split(" ", 1)[1].replace(str(self.root), "") for line in self.log.read_text().splitlines()]

    def audit(self) -> list[str]:
        done = self.world.run("audit")
        return [] if done.code == 0 else [f"audit: exit {done.code}: " + " | ".join((done.out + done.err).splitlines())]

    def walk(self, after: str) -> Result | Ended:
        """The rest of the way."""
        legs = [leg for leg, _ in LEGS]
        done = Ended(0, "")
        for leg in legs[legs.index(after) + 1:]:
            self.before(leg)
            done = self.run(STAGE_OF[leg])
            if done.code != 0:
                return done
        return done


def clock() -> float:
    return time.monotonic()
