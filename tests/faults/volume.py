# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system of its own, in memory behind a loop device, whose power can be cut: the shutdown ioctl stops it at once and drops what it had not
written (dirty pages, the journal's unfinished part). Mounting it again is what a machine does when the power is back. What a disk keeps in a
cache of its own and loses is not modelled."""

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

SHUTDOWN = 0x8004587D           # EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN: the same number
LOGFLUSH, NOLOGFLUSH = 1, 2     # with and without the journal written out first
MS_BIND, MNT_DETACH = 4096, 2
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F", "-m", "0"], "xfs": ["mkfs.xfs", "-q", "-f"]}
LEAST = {"ext4": 1, "xfs": 300}  # megabytes

libc = ctypes.CDLL(None, use_errno=True)


def attach(source: str, at: Path, kind: str | None, flags: int = 0) -> None:
    if libc.mount(source.encode(), str(at).encode(), kind.encode() if kind else None, flags, None) != 0:
        raise OSError(ctypes.get_errno(), f"mounting {source} on {at}")


def detach(at: Path, flags: int = 0) -> None:
    """Whoever still holds it gets a moment: a killed process is gone a little after its parent heard of it."""
    deadline = time.monotonic() + 10
    while libc.umount2(str(at).encode(), flags) != 0:
        if ctypes.get_errno() != 16 or time.monotonic() > deadline:
            raise OSError(ctypes.get_errno(), f"unmounting {at}")
        time.sleep(0.005)


class Volume:
    """`at` is where it is mounted; `parts` are folders of it that are shown elsewhere: {"media": /world/media}."""

    def __init__(self, kind: str, megabytes: int, at: Path, parts: dict[str, Path] | None = None):
        self.kind, self.at, self.parts = kind, at, parts or {}
        self.image = Path("/dev/shm") / f"mediaferry-volume-{os.getpid()}-{at.name}-{time.monotonic_ns()}.img"
        self.device, self.mounted = "", False
        try:
            at.mkdir(parents=True, exist_ok=True)
            with open(self.image, "wb") as file:
                file.truncate(max(megabytes, LEAST[kind]) << 20)
            subprocess.run([*MAKE[kind], str(self.image)], check=True, capture_output=True)
            self.device = subprocess.run(["losetup", "--find", "--show", str(self.image)], check=True, capture_output=True, text=True).stdout.strip()
            self.mount()
        except BaseException:
            self.remove()
            raise

    def mount(self) -> None:
        attach(self.device, self.at, self.kind)
        self.mounted = True
        for name, shown in self.parts.items():
            (self.at / name).mkdir(exist_ok=True)
            shown.mkdir(parents=True, exist_ok=True)
            attach(str(self.at / name), shown, None, MS_BIND)

    def unmount(self, flags: int = 0) -> None:
        for shown in reversed(self.parts.values()):
            detach(shown, flags)
        detach(self.at, flags)
        self.mounted = False

    def sync(self) -> None:
        fd = os.open(self.at, os.O_RDONLY)
        try:
            libc.syncfs(fd)
        finally:
            os.close(fd)

    def cut(self, flags: int = NOLOGFLUSH) -> None:
        fd = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", flags))
        finally:
            os.close(fd)

    def power_on(self) -> None:
        self.unmount()
        self.mount()

    def remove(self) -> None:
        if self.mounted:
            for shown in [*self.parts.values(), self.at]:
                libc.umount2(str(shown).encode(), MNT_DETACH)
            self.mounted = False
        if self.device:
            subprocess.run(["losetup", "--detach", self.device], capture_output=True)
        self.image.unlink(missing_ok=True)


def why_not(kind: str) -> str:
    """Why this machine cannot do it; "" when it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    if not Path("/dev/shm").is_dir():
        return "no /dev/shm"
    for tool in (MAKE[kind][0], "losetup"):
        if not shutil.which(tool):
            return f"no {tool}"
    at = Path("/dev/shm") / f"mediaferry-volume-probe-{os.getpid()}"
    try:
        probe = Volume(kind, 8, at)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", b"") or str(error).encode()
        return f"{kind} cannot be mounted here: {detail.decode(errors='replace').strip()}"
    finally:
        shutil.rmtree(at, ignore_errors=True) if not os.path.ismount(at) else None
    try:
        probe.cut()
        probe.power_on()
        return ""
    except OSError as error:
        return f"{kind} cannot be cut off here: {error}"
    finally:
        probe.remove()
        at.rmdir()
