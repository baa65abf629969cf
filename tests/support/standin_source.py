# SPDX-License-Identifier: GPL-3.0-or-later
"""STANDS IN FOR SYNCTHING where a folder that another house fills is wanted without that house: it answers what mediaferry asks of it, from what lies in
the folder. The scenario exchange_test.py asks two real ones."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SERVER = "SERVER7-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA"
VERSION = "v1.29.5"


def moment(nanoseconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(nanoseconds // 10**9)) + f".{nanoseconds % 10**9:09}Z"


class StandinSource:
    """One folder, by default receive-only and with everything in it complete."""

    def __init__(self, folder: Path):
        standin = self
        self.folder, self.type, self.on_their_way, self.questions = Path(folder), "receiveonly", set(), []

        class Talk(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urlsplit(self.path)
                body = json.dumps(standin.answer(url.path, parse_qs(url.query))).encode()
                self.send_response(200)
                for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("X-Syncthing-Id", SERVER), ("X-Syncthing-Version", VERSION)):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass    # a client that was killed

        self.server = Server(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str, query: dict):
        if path == "/rest/config/folders":
            return [{"id": "remote", "path": str(self.folder), "type": self.type, "paused": False, "ignoreDelete": False, "ignorePerms": True,
                     "devices": [{"deviceID": SERVER, "encryptionPassword": ""}]}]
        if path == "/rest/db/status":
            return {"state": "idle", "error": "", "invalid": "", "ignorePatterns": False}
        if path == "/rest/system/status":
            return {"myID": SERVER, "tilde": "/root"}
        if path == "/rest/db/file":
            name = query["file"][0]
            self.questions.append(name)
            about = (self.folder / name).stat()
            entry = {"name": name, "type": "FILE_INFO_TYPE_FILE", "deleted": False, "invalid": False, "ignored": False, "mustRescan": False, "modifiedBy": SERVER[:7],
                     "version": [f"{SERVER[:7]}:1"], "size": about.st_size, "modified": moment(about.st_mtime_ns)}
            newer = entry | {"version": [f"{SERVER[:7]}:2"]} if name in self.on_their_way else entry
            return {"availability": [], "local": entry, "global": newer}
        return {}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
