#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real Syncthing processes on loopback: the home server (folder send-only) and the phone (folder send-receive).

The phone is a folder; Google Photos' "Free up space" is played by free_up_space(), which deletes files there and lets the phone
scan, as the app's deletion would. Discovery, relays, NAT, upgrades and reports are off; nothing leaves 127.0.0.1."""

import base64
import hashlib
import json
import os
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import children
from port import reserved_port

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def device_id(certificate: Path) -> str:
    """SHA-256 of the certificate in base32, with Syncthing's check digits, in groups of seven."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).digest()
    text, checked = base64.b32encode(digest).decode().rstrip("="), ""
    for part in (text[i:i + 13] for i in range(0, 52, 13)):
        total, factor = 0, 1
        for letter in part:
            addend = factor * ALPHABET.index(letter)
            factor = 3 - factor
            total += addend // 32 + addend % 32
        checked += part + ALPHABET[(32 - total % 32) % 32]
    return "-".join(checked[i:i + 7] for i in range(0, 56, 7))


def wait_until(what: str, check, seconds: float = 60.0):
    """The first true answer of `check`; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            answer = check()
        except OSError:             # not listening yet, or an HTTP error such as "folder is scanning"
            answer = None
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain until {what}")


class Syncthing:
    """One process with its home directory and one folder."""

    def __init__(self, name: str, home: Path, folder: Path):
        self.name, self.home, self.folder = name, Path(home), Path(folder)
        self.key = secrets.token_hex(16)
        self.process = None
        self.home.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / ".stfolder").mkdir(exist_ok=True)
        certificate = self.home / "cert.pem"
        if not certificate.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-nodes", "-days", "7300", "-subj", "/CN=syncthing",
                            "-keyout", str(self.home / "key.pem"), "-out", str(certificate)], check=True, capture_output=True)
        self.id = device_id(certificate)
        self.port, self.api_port = reserved_port(), reserved_port()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    def configure(self, other: "Syncthing", folder_id: str, folder_type: str, rescan: int, extra: str = "") -> None:
        devices = "".join(f'<device id="{d.id}" introducedBy=""></device>' for d in (self, other))
        known = "".join(f'<device id="{d.id}" name="{d.name}" compression="metadata" introducer="false" skipIntroductionRemovals="false" introducedBy="">'
                        f'<address>tcp://127.0.0.1:{d.port}</address><paused>false</paused><autoAcceptFolders>false</autoAcceptFolders></device>' for d in (self, other))
        (self.home / "config.xml").write_text(
            f'<configuration version="35"><folder id="{folder_id}" label="{folder_id}" path="{self.folder}" type="{folder_type}" rescanIntervalS="{rescan}" '
            f'fsWatcherEnabled="false" ignorePerms="true" autoNormalize="true">{devices}<minDiskFree unit="%">0</minDiskFree><ignoreDelete>false</ignoreDelete>'
            f'<paused>false</paused><markerName>.stfolder</markerName>{extra}</folder>{known}'
            f'<gui enabled="true" tls="false" debugging="false"><address>127.0.0.1:{self.api_port}</address><apikey>{self.key}</apikey></gui>'
            f'<options><listenAddress>tcp://127.0.0.1:{self.port}</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled>'
            '<localAnnounceEnabled>false</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><urAccepted>-1</urAccepted>'
            '<autoUpgradeIntervalH>0</autoUpgradeIntervalH><startBrowser>false</startBrowser><crashReportingEnabled>false</crashReportingEnabled>'
            '<stunKeepaliveStartS>0</stunKeepaliveStartS><reconnectionIntervalS>5</reconnectionIntervalS><minHomeDiskFree unit="%">0</minHomeDiskFree>'
            '<announceLANAddresses>false</announceLANAddresses></options></configuration>\n')

    def start(self) -> None:
        environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", "/usr/bin"), "STNOUPGRADE": "1", "STNORESTART": "1", "STMONITORED": "yes",
                       "NO_PROXY": "*", "LANG": "C.UTF-8"}
        with open(self.home / "syncthing.log", "ab") as log:
            self.process = children.start(["syncthing", "serve", f"--home={self.home}", "--no-browser"], stdout=log, stderr=log, env=environment)

    def stop(self) -> None:
        if self.process:
            children.end(self.process)
            self.process = None

    def call(self, method: str, path: str, **query):
        """JSON of one REST call."""
        url = f"{self.api}/rest/{path}" + ("?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote) if query else "")
        request = urllib.request.Request(url, method=method, headers={"X-API-Key": self.key}, data=b"" if method == "POST" else None)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body.strip() else {}


class SyncthingPair:
    def __init__(self, directory: Path, outbox: Path | None = None, folder_id: str = "pixel"):
        directory = Path(directory)
        self.folder_id, self.outbox, self.phone_folder = folder_id, Path(outbox or directory / "outbox"), directory / "phone" / "DCIM" / "ferry"
        self.server = Syncthing("server", directory / "syncthing-server", self.outbox)
        self.phone = Syncthing("pixel", directory / "syncthing-phone", self.phone_folder)
        self.server.configure(self.phone, folder_id, "sendonly", rescan=0)
        self.phone.configure(self.server, folder_id, "sendreceive", rescan=2, extra="<maxConflicts>0</maxConflicts>")

    server_api = property(lambda self: self.server.api)
    server_key = property(lambda self: self.server.key)
    pixel_id = property(lambda self: self.phone.id)

    def start(self) -> "SyncthingPair":
        self.server.start()
        self.phone.start()
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        for side in (self.server, self.phone):
            wait_until(f"Syncthing of the {side.name} has scanned", lambda: side.call("POST", "db/scan", folder=self.folder_id) is not None)
        for side, other in ((self.server, self.phone), (self.phone, self.server)):
            wait_until(f"Syncthing of the {side.name} is connected",
                       lambda: side.call("GET", "system/connections")["connections"].get(other.id, {}).get("connected"))
            wait_until(f"Syncthing of the {side.name} is idle", lambda: side.call("GET", "db/status", folder=self.folder_id)["state"] == "idle")

    def stop(self) -> None:
        for side in (self.server, self.phone):
            if side.process:
                side.process.terminate()     # both at once; stop() then only waits
        self.server.stop()
        self.phone.stop()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    # the phone ----------------------------------------------------------------------------------------------------

    def phone_stop(self) -> None:
        """The phone is switched off; the server has noticed."""
        self.phone.stop()
        wait_until("the server has noticed that the phone is gone",
                   lambda: not self.server.call("GET", "system/connections")["connections"].get(self.phone.id, {}).get("connected"))

    def phone_start(self) -> None:
        self.phone.start()
        self.wait_ready()

    def pause(self, paused: bool = True) -> None:
        """Pauses the phone on the server, as its owner would in Syncthing's page."""
        self.server.call("POST", "system/pause" if paused else "system/resume", device=self.phone.id)

    def on_phone(self) -> list[str]:
        """Names of the photos on the phone."""
        return sorted(str(p.relative_to(self.phone_folder)) for p in self.phone_folder.rglob("*")
                      if p.is_file() and not any(part.startswith((".st", ".syncthing")) for part in p.relative_to(self.phone_folder).parts))

    def free_up_space(self, names: list[str] | str = "all") -> list[str]:
        """Google Photos' "Free up space": the phone deletes what it has backed up, and in time says so. The canary (a text file, if the
        server has put one there) is nothing Google Photos could own and stays. Returns what was freed, once the server knows."""
        chosen = [n for n in self.on_phone() if not n.lower().endswith(".txt")] if names == "all" else list(names)
        for name in chosen:
            (self.phone_folder / name).unlink()
        self.phone.call("POST", "db/scan", folder=self.folder_id)
        wait_until("the server has heard what the phone freed", lambda: all(self.deleted_by_phone(name) for name in chosen))
        return chosen

    def deleted_by_phone(self, name: str) -> bool:
        state = self.server.call("GET", "db/file", folder=self.folder_id, file=name)["global"]
        return state["deleted"] and state["modifiedBy"] == self.phone.id[:7]

    def wait_delivered(self, name: str) -> None:
        wait_until(f"the phone has {name}", lambda: (self.phone_folder / name).is_file())


if __name__ == "__main__":
    import tempfile
    with tempfile.TemporaryDirectory(prefix="mediaferry-pair-") as scratch:
        began = time.monotonic()
        with SyncthingPair(Path(scratch)) as pair:
            print(f"connected after {time.monotonic() - began:.1f} s: {pair.server.call('GET', 'system/version')['version']}")
            (pair.outbox / "hello 1 # 100%.jpg").write_text("hello")
            pair.server.call("POST", "db/scan", folder=pair.folder_id)
            pair.wait_delivered("hello 1 # 100%.jpg")
            print("freed", pair.free_up_space(), f"after {time.monotonic() - began:.1f} s")
            pair.phone_stop()
            pair.phone_start()
            print(f"phone back after {time.monotonic() - began:.1f} s")
