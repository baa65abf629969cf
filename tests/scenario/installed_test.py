# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed tree: cmake --install into an empty folder, the unit files as systemd reads them, and the installed daemon with a notify socket."""

import os
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("MEDIAFERRY_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("MEDIAFERRY_BUILD") or SOURCE / "build" / "dev")
STAGES = ("icloud_download", "pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete", "cleanup")


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="mediaferry-installed-"))
        cls.prefix = cls.folder / "usr"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, capture_output=True, text=True)
        cls.binary = cls.prefix / "bin" / "mediaferry"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def config(self) -> Path:
        file = self.folder / "mediaferry.yaml"
        file.write_text(f"""
database: {self.folder}/state/media.db
folders: {{root: {self.folder}/media}}
icloud: {{enabled: false}}
pixel: {{enabled: false}}
archive: {{enabled: false}}
status: {{listen: "127.0.0.1:0"}}
""")
        return file

    def test_everything_is_in_its_place(self):
        for name in ("lib/systemd/system/mediaferry.service", "lib/sysusers.d/mediaferry.conf", "lib/tmpfiles.d/mediaferry.conf",
                     "share/doc/mediaferry/examples/mediaferry.yaml", "etc/mediaferry/mediaferry.yaml.example", "share/doc/mediaferry/LICENSE"):
            self.assertTrue((self.prefix / name).is_file(), name)
        for stage in STAGES:
            self.assertTrue((self.prefix / "lib" / "mediaferry" / "stages" / f"{stage}.so").is_file(), stage)

    def test_the_binary_finds_its_library_and_modules_without_the_build_tree(self):
        linked = subprocess.run(["ldd", self.binary], capture_output=True, text=True, check=True).stdout
        self.assertIn(str(self.prefix / "bin" / ".." / "lib" / "mediaferry"), linked)
        self.assertNotIn(str(BUILD), linked)
        doctor = subprocess.run([self.binary, "--config", self.config(), "doctor", "modules"], capture_output=True, text=True)
        self.assertEqual(doctor.returncode, 0, doctor.stdout + doctor.stderr)

    def test_destdir_is_honoured(self):
        staged = self.folder / "staged"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], check=True, capture_output=True, env=os.environ | {"DESTDIR": str(staged)})
        unit = (staged / "usr/lib/systemd/system/mediaferry.service").read_text()
        self.assertIn("ExecStart=/usr/bin/mediaferry daemon", unit)

    def test_systemd_accepts_the_units(self):
        verify = shutil.which("systemd-analyze")
        self.assertIsNotNone(verify, "systemd-analyze is missing: install systemd")
        units = self.prefix / "lib" / "systemd" / "system"
        for name in ("mediaferry.service", "mediaferry-stage@.service", "mediaferry-stage@.timer"):
            checked = subprocess.run([verify, "verify", "--man=no", "--recursive-errors=no", units / name], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, name + ": " + checked.stderr)
            self.assertNotIn(str(units / name) + ":", checked.stderr)

    def test_the_installed_daemon_reports_to_systemd(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(self.folder / "notify"))
            systemd.settimeout(60)
            environment = os.environ | {"NOTIFY_SOCKET": str(self.folder / "notify"), "WATCHDOG_USEC": "1000000"}
            daemon = subprocess.Popen([self.binary, "daemon", "--config", self.config()], env=environment, stderr=subprocess.DEVNULL)
            try:
                heard = self.listen(systemd, "READY=1") + self.listen(systemd, "WATCHDOG=1")
                self.assertIn("STATUS=", heard)
                daemon.terminate()
                self.listen(systemd, "STOPPING=1")
                self.assertEqual(daemon.wait(60), 0)
            finally:
                daemon.kill()
                daemon.wait()

    def listen(self, systemd: socket.socket, word: str) -> str:
        heard = ""
        while word not in heard:
            heard += systemd.recv(4096).decode() + "\n"
        return heard


if __name__ == "__main__":
    unittest.main(verbosity=2)
