# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Samba server on the loopback, of this test's own: unprivileged port, its files in a folder, one user, the share `photos`."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import children
from port import reserved_port

PASSWORD = "geheim, 12 Zeichen"


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise RuntimeError(f"{name} is missing: scripts/install-deps installs samba")
    return found


class SambaServer:
    def __init__(self, at: Path, disk: Path):
        self.state, self.disk, self.user = at, disk, getpass.getuser()
        self.process: subprocess.Popen | None = None
        self.port = reserved_port()
        at.mkdir(parents=True)
        disk.mkdir(parents=True, exist_ok=True)
        folders = "".join(f"{name} = {at}\n" for name in ("private dir", "state directory", "cache directory", "lock directory", "pid directory", "ncalrpc dir"))
        (at / "smb.conf").write_text(
            "[global]\nserver role = standalone server\nworkgroup = MEDIAFERRY\nbind interfaces only = yes\ninterfaces = 127.0.0.1\n"
            f"smb ports = {self.port}\nnetbios name = MFTEST\ndisable netbios = yes\ndisable spoolss = yes\nload printers = no\nprintcap name = /dev/null\n"
            f"log level = 0\nlog file = {at}/log\npassdb backend = tdbsam:{at}/passdb.tdb\n{folders}[photos]\npath = {disk}\nread only = no\n")
        subprocess.run([program("pdbedit"), "-s", at / "smb.conf", "-a", "-t", "-u", self.user], input=f"{PASSWORD}\n{PASSWORD}\n", text=True,
                       capture_output=True, check=True)

    @property
    def url(self) -> str:
        return f"smb://127.0.0.1:{self.port}/photos"

    def start(self) -> None:
        self.process = children.start([program("smbd"), "--foreground", "--no-process-group", "-s", str(self.state / "smb.conf")],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("smbd does not answer")
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut ends it: every process of it, at once."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
