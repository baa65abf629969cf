# SPDX-License-Identifier: GPL-3.0-or-later
"""One Apple account as setup.icloud.com and idmsa.apple.com see it: password (SRP-6a), second factor, trust, sessions."""

import base64
import hashlib
import hmac
import secrets
import time
import uuid

N_HEX = (
    "AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13DD52312AB4B03310DCD7F48A9DA04FD50"
    "E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B855F97993EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773B"
    "CA97B43A23FB801676BD207A436C6481F1D2B9078717461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6"
    "AF874E7303CE53299CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F54759B65E372FCD68EF20FA7111F9E4AFF73")
N, G, WIDTH, ITERATIONS = int(N_HEX, 16), 2, 256, 20064


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")


def _padded(number: int) -> bytes:
    return number.to_bytes(WIDTH, "big")


class SrpSession:
    """The server's side of one SRP-6a exchange in Apple's dialect: no user name in x, PBKDF2 over SHA-256 of the password."""

    def __init__(self, user: str, password: str, client_public: bytes, protocol: str):
        self.user, self.client_public = user, int.from_bytes(client_public, "big")
        self.salt = b"\x01" + secrets.token_bytes(15)          # no leading zero: clients strip it
        digest = hashlib.sha256(password.encode()).digest()
        secret = digest if protocol == "s2k" else digest.hex().encode()
        derived = hashlib.pbkdf2_hmac("sha256", secret, self.salt, ITERATIONS, 32)
        self.verifier = pow(G, int.from_bytes(_sha(self.salt, _sha(b":", derived)), "big"), N)
        k = int.from_bytes(_sha(_minimal(N), _padded(G)), "big")
        self.public = 0
        while self.public.bit_length() <= 8 * (WIDTH - 1):
            self.private = secrets.randbits(256)
            self.public = (k * self.verifier + pow(G, self.private, N)) % N
        u = int.from_bytes(_sha(_padded(self.client_public), _padded(self.public)), "big")
        self.shared = pow(self.client_public * pow(self.verifier, u, N) % N, self.private, N)

    def proves(self, m1: bytes) -> bool:
        """Whether the client knew the password. Both spellings of leading zeros are taken."""
        xored = bytes(a ^ b for a, b in zip(_sha(_minimal(N)), _sha(_padded(G))))
        for spell in (_minimal, _padded):
            key = _sha(spell(self.shared))
            expected = _sha(xored, _sha(self.user.encode()), self.salt, spell(self.client_public), spell(self.public), key)
            if hmac.compare_digest(expected, m1):
                return True
        return False


class Account:
    """Who may sign in, what has been handed out, and what became of each attempt."""

    def __init__(self, username: str, password: str):
        self.username, self.password = username.lower(), password
        self.two_factor = False
        self.locked = False
        self.code = "123456"
        self.cookies: dict[str, bool] = {}          # web token -> is the browser trusted
        self.session_tokens: set[str] = set()
        self.trust_tokens: set[str] = set()
        self.exchanges: dict[str, SrpSession] = {}
        self.pending: dict[str, bool] = {}          # session id -> code accepted
        self.attempts: list[dict] = []              # every password attempt, with its result
        self.pushes: list[float] = []               # every code pushed to a device

    # setup.icloud.com ----------------------------------------------------------------------------------------------

    def validate(self, token: str | None):
        if token not in self.cookies:
            return 421, {"success": False, "error": 1, "reason": "Missing X-APPLE-WEBAUTH-TOKEN cookie"}, []
        return 200, self.answer(self.cookies[token]), []

    def account_login(self, body: dict):
        if body.get("dsWebAuthToken") not in self.session_tokens:
            return 421, {"success": False, "error": 1, "reason": "Invalid session token"}, []
        trusted = not self.two_factor or body.get("trustToken") in self.trust_tokens
        return 200, self.answer(trusted), self.cookie_headers(self.new_cookie(trusted))

    def answer(self, trusted: bool) -> dict:
        return {
            "dsInfo": {"dsid": "10000000001", "hsaVersion": 2, "hasICloudQualifyingDevice": True, "appleId": self.username, "primaryEmail": self.username,
                       "locale": "en_US", "countryCode": "USA", "statusCode": 2, "iCloudAppleIdAlias": ""},
            "hsaTrustedBrowser": trusted, "hsaChallengeRequired": not trusted, "version": 2, "apps": {"photos": {}},
            "webservices": {
                "ckdatabasews": {"url": "https://p99-ckdatabasews.icloud.com:443", "pcsRequired": True, "status": "active"},
                "photos": {"url": "https://p99-photosws.icloud.com:443", "pcsRequired": True, "status": "active",
                           "uploadUrl": "https://p99-uploadphotosws.icloud.com:443"}}}

    def new_cookie(self, trusted: bool) -> str:
        token = secrets.token_hex(16)
        self.cookies[token] = trusted
        return token

    @staticmethod
    def cookie_headers(token: str) -> list[tuple[str, str]]:
        expires = time.strftime("%a, %d-%b-%Y %H:%M:%S GMT", time.gmtime(time.time() + 30 * 86400))
        attributes = f"Expires={expires};Path=/;Domain=.icloud.com;Secure;HttpOnly"
        return [("Set-Cookie", f'X-APPLE-WEBAUTH-TOKEN="v=2:t={token}";{attributes}'),
                ("Set-Cookie", f'X-APPLE-WEBAUTH-USER="v=1:s=0:d=10000000001";{attributes}')]

    @staticmethod
    def token_of(cookie_header: str) -> str | None:
        for part in cookie_header.split(";"):
            name, _, value = part.strip().partition("=")
            if name == "X-APPLE-WEBAUTH-TOKEN":
                return value.strip('"').removeprefix("v=2:t=")
        return None

    def may_read(self, cookie_header: str) -> bool:
        return self.cookies.get(self.token_of(cookie_header), False)

    # idmsa.apple.com -----------------------------------------------------------------------------------------------

    def signin_init(self, body: dict, session: str):
        protocols = body.get("protocols") or ["s2k"]
        protocol = "s2k" if "s2k" in protocols else protocols[0]
        handle = str(uuid.uuid4())
        exchange = SrpSession(body["accountName"], self.password, base64.b64decode(body["a"]), protocol)
        self.exchanges[handle] = exchange
        return 200, {"iteration": ITERATIONS, "salt": base64.b64encode(exchange.salt).decode(), "protocol": protocol,
                     "b": base64.b64encode(_padded(exchange.public)).decode(), "c": handle}, self.ids(session)

    def signin_complete(self, body: dict, session: str):
        exchange = self.exchanges.pop(body.get("c", ""), None)
        known = exchange is not None and exchange.user.lower() == self.username and exchange.proves(base64.b64decode(body.get("m1", "")))
        if self.locked:
            return self.refuse(403, "-20209", "This Apple Account has been locked for security reasons.", "locked")
        if not known:
            return self.refuse(401, "-20101", "Your Apple ID or password was incorrect.", "wrong password")
        if self.two_factor and not self.trust_tokens & set(body.get("trustTokens") or []):
            self.pending[session] = False
            self.note("needs a code")
            return 409, {"authType": "hsa2"}, self.ids(session) + [("X-Apple-Session-Token", self.new_session_token())]
        self.note("signed in")
        return 200, {"authType": "sa"}, self.ids(session) + self.grant()

    def check_code(self, code: str, session: str):
        if code != self.code:
            self.note("wrong code")
            return 400, {"service_errors": [{"code": "-21669", "title": "Incorrect Verification Code", "message": "Incorrect verification code."}],
                         "hasError": True}, self.ids(session)
        self.pending[session] = True
        self.note("code accepted")
        return 204, None, self.ids(session) + [("X-Apple-Session-Token", self.new_session_token())]

    def trust(self, session: str):
        if not self.pending.get(session):
            return 401, {"hasError": True}, self.ids(session)
        return 204, None, self.ids(session) + self.grant()

    def grant(self) -> list[tuple[str, str]]:
        trust = "TRUST" + secrets.token_hex(16)
        self.trust_tokens.add(trust)
        return [("X-Apple-Session-Token", self.new_session_token()), ("X-Apple-TwoSV-Trust-Token", trust), ("X-Apple-TwoSV-Trust-Eligible", "true")]

    def new_session_token(self) -> str:
        token = "SESSION" + secrets.token_hex(16)
        self.session_tokens.add(token)
        return token

    @staticmethod
    def ids(session: str) -> list[tuple[str, str]]:
        return [("X-Apple-ID-Session-Id", session), ("scnt", "scnt-" + session), ("X-Apple-ID-Account-Country", "USA"), ("X-Apple-I-Rscd", "200")]

    def refuse(self, status: int, code: str, message: str, note: str):
        self.note(note)
        return status, {"serviceErrors": [{"code": code, "message": message, "suppressDismissal": False}]}, []

    def note(self, result: str) -> None:
        self.attempts.append({"at": time.time(), "result": result})

    # what tests do to it -------------------------------------------------------------------------------------------

    def seed(self) -> dict:
        """Values for a session written by hand: a cookie, a session token and a trust token that count."""
        granted = dict(self.grant())
        return {"cookie": self.new_cookie(True), "session_token": granted["X-Apple-Session-Token"], "trust_token": granted["X-Apple-TwoSV-Trust-Token"]}

    def expire(self, session_tokens: bool) -> None:
        self.cookies.clear()
        if session_tokens:
            self.session_tokens.clear()

    def lose_trust(self) -> None:
        self.expire(True)
        self.trust_tokens.clear()
        self.two_factor = True
