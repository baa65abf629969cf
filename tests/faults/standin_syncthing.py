# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST answers of a Syncthing with one phone, at once and with a memory that can be put back. It STANDS IN FOR SYNCTHING in the fault
campaigns, where thousands of runs start from the same moment; everywhere else the tests use two real ones (syncthing_pair.py).

The phone has what was scanned a moment ago. What the server sends twice under two names is two files there."""

import copy
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SERVER = "SERVER7-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA"
PHONE = "PHONE77-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB"
VERSION = "v1.29.5"


def moment(nanoseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9)) + f".{nanoseconds % 10**9:09}Z"


class Memory:
    def __init__(self):
        self.local: dict[str, dict] = {}
        self.at_phone: dict[str, dict] = {}     # the phone's own word where it differs: deletions
        self.photos: dict[str, bytes] = {}      # what lies on the phone
        self.sequence = 1


class StandinSyncthing:
    def __init__(self, outbox: Path, folder: str = "pixel"):
        self.outbox, self.folder, self.memory, self.lock = Path(outbox), folder, Memory(), threading.RLock()
        self.memories: dict[str, Memory] = {}
        standin = self

        class Talk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urlsplit(self.path)
                with standin.lock:
                    answer = standin.answer(self.command, url.path, {k: v for k, v in parse_qs(url.query).items()})
                body = json.dumps({} if answer is None else answer).encode()
                self.send_response(200 if answer is not None else 404)
                for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("X-Syncthing-Id", SERVER), ("X-Syncthing-Version", VERSION)):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass    # a client that was killed

        self.server = Server(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def remember(self, name: str) -> None:
        with self.lock:
            self.memories[name] = copy.deepcopy(self.memory)

    def recall(self, name: str) -> None:
        with self.lock:
            self.memory = copy.deepcopy(self.memories[name])

    # the phone ------------------------------------------------------------------------------------------------------

    def free_up_space(self) -> list[str]:
        with self.lock:
            freed = [name for name in self.memory.photos if not name.endswith(".txt")]
            for name in freed:
                del self.memory.photos[name]
                self.memory.sequence += 1
                self.memory.at_phone[name] = dict(self.memory.local[name], deleted=True, size=0, modifiedBy=PHONE[:7], modified=moment(time.time_ns()),
                                                  version=self.memory.local[name]["version"] + [f"{PHONE[:7]}:1"])
            return freed

    def on_phone(self) -> dict[str, bytes]:
        with self.lock:
            return dict(self.memory.photos)

    # answers --------------------------------------------------------------------------------------------------------

    def scan(self) -> None:
        memory, there = self.memory, {}
        for file in self.outbox.iterdir():
            if file.is_file() and not file.is_symlink() and not file.name.startswith((".st", ".syncthing")):
                there[file.name] = file.stat()
        for name, about in there.items():
            known = memory.local.get(name)
            now = {"size": about.st_size, "modified": moment(about.st_mtime_ns)}
            if known and not known["deleted"] and all(known[key] == value for key, value in now.items()):
                continue
            counter = int(known["version"][0].split(":")[1]) + 1 if known else 1
            memory.local[name] = {"name": name, "type": "FILE_INFO_TYPE_FILE", "deleted": False, "invalid": False, "ignored": False, "mustRescan": False,
                                  "modifiedBy": SERVER[:7], "version": [f"{SERVER[:7]}:{counter}"]} | now
            memory.at_phone.pop(name, None)
            memory.photos[name] = (self.outbox / name).read_bytes()
            memory.sequence += 1
        for name, known in memory.local.items():
            if name in there or known["deleted"]:
                continue
            counter = int(known["version"][0].split(":")[1]) + 1
            memory.local[name] = dict(known, deleted=True, size=0, modifiedBy=SERVER[:7], version=[f"{SERVER[:7]}:{counter}"])
            if name not in memory.at_phone:
                memory.photos.pop(name, None)
            memory.sequence += 1

    def answer(self, method: str, path: str, query: dict[str, list[str]]):
        memory = self.memory
        if method == "POST" and path == "/rest/db/scan":
            self.scan()
            return {}
        if path == "/rest/system/status":
            return {"myID": SERVER, "tilde": "/root"}
        if path == "/rest/config/folders":
            return [{"id": self.folder, "path": str(self.outbox), "type": "sendonly", "paused": False, "ignoreDelete": False, "ignorePerms": True,
                     "devices": [{"deviceID": SERVER, "encryptionPassword": ""}, {"deviceID": PHONE, "encryptionPassword": ""}]}]
        if path == "/rest/config/devices":
            return [{"deviceID": one, "name": one[:7], "paused": False, "introducer": False, "autoAcceptFolders": False, "untrusted": False} for one in (SERVER, PHONE)]
        if path == "/rest/system/connections":
            return {"connections": {PHONE: {"connected": True, "paused": False, "clientVersion": VERSION}}}
        if path == "/rest/stats/device":
            return {PHONE: {"lastSeen": moment(time.time_ns())}}
        if path == "/rest/db/status":
            return {"state": "idle", "error": "", "invalid": "", "ignorePatterns": False}
        if path == "/rest/db/completion":
            return {"remoteState": "valid", "sequence": memory.sequence, "needItems": 0}
        if path == "/rest/db/need":
            return {"progress": [], "queued": [], "rest": [entry for name, entry in memory.at_phone.items() if not memory.local[name]["deleted"]]}
        if path == "/rest/db/file":
            name = query["file"][0]
            if name not in memory.local:
                return None
            held = name in memory.photos
            return {"availability": [{"id": PHONE, "fromTemporary": False}] if held else [], "local": memory.local[name], "global": memory.at_phone.get(name, memory.local[name])}
        return None
