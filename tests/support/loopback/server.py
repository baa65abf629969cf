# SPDX-License-Identifier: GPL-3.0-or-later
"""One port: plain HTTP for control, CONNECT for Apple's hosts, and behind it TLS and Apple's answers."""

import base64
import json
import re
import socket
import socketserver
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from loopback import SERVER_NAME
from loopback.account import Account
from loopback.admin import Admin
from loopback.database import Database
from loopback.faults import Faults
from loopback.library import Library
from loopback.tls import HOSTS, make_certificates

DATABASE = re.compile(r"^/database/1/com\.apple\.photos\.cloud/production/(private|shared)/(.+)$")


class World:
    """Everything the loopback iCloud knows, behind one lock."""

    def __init__(self, directory: Path, username: str, password: str, library: Path | None):
        self.lock = threading.RLock()
        self.ca, self.tls = make_certificates(directory)
        self.account, self.library, self.faults = Account(username, password), Library(), Faults()
        self.database = Database(self.library)
        self.requests: list[dict] = []
        self.admin = Admin(self)
        if library:
            self.library.load(library)


class Talk(BaseHTTPRequestHandler):
    """What control and Apple's answers share."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300
    world: World

    def version_string(self) -> str:
        return SERVER_NAME

    def log_message(self, *_):
        pass

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, status: int, body: bytes, ctype: str, headers: list[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", ctype)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)


class Control(Talk):
    """The plain side of the port."""

    def do_CONNECT(self):
        host, _, port = self.path.partition(":")
        if host not in HOSTS or port != "443":
            with self.world.lock:
                self.world.requests.append({"at": time.time(), "outside": self.path, "host": host, "path": "", "method": "CONNECT"})
            return self.send(403, b"not one of the hosts this server stands in for\n", "text/plain")
        given = self.headers.get("Proxy-Authorization", "").removeprefix("Basic ")
        via = "icloudpd" if base64.b64decode(given).startswith(b"icloudpd:") else "client"
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.close_connection = True
        try:
            with self.world.tls.wrap_socket(self.connection, server_side=True) as secured:
                Apple(secured, self.client_address, self.server, host, via, self.world)
        except OSError:
            pass    # the client went away or does not trust us

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        url = urlsplit(self.path)
        body = json.loads(self.read_body() or b"{}")
        body |= {key: values[0] for key, values in parse_qs(url.query).items()}
        try:
            answer, status = self.world.admin.call(url.path.removeprefix("/__admin/"), body), 200
        except Exception as wrong:          # a test's mistake belongs in the test's output
            answer, status = {"error": f"{type(wrong).__name__}: {wrong}"}, 400
        self.send(status, json.dumps(answer).encode(), "application/json")


class Apple(Talk):
    """One TLS connection to one of Apple's hosts."""

    def __init__(self, connection, address, server, host: str, via: str, world: World):
        self.host, self.via, self.world = host, via, world
        super().__init__(connection, address, server)

    def do_GET(self):
        self.answer()

    do_POST = do_PUT = do_HEAD = do_GET

    def answer(self) -> None:
        body = self.read_body()
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        checksum = query.get("o") if self.host.endswith("icloud-content.com") else None
        text = body.decode("utf-8", "replace")
        with self.world.lock:
            fault = self.world.faults.meet(self.host + self.path + text, self.via, checksum)
            log = {"at": time.time(), "via": self.via, "method": self.command, "host": self.host, "path": url.path, "query": url.query, "body": text[:20000],
                   "range": self.headers.get("Range"), "cookies": bool(self.headers.get("Cookie")), "agent": self.headers.get("User-Agent", ""), "status": 0, "sent": 0}
            if "signin" in url.path:
                log["body"] = ""
            self.world.requests.append(log)
        if fault.get("sleep"):
            time.sleep(fault["sleep"])
        if self.world.faults.replaces_answer(fault):
            return self.send_fault(fault, log)
        if checksum is not None:
            return self.send_content(checksum, query, fault, log)
        with self.world.lock:
            status, answer, headers = self.route(url.path, json.loads(text) if text.strip() else None, fault)
        if fault.get("hang_up"):
            return self.hang_up()
        if fault.get("effect_without_ack"):
            return self.send_fault({"status": 503} | fault, log)
        log["status"] = status
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send(status, data, "application/json; charset=utf-8", headers)

    def send_fault(self, fault: dict, log: dict) -> None:
        page = "<html><body>Service Unavailable: this is a page, not a photo</body></html>"
        body = fault.get("body", page if "html" in fault else "")
        body = (json.dumps(body) if isinstance(body, (dict, list)) else body).encode()
        log["status"] = fault.get("status", 200)
        self.send(log["status"], body, fault.get("ctype", "text/html" if "html" in fault else "application/json"), list(fault.get("headers", {}).items()))

    # ---------------------------------------------------------------------------------------------------------------

    def route(self, path: str, body, fault: dict):
        account = self.world.account
        if self.host == "setup.icloud.com":
            if path.endswith("/validate"):
                return account.validate(account.token_of(self.headers.get("Cookie", "")))
            if path.endswith("/accountLogin"):
                return account.account_login(body or {})
        if self.host == "idmsa.apple.com":
            return self.sign_in(path.removeprefix("/appleauth/auth"), body or {})
        found = DATABASE.match(path) if "ckdatabasews" in self.host else None
        if found:
            if not account.may_read(self.headers.get("Cookie", "")):
                return 421, {"uuid": str(uuid.uuid4()), "serverErrorCode": "AUTHENTICATION_REQUIRED", "reason": "request needs authorization"}, []
            return *self.world.database.answer(found[1], found[2], body or {}, fault), []
        return 404, {"error": f"the loopback iCloud has no {self.host}{path}"}, []

    def sign_in(self, path: str, body: dict):
        account = self.world.account
        session = self.headers.get("X-Apple-ID-Session-Id") or str(uuid.uuid4())
        if path == "/signin/init":
            return account.signin_init(body, session)
        if path == "/signin/complete":
            return account.signin_complete(body, session)
        if path == "/verify/trusteddevice/securitycode" and self.command == "PUT":
            account.pushes.append(time.time())
            return 202, {}, account.ids(session)
        if path in ("/verify/trusteddevice/securitycode", "/verify/phone/securitycode"):
            status, answer, headers = account.check_code(body["securityCode"]["code"], session)
            return (200, {}, headers) if status == 204 and "phone" in path else (status, answer, headers)
        if path in ("/verify/phone", "/verify/trusteddevice"):
            account.pushes.append(time.time())
            return 200, {}, account.ids(session)
        if path == "/2sv/trust":
            return account.trust(session)
        if path == "/repair/complete":
            return 200, {}, account.ids(session)
        if path == "" and self.command == "GET":
            return 200, {"trustedPhoneNumbers": [{"id": 1, "obfuscatedNumber": "(•••) •••-••42", "numberWithDialCode": "+1 (•••) •••-••42", "pushMode": "sms"}]}, account.ids(session)
        return 404, {"error": f"the loopback iCloud has no sign-in step {path}"}, []

    # ---------------------------------------------------------------------------------------------------------------

    def send_content(self, checksum: str, query: dict, fault: dict, log: dict) -> None:
        library = self.world.library
        resource = library.contents.get(checksum)
        expires = int(query.get("e", "0"))
        log["checksum"] = checksum
        if resource is None or query.get("k") != library.signature(checksum, expires) or expires < time.time():
            log["status"] = 404 if resource is None else 410 if expires < time.time() else 403
            return self.send(log["status"], b"", "text/plain")
        data = resource.bytes()
        if "corrupt" in fault:
            at = len(data) // 2 if fault["corrupt"] is True else fault["corrupt"]
            data = data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:]
        if "short" in fault:
            data = data[:fault["short"]]
        status, first, last, headers = 200, 0, len(data) - 1, [("Accept-Ranges", "bytes")]
        asked = re.match(r"bytes=(\d+)-(\d*)$", self.headers.get("Range") or "")
        if asked and not fault.get("ignore_range"):
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            if first >= len(data):
                log["status"] = 416
                return self.send(416, b"", "text/plain", [("Content-Range", f"bytes */{len(data)}")])
            status = 206
            headers.append(("Content-Range", f"bytes {first}-{last}/{len(data)}"))
        log["status"] = status
        self.send_response(status)
        for name, value in headers + [("Content-Type", "application/octet-stream"), ("Content-Length", str(last + 1 - first))]:
            self.send_header(name, value)
        self.end_headers()
        self.stream(data[first:last + 1], fault, log)

    def stream(self, data: bytes, fault: dict, log: dict) -> None:
        if self.command == "HEAD":
            return
        stop = len(data)
        if "truncate_at" in fault:
            stop = min(fault["truncate_at"], stop)
        if "stall" in fault:
            stop = stop // 2
        for at in range(0, stop, 1 << 18):
            self.wfile.write(data[at:min(at + (1 << 18), stop)])
            log["sent"] = min(at + (1 << 18), stop)
        if stop < len(data):
            self.wfile.flush()
            if "stall" in fault:
                time.sleep(fault["stall"])
            self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass    # the client went first


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass    # a client that hangs up is no news


def serve(directory: Path, port: int, username: str, password: str, library: Path | None) -> None:
    world = World(directory, username, password, library)
    Control.world = world
    with Server(("127.0.0.1", port), Control) as server:
        print(json.dumps({"port": server.server_address[1], "ca": str(world.ca), "note": "stands in for Apple", "server": SERVER_NAME}), flush=True)
        server.serve_forever(poll_interval=0.2)
