# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority of our own and one leaf for Apple's host names, made with the openssl program."""

import ssl
import subprocess
from pathlib import Path

HOSTS = ("setup.icloud.com", "idmsa.apple.com", "p99-ckdatabasews.icloud.com", "cvws.icloud-content.com", "www.icloud.com")


def _openssl(*words: str) -> None:
    made = subprocess.run(("openssl",) + words, capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"openssl {words[0]} failed: {made.stderr.strip()}")


def make_certificates(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """The CA file for clients, and the context that serves the leaf. Made once per directory."""
    directory.mkdir(parents=True, exist_ok=True)
    ca, ca_key = directory / "ca.pem", directory / "ca.key"
    leaf, leaf_key, request = directory / "leaf.pem", directory / "leaf.key", directory / "leaf.csr"
    if not leaf.exists():
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        _openssl("req", "-x509", *curve, "-keyout", str(ca_key), "-out", str(ca), "-days", "3650",
                 "-subj", "/CN=mediaferry test CA (not Apple)",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", *curve, "-keyout", str(leaf_key), "-out", str(request), "-subj", "/CN=setup.icloud.com")
        extensions = directory / "leaf.ext"
        names = ",".join("DNS:" + host for host in HOSTS)
        extensions.write_text(f"basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n")
        _openssl("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial",
                 "-out", str(leaf), "-days", "3650", "-extfile", str(extensions))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf, leaf_key)
    return ca, context
