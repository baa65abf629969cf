# SPDX-License-Identifier: GPL-3.0-or-later
"""Traps that others could lay in folders they can write to, and a watched place outside that nobody may read or change."""

import ctypes
import hashlib
import os
import shutil
import socket
import stat
import struct
from pathlib import Path

CANARY = b"OUTSIDE: nobody of mediaferry has any business here "

IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_OPEN, IN_MOVED, IN_CREATE, IN_DELETE = 1, 2, 4, 8, 0x20, 0xC0, 0x100, 0x200
EVERY = IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_OPEN | IN_MOVED | IN_CREATE | IN_DELETE
NAMES = {IN_ACCESS: "read", IN_MODIFY: "written", IN_ATTRIB: "touched", IN_OPEN: "opened", 0x40: "moved away", 0x80: "moved in", IN_CREATE: "created", IN_DELETE: "removed"}


class Outside:
    """A folder beside the house. `touched()` tells what became of it since `watch()`: by the kernel's own report, and by looking."""

    def __init__(self, at: Path):
        self.at = at
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = -1

    def fresh(self) -> Path:
        if self.at.exists():
            shutil.rmtree(self.at)
        (self.at / "empty").mkdir(parents=True)
        (self.at / "canary.jpg").write_bytes(CANARY * 40)
        return self.at

    def watch(self) -> None:
        self.before = self.look()
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self.watched = {}
        for folder in [self.at, *(p for p in self.at.rglob("*") if p.is_dir() and not p.is_symlink())]:
            number = self.libc.inotify_add_watch(self.fd, os.fsencode(folder), EVERY)
            if number < 0:
                raise OSError(ctypes.get_errno(), f"inotify_add_watch {folder}")
            self.watched[number] = folder

    def look(self) -> dict[str, tuple]:
        """Not the content: that would be an event of our own."""
        found = {}
        for path in sorted(self.at.rglob("*")):
            about = path.lstat()
            found[str(path.relative_to(self.at))] = (stat.S_IFMT(about.st_mode), stat.S_IMODE(about.st_mode), about.st_size, about.st_mtime_ns, about.st_ino)
        return found

    def touched(self, linked: bool = False) -> list[str]:
        """`linked`: a file there has another name in the house, by which it may be read, and that may be taken away."""
        wrong, reported = [], b""
        try:
            while more := os.read(self.fd, 1 << 16):
                reported += more
        except BlockingIOError:
            pass
        os.close(self.fd)
        after = self.look()
        at = 0
        while at < len(reported):
            number, mask, _, length = struct.unpack_from("iIII", reported, at)
            name = reported[at + 16:at + 16 + length].rstrip(b"\0").decode("utf-8", "replace")
            at += 16 + length
            what = ", ".join(word for bit, word in NAMES.items() if mask & bit)
            if what and not (linked and mask & (IN_ATTRIB | IN_ACCESS | IN_OPEN)):
                wrong.append(f"outside/{self.watched[number].relative_to(self.at) / name} was {what}")
        wrong += [f"outside/{name} is not what it was" for name in sorted(self.before.keys() | after.keys()) if self.before.get(name) != after.get(name)]
        return sorted(set(wrong))


def content(path: Path) -> bytes | None:
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() and not path.is_symlink() else None


# ---- what may stand in a file's or a folder's place: (place, its path outside, whether the original content is put behind it) -------------------


def take_out(place: Path, outside: Path) -> Path:
    """What lies at the place goes outside, as it is; to be led back to by the trap."""
    target = outside / "behind" / place.name
    target.parent.mkdir(exist_ok=True)
    shutil.move(str(place), str(target))
    return target


def clear(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif place.is_symlink() or place.exists():
        place.unlink()
    place.parent.mkdir(parents=True, exist_ok=True)


def link_to_canary(place: Path, outside: Path) -> None:
    clear(place)
    place.symlink_to(outside / "canary.jpg")


def link_to_same_content(place: Path, outside: Path) -> bool | None:
    if not place.is_file() or place.is_symlink():
        return False
    place.symlink_to(take_out(place, outside))
    return None


def dangling_link(place: Path, outside: Path) -> None:
    clear(place)
    place.symlink_to(outside / "not-there.jpg")


def pipe(place: Path, _: Path) -> None:
    clear(place)
    os.mkfifo(place)


def unix_socket(place: Path, _: Path) -> None:
    clear(place)
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open(place.parent, os.O_PATH)         # the address has room for 107 bytes only
        one.bind(f"/proc/self/fd/{here}/{place.name}")
        os.close(here)


def device(place: Path, _: Path) -> bool | None:
    clear(place)
    try:
        os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 5))     # /dev/zero: whoever reads it to its end never comes back
    except PermissionError:
        return False
    return None


def folder(place: Path, _: Path) -> None:
    clear(place)
    place.mkdir()


def hard_link_to_same_content(place: Path, outside: Path) -> bool | None:
    if not place.is_file() or place.is_symlink():
        return False
    os.link(place, outside / "linked.jpg")
    return None


def hard_link_to_canary(place: Path, outside: Path) -> None:
    clear(place)
    os.link(outside / "canary.jpg", place)


IN_A_FILES_PLACE = {"a link to a file outside": link_to_canary, "a link to the same content outside": link_to_same_content, "a dangling link": dangling_link,
                    "a pipe": pipe, "a socket": unix_socket, "a device": device, "a folder": folder, "a hard link to a file outside": hard_link_to_canary,
                    "a hard link to the same content outside": hard_link_to_same_content}


def link_to_empty_folder(place: Path, outside: Path) -> None:
    clear(place)
    place.symlink_to(outside / "empty")


def link_to_same_folder(place: Path, outside: Path) -> bool | None:
    if not place.is_dir() or place.is_symlink():
        return False
    place.symlink_to(take_out(place, outside))
    return None


IN_A_FOLDERS_PLACE = {"a link to a folder outside": link_to_empty_folder, "a link to the same content outside": link_to_same_folder, "a pipe": pipe}
HARD = ("a hard link to a file outside", "a hard link to the same content outside")

# ---- names --------------------------------------------------------------------------------------------------------------------------------------

# File names as a folder may hold them: anything but "/" and NUL, up to 255 bytes.
ON_DISK = [b"new\nline.jpg", b"bell\x07\x1b[31mred\x1b[0m.jpg", b"\xff\xfe invalid \xc3.jpg", b"n" * 251 + b".jpg", "ä".encode() * 125 + b".jpg", b"CON.jpg", b"nul",
           b"trailing. ", b"colon:star*.jpg", b"back\\slash.jpg", b"-rf", b"--help", b" leading.jpg", "Mu\u0308ller.jpg".encode(), "M\u00fcller.jpg".encode(),
           b"letters.JPG", b"LETTERS.jpg", b"'quote\".jpg", b"$(touch outside).jpg", b"..jpg", b"%s%n.jpg", "\u202egpj.exe".encode(), b"step02_pixel_sync_20250115_143022_"]
# Names as iCloud may list them: any text at all.
LISTED = ["../../../outside/escaped.JPG", "/etc/escaped.JPG", "case.JPG", ".", "CASE.jpg", "new\nline.JPG", "x" * 300 + ".JPG", "bell\x07\x1b[31m.JPG", "..", "a/b/c.JPG", "ä" * 140 + ".JPG", "CON.JPG",
          "trailing. ", "colon:star*?.JPG", "back\\slash\\..\\x.JPG", "Mu\u0308ller.JPG", "M\u00fcller.JPG", "nul\x00byte.JPG", "-rf", ".hidden.JPG",
          "step02_pixel_sync_20250115_143022_IMG_0001.JPG", "noextension", "\u202egpj.exe", "%s%n.JPG", ".mediaferry-nas", "SHA256SUMS"]
