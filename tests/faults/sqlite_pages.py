# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of a SQLite file, by kind, and ways to damage one (the file format is SQLite's own documentation's, section 1)."""

import random
from pathlib import Path

KINDS = {2: "index interior", 5: "table interior", 10: "index leaf", 13: "table leaf"}


def pages_of(database: Path) -> dict[str, list[int]]:
    """kind of page -> page numbers, read off the file."""
    data = database.read_bytes()
    size = int.from_bytes(data[16:18], "big")
    free, trunk = set(), int.from_bytes(data[32:36], "big")
    found: dict[str, list[int]] = {"header": [1]}
    while trunk:
        page = data[(trunk - 1) * size:trunk * size]
        free |= {trunk} | {int.from_bytes(page[8 + 4 * i:12 + 4 * i], "big") for i in range(int.from_bytes(page[4:8], "big"))}
        found.setdefault("free list", []).append(trunk)
        trunk = int.from_bytes(page[0:4], "big")
    for number in range(2, len(data) // size + 1):
        if number not in free and (kind := KINDS.get(data[(number - 1) * size])):
            found.setdefault(kind, []).append(number)
    return found


def spoil(database: Path, page: int, how: str, dice: random.Random) -> None:
    data = bytearray(database.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    at = (page - 1) * size
    if how == "zeros":
        data[at:at + size] = bytes(size)
    elif how == "noise":
        data[at:at + size] = dice.randbytes(size)
    elif how == "torn":                         # a write that got half way
        data[at + size // 2:at + size] = dice.randbytes(size // 2)
    else:                                       # one bit, anywhere
        where = at + dice.randrange(size)
        data[where] ^= 1 << dice.randrange(8)
    database.write_bytes(data)
