# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole world for the real binary: a loopback iCloud with a library, two real Syncthing processes, a NAS folder, a config file.

    with World(self) as world:                   # from a unittest.TestCase
        world.run("run")                         # mediaferry run
        world.db("SELECT status FROM media")

Everything lies below build/worlds (or `at`), listens on ports that the kernel chose, and is gone afterwards (MEDIAFERRY_KEEP=1 keeps
the folder). Waiting times that protect a family's photos are set to zero in the config; every other rule is the real one."""

import contextlib
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import sample_library
from loopback_icloud import LoopbackICloud
from syncthing_pair import SyncthingPair, wait_until

SOURCE = Path(os.environ.get("MEDIAFERRY_SOURCE") or Path(__file__).resolve().parents[2])
BUILD = Path(os.environ.get("MEDIAFERRY_BUILD") or SOURCE / "build" / "dev")
FOLDERS = ("incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash")


def binary() -> Path:
    named = os.environ.get("MEDIAFERRY_BINARY")
    if not named or not Path(named).exists():
        raise RuntimeError(f"MEDIAFERRY_BINARY names no binary ({named!r}); build it first")
    return Path(named)


def icloudpd() -> str:
    """The native icloudpd, fetched once."""
    tools = os.environ.get("MEDIAFERRY_TOOLS") or SOURCE / "build" / "icloudpd"
    fetched = subprocess.run([SOURCE / "scripts" / "fetch_icloudpd", tools], capture_output=True, text=True)
    if fetched.returncode != 0:
        raise RuntimeError("icloudpd is missing: " + fetched.stderr.strip())
    return fetched.stdout.strip()


def sample(which: str = "small") -> Path:
    made = sample_library.ensure if which == "full" else sample_library.ensure_small
    return made(Path(os.environ.get("MEDIAFERRY_SAMPLE") or SOURCE / "build" / "sample"))


@dataclass
class Result:
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def quick_tiers() -> list:
    """The default tiers, but for the time that clips and PNGs take."""
    video = {"codec": "hevc", "preset": "ultrafast", "floor": 0.9}
    return [{"younger_than": "1y", "photo": {"lossless": True, "png": "keep"}, "video": "keep"},
            {"younger_than": "3y", "photo": {"floor": 0.965, "min_quality": 50, "quality": 92, "png": "keep"}, "video": {**video, "quality": 26}},
            {"photo": {"floor": 0.95, "min_quality": 50, "quality": 88, "max_megapixels": 12, "png": "keep"}, "video": {**video, "quality": 28, "max_long_edge": 1920}}]


class World:
    def __init__(self, case=None, library: str | Path = "small", phone: bool = True, at: Path | None = None, only: list[str] | None = None, signed_in: bool = True):
        """`only`: keys of the assets to take from the library. `phone`: False runs no Syncthing and switches the harbour off."""
        self.case, self.phone_wanted, self.signed_in, self.kept = case, phone, signed_in, at is not None
        if at is None:
            worlds = BUILD / "worlds"
            worlds.mkdir(parents=True, exist_ok=True)
            self.root = Path(tempfile.mkdtemp(prefix="world-", dir=worlds))
        else:
            self.root = Path(at)
            self.root.mkdir(parents=True, exist_ok=True)
        self.library = sample(library) if isinstance(library, str) else Path(library)
        if only is not None:
            self.library = self.choose(only)
        self.home, self.nas = self.root / "media", self.root / "nas"
        self.cookies, self.config_file = self.root / "icloud-session", self.root / "mediaferry.yaml"
        self.database = self.root / "state" / "media.db"
        self.icloud = LoopbackICloud(self.root / "loopback-icloud", self.library)
        self.pair = SyncthingPair(self.root / "syncthing", self.home / "pixel_sync") if phone else None
        self.config: dict = {}

    def choose(self, keys: list[str]) -> Path:
        described = json.loads((self.library / "library.json").read_text())
        chosen = self.root / "library"
        chosen.mkdir()
        known = {asset["key"]: asset for asset in described["assets"]}
        for key in keys:
            for given in known[key].get("resources", {}).values():
                os.link(self.library / given["file"], chosen / given["file"])
        (chosen / "library.json").write_text(json.dumps({"assets": [known[key] for key in keys]}, ensure_ascii=False))
        return chosen

    # life ---------------------------------------------------------------------------------------------------------

    def start(self) -> "World":
        try:
            for folder in FOLDERS:
                (self.home / folder).mkdir(parents=True, exist_ok=True)
            self.nas.mkdir(exist_ok=True)
            self.icloud.start()
            if self.pair:
                self.pair.start()
            self.write_secrets()
            self.config = self.default_config()
            self.write_config()
            if self.signed_in:
                self.icloud.seed_session(self.cookies)
            self.expect(0, "archive", "init")
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        if self.pair:
            self.pair.stop()
        self.icloud.stop()
        if not self.kept and not os.environ.get("MEDIAFERRY_KEEP"):
            shutil.rmtree(self.root, ignore_errors=True)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    # the config ---------------------------------------------------------------------------------------------------

    def write_secrets(self) -> None:
        for name, text in (("icloud_password", self.icloud.password), ("syncthing_api_key", self.pair.server_key if self.pair else "none")):
            file = self.root / name
            file.write_text(text + "\n")
            file.chmod(0o600)

    def default_config(self) -> dict:
        config = {
            "database": str(self.database),
            "folders": {"root": str(self.home)},
            "icloud": {"username": self.icloud.username, "password_file": str(self.root / "icloud_password"), "command": [icloudpd()],
                       "environment": self.icloud.icloudpd_environment, "cookie_directory": str(self.cookies), "proxy": self.icloud.proxy,
                       "ca_file": str(self.icloud.ca)},
            "archive": {"root": str(self.nas), "settle": "0s"},
            "icloud_delete": {"enabled": True, "keep_days": 0, "max_share": "100%"},
            "retry": {"first": "1s", "max": "1s", "attempts": 20},
            "status": {"enabled": False},
            "log": {"format": "logfmt"},
        }
        if self.pair:
            config["syncthing"] = {"api_url": self.pair.server_api, "api_key_file": str(self.root / "syncthing_api_key"), "timeout": "60s"}
            config["pixel"] = {"batch_files": 1000, "dwell": "0s"}
        else:
            config["pixel"] = {"enabled": False}
            config["icloud_delete"]["require"] = ["nas"]
        # Tests are not what a machine does when it has nothing else to do; and what presets and floors are worth is asked elsewhere.
        config["compress"] = {"idle": False, "tiers": quick_tiers()}
        return config

    def configure(self, section: str, **keys) -> None:
        """Changes the config file."""
        self.config.setdefault(section, {}).update(keys)
        self.write_config()

    def write_config(self) -> None:
        lines = []
        for key, value in self.config.items():
            if isinstance(value, dict):
                lines += [f"{key}:"] + [f"  {name}: {json.dumps(inner, ensure_ascii=False)}" for name, inner in value.items()]
            else:
                lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
        self.config_file.write_text("\n".join(lines) + "\n")

    # the binary ---------------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH") if name in os.environ}
        return kept | {"HOME": str(self.root), "LANG": "C.UTF-8", "TZ": "UTC", "MEDIAFERRY_CONFIG": str(self.config_file)} | more

    def run(self, *words: str, timeout: float = 300, stdin: str = "", environment: dict[str, str] | None = None) -> Result:
        """mediaferry with these words and this world's config."""
        done = subprocess.run([str(binary()), *map(str, words)], env=self.environment(**(environment or {})), input=stdin, text=True, capture_output=True, timeout=timeout, cwd=self.root)
        return Result(done.returncode, done.stdout, done.stderr)

    def run_bytes(self, *words: str, timeout: float = 300) -> Result:
        """As run(), for output that may hold names in no encoding: bytes that are no UTF-8 come as they are escaped."""
        done = subprocess.run([str(binary()), *map(str, words)], env=self.environment(), capture_output=True, timeout=timeout, cwd=self.root)
        return Result(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "surrogateescape"))

    def expect(self, code: int | tuple[int, ...], *words: str, **more) -> Result:
        result = self.run(*words, **more)
        if result.code not in (code if isinstance(code, tuple) else (code,)):
            raise AssertionError(f"mediaferry {' '.join(map(str, words))}: expected exit {code}, got {result}")
        return result

    def round(self) -> Result:
        """One run of all stages, in which single files may fail."""
        return self.expect((0, 1), "run", "--no-progress")

    def report(self, *words: str):
        """What a command says with --json."""
        return json.loads(self.expect(0, *words, "--json").out)

    # looking ------------------------------------------------------------------------------------------------------

    def db(self, sql: str, *values) -> list[sqlite3.Row]:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def value(self, sql: str, *values):
        rows = self.db(sql, *values)
        return rows[0][0] if rows else None

    def media(self, key: str) -> list[sqlite3.Row]:
        """The rows of one asset of the library."""
        return self.db("SELECT * FROM media WHERE icloud_id = ? ORDER BY resource", self.icloud.state()["assets"][key]["name"])

    def statuses(self) -> dict[str, int]:
        return {row["status"]: row["n"] for row in self.db("SELECT status, count(*) AS n FROM media GROUP BY status")}

    def unfinished(self) -> list[str]:
        """What is not where it should be, for the message of a failed assertion."""
        return [" ".join(str(v) for v in row) for row in self.db(
            "SELECT m.filename, m.resource, m.status, s.stage, s.status, s.reason_code, s.reason_text FROM media m JOIN step s ON s.media_id = m.id "
            "WHERE s.status <> 'done' AND s.stage <> 'cleanup' AND s.open = 1")]

    def files(self, folder: Path) -> dict[str, tuple]:
        """relative path -> (size, mtime, inode) of every file."""
        return {str(p.relative_to(folder)): (p.stat().st_size, p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.rglob("*") if p.is_file()}

    def photos(self, folder: Path) -> set[str]:
        """Relative paths of real files: no dot files, no placeholder (nothing on disk), no canary, none of the archive's own books."""
        return {str(p.relative_to(folder)) for p in folder.rglob("*")
                if p.is_file() and not any(part.startswith(".") for part in p.relative_to(folder).parts) and p.stat().st_blocks > 0 and p.suffix not in (".txt", ".xmp")
                and p.name not in ("SHA256SUMS", "mediaferry.json")}

    @contextlib.contextmanager
    def icloudpd_trusts_the_loopback(self):
        """icloudpd 1.32.2 fetches the phone list of a code prompt with a session that ignores REQUESTS_CA_BUNDLE, so our CA is appended to the
        bundle that it unpacks at its start. Only this stand-in needs that: Apple's certificates are in the bundle."""
        done, ours = threading.Event(), "\n" + self.icloud.ca.read_text()

        def watch() -> None:
            sizes: dict[str, int] = {}
            while not done.is_set():
                for bundle in glob.glob(f"{self.database.parent}/**/_MEI*/certifi/cacert.pem", recursive=True):
                    size, seen = os.path.getsize(bundle), sizes.get(bundle)
                    if size == seen and size > 0:                # written to its end
                        with open(bundle, "a") as file:
                            file.write(ours)
                        size = -1
                    if seen != -1:
                        sizes[bundle] = size
                done.wait(0.02)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    @contextlib.contextmanager
    def command_lines(self):
        """Every command line that any process on this machine shows meanwhile."""
        done, seen = threading.Event(), set()

        def watch() -> None:
            while not done.is_set():
                for file in glob.glob("/proc/[0-9]*/cmdline"):
                    with contextlib.suppress(OSError):
                        seen.add(Path(file).read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
                done.wait(0.03)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield seen
        finally:
            done.set()
            watcher.join()

    # common journeys ----------------------------------------------------------------------------------------------

    def free_up_space(self) -> list[str]:
        return self.pair.free_up_space()

    def to_the_gate(self) -> None:
        """Everything is downloaded, on the phone, on the NAS, small, filed, and freed by the phone; nothing is approved yet."""
        self.expect(0, "run", "--no-progress")
        if self.pair:
            self.free_up_space()
            self.expect(0, "run", "--no-progress")

    def approve(self) -> int:
        """`plan`, then `approve` what it proposes; the plan's number."""
        self.expect(0, "plan")
        number = self.value("SELECT max(id) FROM plan WHERE status = 'proposed'")
        if number is None:
            raise AssertionError("there is no proposed plan:\n" + str(self.run("plan")))
        self.expect(0, "approve", str(number))
        return number

    @staticmethod
    def wait_for(what: str, check, seconds: float = 60.0):
        return wait_until(what, check, seconds)
