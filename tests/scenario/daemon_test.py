# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed tree as systemd would run it: a notify socket, reloads, a second daemon, work beside `mediaferry run`, and a clean end."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import BUILD, World

EVERY_STAGE = ("icloud_download", "pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete", "cleanup")


class Notified:
    """The receiving end of sd_notify."""

    def __init__(self):
        self.name = f"mediaferry-test-{os.getpid()}-{id(self)}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name)
        self.lines: list[str] = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            self.lines += data.decode().splitlines()

    def count(self, line: str) -> int:
        return sum(line in told for told in list(self.lines))


class Installed:
    """A daemon started from the installed tree."""

    def __init__(self, world: World, prefix: Path):
        self.world, self.notified = world, Notified()
        self.log = world.root / "daemon.log"
        environment = world.environment(NOTIFY_SOCKET="@" + self.notified.name, WATCHDOG_USEC="2000000")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([prefix / "bin" / "mediaferry", "daemon", "--config", world.config_file], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, cwd=world.root, start_new_session=True)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, what: str, check, seconds: float = 60):
        try:
            return World.wait_for(what, check, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- notified\n{self.notified.lines}\n--- log\n{self.said()[-4000:]}") from None

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        finally:
            self.kill()

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.notified.socket.close()


class Daemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = Path(tempfile.mkdtemp(prefix="installed-", dir=BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.prefix, ignore_errors=True)
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"cmake --install: {done.stderr}")

    def daemon(self, world: World) -> Installed:
        started = Installed(world, self.prefix)
        self.addCleanup(started.kill)
        started.wait_for("READY=1", lambda: started.notified.count("READY=1") or started.process.poll() is not None)
        self.assertIsNone(started.process.poll(), started.said())
        return started

    def busy(self, world: World) -> None:
        # All at once and again and again; but icloud_download holds the session while icloudpd runs, and others need it too.
        world.config["schedule"] = {stage: "every 2s" for stage in EVERY_STAGE} | {"icloud_download": "every 30s"}
        world.write_config()

    def test_the_installed_tree_is_complete(self):
        for path in ("bin/mediaferry", "lib/mediaferry/stages/compress.so", "lib/systemd/system/mediaferry.service", "lib/sysusers.d/mediaferry.conf",
                     "lib/tmpfiles.d/mediaferry.conf", "etc/mediaferry/mediaferry.yaml.example"):
            self.assertTrue((self.prefix / path).exists(), path)
        for stage in EVERY_STAGE:
            self.assertTrue((self.prefix / f"lib/mediaferry/stages/{stage}.so").exists(), stage)

    def test_systemd_accepts_the_unit(self):
        unit = self.prefix / "lib/systemd/system/mediaferry.service"
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, env=dict(os.environ, SYSTEMD_LOG_LEVEL="warning"))
        complaints = [line for line in done.stderr.splitlines() if "mediaferry" in line]
        self.assertEqual(complaints, [])
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_daemon_carries_a_photo_all_the_way_by_its_schedule(self):
        with World(phone=False, only=["twin-1", "screenshot"]) as world:
            self.busy(world)
            world.configure("icloud_delete", approval="automatic")
            daemon = self.daemon(world)
            daemon.wait_for("everything is deleted from iCloud", lambda: world.icloud.state()["live"] == 0, 120)
            daemon.wait_for("every file is completed", lambda: set(world.statuses()) == {"completed"})
            daemon.wait_for("the watchdog was fed", lambda: daemon.notified.count("WATCHDOG=1") >= 2)
            self.assertTrue(daemon.notified.count("STATUS="))
            self.assertEqual(daemon.end(), 0, daemon.said())
            self.assertTrue(daemon.notified.count("STOPPING=1"))
            self.assertEqual(len(world.icloud.deleted()), 2)
            self.assertNotIn(world.icloud.password, daemon.said())

    def test_the_status_page_tells_what_the_commands_tell_and_changes_nothing(self):
        with World(phone=False, only=["twin-1", "screenshot"]) as world:
            world.expect(0, "run", "--no-progress", "--end", "nas_archive")
            (world.root / "here" / "2024" / "06").mkdir(parents=True)
            (world.root / "here" / "2024" / "06" / "a.jpg").write_bytes(b"a" * 1000)
            world.configure("compare", local=str(world.root / "here"))
            world.expect(0, "queue", "add", "push", "2024/06")
            world.config["schedule"] = {stage: "0 0 1 1 *" for stage in EVERY_STAGE}
            world.configure("status", enabled=True, listen="127.0.0.1:0")
            daemon = self.daemon(world)
            port = re.search(r'msg="status page" PORT=(\d+)', daemon.said()).group(1)

            def asked(method: str, path: str, host: str = "localhost") -> tuple[int, str]:
                connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
                connection.request(method, path, headers={"Host": host})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

            self.assertEqual(asked("GET", "/healthz"), (200, "ok\n"))
            self.assertEqual(json.loads(asked("GET", "/queue")[1]), world.report("queue", "list"))
            self.assertEqual(json.loads(asked("GET", "/queue")[1])["next"], "2024/06")
            page, told = json.loads(asked("GET", "/status?x=1")[1]), world.report("status")
            self.assertEqual(page.keys(), told.keys())
            self.assertEqual([stage["stage"] for stage in page["stages"]], [stage["stage"] for stage in told["stages"]])
            self.assertRegex(asked("GET", "/metrics")[1], r"(?m)^mediaferry_\w+(\{.*\})? \d")
            self.assertEqual(asked("HEAD", "/status"), (200, ""))
            self.assertEqual(asked("POST", "/queue")[0], 405)
            self.assertEqual(asked("GET", "/media.db")[0], 404)
            self.assertEqual(asked("GET", "/status", host="photos.example.com")[0], 403)     # a stranger's page that points its name here
            self.assertEqual(daemon.end(), 0, daemon.said())

    def test_a_run_by_hand_beside_the_daemon_does_nothing_twice(self):
        keys = ["twin-1", "twin-2", "unicode", "screenshot", "raw-pair"]
        with World(phone=False, only=keys) as world:
            self.busy(world)
            daemon = self.daemon(world)
            for _ in range(2):
                world.expect((0, 1, 75), "run", "--no-progress")
            daemon.wait_for("all files are archived", lambda: world.value("SELECT count(*) FROM media WHERE synced_nas = 'yes'") == 6, 120)
            self.assertEqual(daemon.end(), 0, daemon.said())
            self.assertEqual(len(world.photos(world.nas)), 6, "no file was archived twice")
            self.assertEqual(world.value("SELECT count(*) FROM media"), 6)
            self.assertEqual(world.value("SELECT max(n) FROM (SELECT count(*) AS n FROM event WHERE what = 'archived' GROUP BY media_id)"), 1)

    def test_reload_takes_a_good_config_and_keeps_the_old_one_when_the_new_is_wrong(self):
        with World(phone=False, only=["twin-1"]) as world:
            daemon = self.daemon(world)
            good = world.config_file.read_text()
            ready = daemon.notified.count("READY=1")
            world.config_file.write_text(good + "workflw: {}\n")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("the wrong config is told", lambda: "workflw" in daemon.said())
            daemon.wait_for("READY=1 again", lambda: daemon.notified.count("READY=1") > ready)
            self.assertIsNone(daemon.process.poll())
            world.config_file.write_text(good + "workflow: {prefix_names: true}\n")
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("the good config is taken", lambda: "reloaded" in daemon.said())
            self.assertTrue(daemon.notified.count("RELOADING=1"))
            self.assertEqual(daemon.end(), 0, daemon.said())

    def test_a_second_daemon_on_the_same_database_leaves_the_first_alone(self):
        with World(phone=False, only=["twin-1"]) as world:
            daemon = self.daemon(world)
            second = world.expect(75, "daemon", timeout=30)
            self.assertRegex(second.err, re.compile("another|running", re.I))
            self.assertIsNone(daemon.process.poll())
            self.assertEqual(daemon.end(), 0)

    def test_a_stop_lets_the_file_at_hand_be_finished(self):
        with World(phone=False, only=["clip", "edited-video", "raw-pair"]) as world:
            self.busy(world)
            daemon = self.daemon(world)
            daemon.wait_for("a stage is at work", lambda: world.value("SELECT count(*) FROM step WHERE status = 'running' AND stage = 'compress'"), 120)
            self.assertEqual(daemon.end(), 0, daemon.said())
            self.assertEqual(world.value("SELECT count(*) FROM step WHERE status = 'running'"), 0)
            self.assertEqual(world.value("SELECT coalesce(sum(deaths), 0) FROM step"), 0, "nothing was killed")


if __name__ == "__main__":
    unittest.main()
