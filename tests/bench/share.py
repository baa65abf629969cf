# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos brought to an SMB share without a mount (mediaferry queue), beside smbclient's put.

    scripts/bench share [--photos 200] [--small 2000] [--rounds 3] [--memory 12]

A real Samba server on the loopback, its disk on the file system that is worked on; encrypted, as both ask for it. Ours: compared, queued, written,
read back over the wire, renamed, the index kept. smbclient: put alone; and put, get of all of it again and sha256sum -c of what came, which is what
reading back means there (their list of checksums is made beforehand)."""

import shutil
import subprocess
import sys

from copies import make
from side_by_side import SOURCE, Bench, Measured, apart, installed, options_for, ratio, table

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from samba_server import PASSWORD, SambaServer

OURS, PUT, EQUAL = "mediaferry queue add push, queue run", "smbclient put", "smbclient put, get, then sha256sum -c"


class Share:
    def __init__(self, bench: Bench, name: str):
        self.bench, self.source = bench, bench.root / name
        self.disk, self.back = bench.root / "archive", bench.root / "back"
        self.disk.mkdir(exist_ok=True)
        self.server = SambaServer(bench.root / f"samba-{name}", self.disk)
        self.server.start()
        self.secret = bench.root / "archive_password"
        self.secret.write_text(PASSWORD + "\n")
        self.secret.chmod(0o600)

    def prepare(self) -> None:
        for place in [*self.disk.iterdir(), self.bench.root / "state", self.bench.root / "media", self.back]:
            shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)
        self.back.mkdir()
        subprocess.run(["sync", "-f", self.bench.root], check=True)

    def ours(self) -> Measured:
        self.prepare()
        self.bench.house(f"compare: {{local: {self.source}, depth: 1}}\n",
                         archive=f"{{root: {self.server.url}, user: {self.server.user}, password_file: {self.secret}}}")
        binary = str(self.bench.binary)
        return self.bench.measured([binary, "queue", "add", "push", "2024"], [binary, "queue", "run"])

    def smbclient(self, work: str) -> list[str]:
        return ["smbclient", "//127.0.0.1/photos", "-p", str(self.server.port), "-U", f"{self.server.user}%{PASSWORD}", "--client-protection=encrypt", "-c", work]

    def put(self, and_check: bool = False) -> Measured:
        self.prepare()
        best = self.bench.measured(self.smbclient(f"prompt; recurse; lcd {self.source}; mput *"))
        if and_check:
            got = self.bench.measured(self.smbclient(f"prompt; recurse; lcd {self.back}; mget *"))
            checked = self.bench.measured(["sha256sum", "--quiet", "-c", str(self.source.with_suffix(".sha256"))], at=self.back)
            best = Measured(best.seconds + got.seconds + checked.seconds, best.processor + got.processor + checked.processor, max(best.memory, got.memory))
        return best

    def complete(self) -> None:
        subprocess.run(["sha256sum", "--quiet", "-c", self.source.with_suffix(".sha256")], cwd=self.disk, check=True)


def main() -> int:
    parser = options_for(__doc__)
    parser.add_argument("--photos", type=int, default=200, help="files of 3 to 5 MB")
    parser.add_argument("--small", type=int, default=2_000, help="files of 8 to 32 kB")
    options = parser.parse_args()
    sets = {"photos": (options.photos, 3_000_000, 5_000_000), "small": (options.small, 8_000, 32_000)}
    with Bench(options) as bench:
        there = installed("smbclient", "sha256sum")
        for name, (files, least, most) in sets.items():
            if files == 0:
                continue
            apart(lambda: make(bench.root / name, files, least, most))
            share = Share(bench, name)
            try:
                works = {OURS: share.ours}
                if len(there) == 2:
                    works |= {PUT: share.put, EQUAL: lambda: share.put(and_check=True)}
                best = bench.interleaved(works)
                share.ours()
                share.complete()
            finally:
                share.server.kill()
            print(f"\n{files} files of {least // 1000} to {most // 1000} kB, least of {bench.rounds} rounds, {bench.place()} behind Samba on the loopback\n")
            table(best)
            ratio(best, "smbclient put / ours", PUT, OURS)
            ratio(best, "smbclient put, get, sha256sum / ours", EQUAL, OURS)
            shutil.rmtree(bench.root / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
