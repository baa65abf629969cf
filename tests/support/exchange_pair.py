# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real Syncthing processes of two houses: each sends what it exports in a folder of its own, and receives the other's."""

from pathlib import Path

from syncthing_pair import Syncthing, wait_until


class ExchangePair:
    """Folder "from-NAME" of each house: sendonly at home (`outgoing`), receiveonly at the other's (`incoming`)."""

    def __init__(self, directory: Path, names: tuple[str, str] = ("a", "b")):
        self.sides = {name: Syncthing(name, directory / f"syncthing-{name}", directory / f"outgoing-{name}") for name in names}
        self.outgoing = {name: directory / f"outgoing-{name}" for name in names}
        self.incoming = {name: directory / f"incoming-{name}" for name in names}
        self.other = dict(zip(names, reversed(names)))
        for name, side in self.sides.items():
            other = self.sides[self.other[name]]
            marker = self.incoming[name] / ".stfolder"
            marker.mkdir(parents=True, exist_ok=True)
            devices = "".join(f'<device id="{d.id}" introducedBy=""></device>' for d in (side, other))
            # configure() writes one folder; the second one stands behind it.
            side.configure(other, f"from-{name}", "sendonly", rescan=0, extra=f'</folder><folder id="from-{self.other[name]}" label="" path="{self.incoming[name]}" '
                           f'type="receiveonly" rescanIntervalS="0" fsWatcherEnabled="false" ignorePerms="true" autoNormalize="true">{devices}'
                           '<minDiskFree unit="%">0</minDiskFree><paused>false</paused><markerName>.stfolder</markerName>')

    def start(self) -> "ExchangePair":
        for side in self.sides.values():
            side.start()
        for name, side in self.sides.items():
            for folder in (f"from-{name}", f"from-{self.other[name]}"):
                wait_until(f"Syncthing {name} has scanned {folder}", lambda: side.call("POST", "db/scan", folder=folder) is not None)
        for name, side in self.sides.items():
            wait_until(f"Syncthing {name} is connected",
                       lambda: side.call("GET", "system/connections")["connections"].get(self.sides[self.other[name]].id, {}).get("connected"))
        return self

    def stop(self) -> None:
        for side in self.sides.values():
            side.stop()

    def send(self, name: str) -> None:
        """Has the house's Syncthing look at what was exported."""
        self.sides[name].call("POST", "db/scan", folder=f"from-{name}")

    def wait_arrived(self, name: str) -> None:
        """All that `name` sends lies at the other house."""
        sent = {str(p.relative_to(self.outgoing[name])): p.stat().st_size for p in self.outgoing[name].rglob("*") if p.is_file() and not p.name.startswith(".st")}
        there = self.incoming[self.other[name]]
        wait_until(f"all files of {name} have arrived", lambda: all((there / n).is_file() and (there / n).stat().st_size == size for n, size in sent.items()))
        side = self.sides[self.other[name]]
        wait_until(f"the folder from-{name} is idle", lambda: (s := side.call("GET", "db/status", folder=f"from-{name}"))["state"] == "idle" and s["needBytes"] == 0)
