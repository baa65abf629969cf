# SPDX-License-Identifier: GPL-3.0-or-later
"""The same small world with its archive on a share of a real Samba server, spoken to without a mount. The judge looks at the server's disk."""

from bench import Bench
from share_world import ShareWorld

SETTLED = 11        # minutes: a share cannot be flushed, and what was written to it counts for a deletion no sooner


class ShareBench(Bench):
    World = ShareWorld

    def __init__(self, keys: list[str], name: str):
        super().__init__(keys, name)
        self.minutes: dict[str, int] = {}

    def __enter__(self) -> "ShareBench":
        super().__enter__()
        self.judge.on_share = True
        return self

    def keep(self, name: str) -> None:
        super().keep(name)
        self.minutes[name] = self.world.minutes_later

    def put_back(self, name: str) -> None:
        super().put_back(name)
        self.world.minutes_later = self.minutes[name]

    def before(self, leg: str) -> None:
        if leg == "nas_archive.settle":
            self.world.minutes_later += SETTLED
        super().before(leg)
