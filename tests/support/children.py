# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes that never outlive us, not even when we are killed."""

import ctypes
import signal
import subprocess

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def start(command: list[str], **more) -> subprocess.Popen:
    """Popen in a session of its own, without our stdin; SIGTERM reaches it when we die."""
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                            preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM), **more)


def end(process: subprocess.Popen, patience: float = 15) -> None:
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
