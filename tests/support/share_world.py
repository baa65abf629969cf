# SPDX-License-Identifier: GPL-3.0-or-later
"""A house whose archive is a share of a real Samba server, reached without a mount."""

from samba_server import PASSWORD, SambaServer
from world import World, binary


class ShareWorld(World):
    """`nas` is the server's disk; the house knows the share only."""

    def start(self):
        self.server = SambaServer(self.root / "samba", self.nas)
        self.server.start()
        return super().start()

    def stop(self):
        self.server.kill()
        super().stop()

    __enter__ = start

    minutes_later = 0

    def environment(self, **more):
        """The wall clock of every mediaferry process is `minutes_later` ahead."""
        clock = {"LD_PRELOAD": str(binary().parent / "libfault_shim.so"), "MEDIAFERRY_FAULT_CLOCK": str(60 * self.minutes_later)} if self.minutes_later else {}
        return super().environment(**clock, **more)

    def default_config(self):
        config = super().default_config()
        secret = self.root / "archive_password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        config["archive"] = {"root": self.server.url, "user": self.server.user, "password_file": str(secret), "settle": "10m"}
        return config
