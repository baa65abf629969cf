#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loopback iCloud that STANDS IN FOR APPLE in mediaferry's tests and demo. It is not Apple and never talks to Apple.

It listens on one port of 127.0.0.1 and is reached as a proxy: HTTPS_PROXY=http://127.0.0.1:PORT and a CA bundle of its own.
Facts behind every answer: icloudpd 1.32.2 run against it, and recorded traffic of icloud.com; where Apple's own behaviour is
unknown it is strict (change tags count) or has a knob. The rooms are in loopback/; what can go wrong is in loopback/faults.py.

As a program:  loopback_icloud.py --dir DIR [--library DIR] [--port 0]   prints one JSON line, then serves.
As a module:   with LoopbackICloud(directory, library) as icloud: …
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import children

USERNAME, PASSWORD = "jdoe@example.com", "correct horse battery"


class LoopbackICloud:
    """The server as a child process, and its control calls as methods."""

    def __init__(self, directory: Path, library: Path | None = None, username: str = USERNAME, password: str = PASSWORD):
        self.directory, self.library, self.username, self.password = Path(directory), library, username, password
        self.port, self.ca, self.process, self.code = 0, Path(), None, "123456"      # the code a trusted device would show

    def start(self) -> "LoopbackICloud":
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, "--dir", str(self.directory), "--port", str(self.port), "--username", self.username, "--password-env", "LOOPBACK_PASSWORD"]
        command += ["--library", str(self.library)] if self.library else []
        with open(self.directory / "loopback_icloud.log", "ab") as log:
            self.process = children.start(command, stdout=subprocess.PIPE, stderr=log, env=dict(os.environ, LOOPBACK_PASSWORD=self.password))
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the loopback iCloud did not start: see {self.directory}/loopback_icloud.log")
        ready = json.loads(line)
        self.port, self.ca = ready["port"], Path(ready["ca"])
        return self

    def stop(self) -> None:
        if self.process:
            children.end(self.process)
            self.process.stdout.close()
            self.process = None

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def icloudpd_environment(self) -> dict[str, str]:
        """What the real icloudpd needs. The user name in the proxy URL tells its requests from ours in the log."""
        return {"HTTPS_PROXY": f"http://icloudpd:x@127.0.0.1:{self.port}", "REQUESTS_CA_BUNDLE": str(self.ca)}

    # control ------------------------------------------------------------------------------------------------------

    def call(self, name: str, **given):
        request = urllib.request.Request(f"{self.proxy}/__admin/{name}", data=json.dumps(given).encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as wrong:
            raise RuntimeError(f"loopback iCloud: {name}: {wrong.read().decode()}") from None

    def state(self) -> dict:
        return self.call("state")

    def requests(self, since: int = 0) -> list[dict]:
        return self.call("requests", since=since)

    def mark(self) -> int:
        """A place in the request log, for `requests(since=…)`."""
        return self.state()["requests"]

    def downloads(self, since: int = 0) -> list[dict]:
        """Content requests: who asked (via), for which checksum, with what answer."""
        return [r for r in self.requests(since) if r["host"] == "cvws.icloud-content.com"]

    def modifications(self, since: int = 0) -> list[dict]:
        return [r for r in self.requests(since) if r["path"].endswith("/records/modify")]

    def outside(self) -> list[dict]:
        return [r for r in self.requests() if "outside" in r]

    def deleted(self) -> list[dict]:
        return self.call("deleted")

    def sign_ins(self) -> list[str]:
        return [attempt["result"] for attempt in self.state()["sign_ins"]]

    def fault(self, **fault) -> None:
        self.call("fault", **fault)

    def reset_faults(self) -> None:
        self.call("reset_faults")

    def checksum(self, asset: str, kind: str = "original") -> str:
        return self.state()["assets"][asset]["resources"][kind]["checksum"]

    def spoil(self, asset: str, kind: str = "original", **fault) -> None:
        """A fault on the download of one resource."""
        self.fault(checksum=self.checksum(asset, kind), **fault)

    def __getattr__(self, name: str):
        """add, touch, edit, file, unfile, delete, undelete, expunge, hide, expire, trust_lost, lock, two_factor, knob, delete_album."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **given: self.call(name, **given)

    def change_password(self, password: str) -> None:
        """At Apple only: what the config still says is now wrong."""
        self.call("password", password=password)

    # a session without signing in -----------------------------------------------------------------------------------

    def seed_session(self, cookie_directory: Path, username: str | None = None) -> None:
        """Writes icloudpd's two session files by hand, as a sign-in would have left them."""
        given, name = self.call("seed"), "".join(c for c in (username or self.username).lower() if c.isalnum() or c == "_")
        cookie_directory.mkdir(parents=True, exist_ok=True)
        cookie_directory.chmod(0o700)
        expires = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(time.time() + 30 * 86400))
        jar, session = cookie_directory / name, cookie_directory / (name + ".session")
        value = f'"\\"v=2:t={given["cookie"]}\\""'
        jar.write_text("#LWP-Cookies-2.0\n" + f'Set-Cookie3: X-APPLE-WEBAUTH-TOKEN={value}; path="/"; domain=".icloud.com"; path_spec; domain_dot; secure; '
                       f'expires="{expires}"; HttpOnly=None; version=0\n')
        session.write_text(json.dumps({"client_id": "auth-00000000-0000-1000-8000-000000000000", "account_country": "USA", "session_id": "SEEDED",
                                       "session_token": given["session_token"], "trust_token": given["trust_token"], "trust_eligible": "true",
                                       "scnt": "scnt-SEEDED", "apple_rscd": "200"}))
        jar.chmod(0o600)
        session.chmod(0o600)


def main() -> None:
    parser = argparse.ArgumentParser(description="A loopback iCloud that stands in for Apple.")
    parser.add_argument("--dir", type=Path, required=True, help="its CA and certificates")
    parser.add_argument("--library", type=Path, help="a directory with library.json (tests/support/sample_library.py)")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--username", default=USERNAME)
    parser.add_argument("--password-env", default="LOOPBACK_PASSWORD")
    given = parser.parse_args()
    from loopback.server import serve
    try:
        serve(given.dir, given.port, given.username, os.environ.get(given.password_env, PASSWORD), given.library)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
