# SPDX-License-Identifier: GPL-3.0-or-later
"""mediaferry queue over a share of a real Samba server: killed in the middle, the server killed in the middle, and what can be read on the wire."""

import os
import select
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from samba_server import PASSWORD, SambaServer
from world import World, binary

BOOKS = ("SHA256SUMS", "mediaferry.json")


class Wire:
    """Stands between a client and the server, and remembers what went over it."""

    def __init__(self, server: int):
        self.server, self.heard, self.open = server, bytearray(), True
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while self.open:
            try:
                client, _ = self.listening.accept()
                threading.Thread(target=self.carry, args=(client, socket.create_connection(("127.0.0.1", self.server))), daemon=True).start()
            except OSError:
                return

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            other = {client: server, server: client}
            while True:
                for one in select.select([client, server], [], [])[0]:
                    piece = one.recv(1 << 16)
                    if not piece:
                        return
                    self.heard += piece
                    other[one].sendall(piece)

    def close(self) -> None:
        self.open = False
        self.listening.close()


class ShareQueue(unittest.TestCase):
    def setUp(self):
        self.world = World(self, phone=False, only=["twin-1"])
        self.server = SambaServer(self.world.root / "samba", self.world.nas)
        self.server.start()
        self.addCleanup(self.server.kill)
        secret = self.world.root / "archive_password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        plain = self.world.default_config
        self.world.default_config = lambda: plain() | {"archive": {"root": self.server.url, "user": self.server.user, "password_file": str(secret)}}
        self.world.start()
        self.addCleanup(self.world.stop)
        self.here, self.nas = self.world.root / "here", self.world.nas
        self.here.mkdir()
        self.world.configure("compare", local=str(self.here))

    def put(self, root: Path, folder: str, files: int, size: int) -> dict[str, bytes]:
        content = {f"{i:03}.jpg": f"{folder} {i} ".encode() + os.urandom(size) for i in range(files)}
        for name, data in content.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (1_750_000_000, 1_750_000_000))
        return content

    def lying(self, folder: Path) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in BOOKS}

    def row(self, target: str) -> dict:
        return {row["target"]: row for row in self.world.report("queue", "list")["queue"]}[target]

    def test_push_pull_trash_and_back(self):
        pushed, pulled = self.put(self.here, "2024/06", 30, 20_000), self.put(self.nas, "2023/01", 30, 20_000)
        both = self.put(self.here, "2022/01", 2, 5000)
        for name, data in both.items():
            path = self.nas / "2022/01" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (1_750_000_000, 1_750_000_000))
        for action, target in (("push", "2024/06"), ("pull", "2023/01"), ("trash", "2022/01")):
            self.world.expect(0, "queue", "add", action, target)
        self.world.expect(0, "queue", "run")
        self.assertEqual(self.lying(self.nas / "2024/06"), pushed)
        self.assertEqual(self.lying(self.here / "2023/01"), pulled)
        self.assertEqual({p.name: p.read_bytes() for p in (self.nas / "_Trash").rglob("*.jpg")}, both)
        self.assertEqual({int(p.stat().st_mtime) for p in (self.nas / "2024/06").glob("*.jpg")}, {1_750_000_000})
        self.world.expect(0, "queue", "restore", "2022/01")
        self.assertEqual(self.lying(self.nas / "2022/01"), both)
        self.assertEqual((self.row("2024/06")["copied"], self.row("2023/01")["copied"], self.row("2022/01")["copied"]), (30, 30, 2))

    def test_a_push_that_was_killed_is_gone_on_with(self):
        content = self.put(self.here, "2024/06", 40, 500_000)
        self.world.expect(0, "queue", "add", "push", "2024/06")
        if self.world.run("failpoints").code == 0:  # between a rename's mark and the rename, and others in the middle of a batch
            for step in ("smb.rename.before:3", "smb.write.after:20", "archive.store.read_back.after:9", "smb.rename.after:12"):
                run = subprocess.run([str(binary()), "queue", "run"], env=self.world.environment(MEDIAFERRY_FAILPOINT=f"{step}=kill"), capture_output=True)
                self.assertEqual(run.returncode, -9, f"{step}: {run.stderr}")
                for name, data in self.lying(self.nas / "2024/06").items():
                    if not name.startswith(".mediaferry"):
                        self.assertTrue(data == content[name] or data.startswith(b"mediaferry: this name is taken"), f"{step}: {name}")
        self.world.expect(0, "queue", "run")
        lying = self.lying(self.nas / "2024/06")
        self.assertEqual(sorted(lying), sorted(content), "nothing unfinished stays, nothing is doubled")
        self.assertTrue(lying == content)
        row = self.row("2024/06")
        self.assertEqual((row["status"], row["errors"], row["copied"] + row["skipped"]), ("done", 0, 40))

    def test_a_server_that_dies_in_the_middle_leaves_the_target_queued(self):
        content = self.put(self.here, "2024/06", 60, 1_000_000)
        self.world.expect(0, "queue", "add", "push", "2024/06")
        run = subprocess.Popen([str(binary()), "queue", "run"], env=self.world.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until = time.monotonic() + 60
        while run.poll() is None and len(list(self.nas.rglob("*"))) < 12 and time.monotonic() < until:
            time.sleep(0.002)
        self.server.kill()
        told = run.communicate()[0]
        self.assertEqual(run.returncode, 69, told)
        self.assertIn("no answer from the SMB server", told)
        self.assertIn("no answer from the SMB server", self.world.expect(0, "queue", "list").out)
        self.server.start()
        self.world.expect(0, "queue", "run")
        self.assertEqual(self.lying(self.nas / "2024/06"), content)

    def test_what_is_copied_cannot_be_read_on_the_wire_unless_encryption_is_off(self):
        marked = b"a picture of our children " * 100
        for number, encryption in enumerate(("wanted", "off")):
            wire = Wire(self.server.port)
            self.addCleanup(wire.close)
            self.world.configure("archive", root=f"smb://127.0.0.1:{wire.port}/photos", encryption=encryption)
            target = f"2024/{number + 1:02}"
            (self.here / target).mkdir(parents=True)
            (self.here / target / "a.jpg").write_bytes(marked)
            self.world.expect(0, "queue", "add", "push", target)
            self.world.expect(0, "queue", "run")
            self.assertEqual((self.nas / target / "a.jpg").read_bytes(), marked)
            self.assertGreater(len(wire.heard), len(marked))
            self.assertEqual(marked[:100] in wire.heard, encryption == "off", encryption)
            self.assertNotIn(PASSWORD.encode(), wire.heard)
            self.assertNotIn(PASSWORD.encode("utf-16-le"), wire.heard)

    def test_no_file_of_this_machines_users_has_a_say_in_how_the_server_is_spoken_to(self):
        home = self.world.root / "home"
        (home / ".smb").mkdir(parents=True)
        (home / ".smb" / "smb.conf").write_text("[global]\nclient max protocol = NT1\nclient min protocol = NT1\nclient signing = off\nname resolve order = bcast\n"
                                                f"log level = 10\nlog file = {home}/talk\n")
        content = self.put(self.here, "2024/06", 1, 5000)
        environment = {"HOME": str(home), "SMB_CONF_PATH": str(home / ".smb" / "smb.conf"), "LIBSMB_PROG": f"touch {home}/ran"}
        self.world.expect(0, "queue", "add", "push", "2024/06", environment=environment)
        self.world.expect(0, "queue", "run", environment=environment)
        self.assertEqual(self.lying(self.nas / "2024/06"), content)
        self.assertEqual({p.name for p in home.rglob("*")}, {".smb", "smb.conf"})


if __name__ == "__main__":
    unittest.main()
