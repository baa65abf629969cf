# SPDX-License-Identifier: GPL-3.0-or-later
"""Port numbers for servers that are other programs (Syncthing, Samba): they cannot be given a socket, so a number has to be known before they bind it."""

import random
import socket

FIRST, COUNT = 20000, 12000     # below what the kernel gives to whoever asks for any port (32768 up)
_held: list[socket.socket] = []


def _reserve(port: int) -> bool:
    """A name without a file that this process holds until it ends, in the same network namespace as the port."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0mediaferry-test-port-{port}")
    except OSError:
        name.close()
        return False
    _held.append(name)
    return True


def _nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)     # an ended connection of an earlier server is no reason
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
            return True
        except OSError:
            return False


def reserved_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens, this process's own until it ends, also while its server is stopped: no other test is given it
    (tests/support/port.cpp asks the same way), and no connection takes it as its own end."""
    start = random.SystemRandom().randrange(COUNT)
    for step in range(COUNT):
        port = FIRST + (start + step) % COUNT
        if _reserve(port) and _nobody_listens(port):
            return port
    raise RuntimeError(f"every port from {FIRST} to {FIRST + COUNT - 1} is taken")
