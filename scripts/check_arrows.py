#!/usr/bin/env python3
"""Fails on an include that points up or sideways, on a library included outside its one room, and on files that grew past 400 lines."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMON = ["types", "errors", "failpoint", "clock", "log", "files", "smb", "process", "codec", "http", "pipeline", "config", "sqlite", "media_db", "stage", "icloud", "syncthing", "archive", "exchange", "restore", "archive_index", "compare", "queue", "notify"]
FLOOR = {"types", "errors", "failpoint"}
# common/NAME may include these common folders, itself, and the floor.
MAY = {
    "types": set(), "errors": set(), "failpoint": set(), "clock": set(), "log": set(), "files": {"log"}, "smb": {"files", "log"}, "process": {"log"}, "codec": {"process"}, "http": {"log"}, "pipeline": set(),
    "config": {"clock", "files", "pipeline", "log"},
    "sqlite": {"log"},
    "media_db": {"clock", "files", "pipeline", "log", "sqlite"},
    "stage": {"media_db", "config", "pipeline", "clock", "log", "files"},
    "icloud": {"config", "http", "files", "process", "log", "clock", "media_db"},
    "syncthing": {"config", "http", "files", "log", "clock", "media_db"},
    "archive": {"config", "files", "log", "clock", "media_db", "smb"},
    "restore": {"archive", "clock", "config", "codec", "files", "icloud", "log", "media_db", "process"},
    "archive_index": {"archive", "config", "files", "log", "clock", "media_db", "sqlite"},
    "compare": {"archive", "archive_index", "files"},
    "queue": {"archive", "archive_index", "clock", "compare", "files", "log", "media_db"},
    "exchange": {"archive", "clock", "config", "files", "icloud", "log", "media_db", "pipeline", "syncthing"},
    "notify": {"config", "http", "process", "log", "clock"},
}
# library header → the one folder that includes it (SQLite: common/sqlite, and media.db for its pragmas, log and backups)
OWNER = [
    (r"curl/", "common/http"), (r"libsmbclient\.h", "common/smb"), (r"SQLiteCpp/|sqlite3\.h", ("common/sqlite", "common/media_db")), (r"yaml-cpp/", "common/config"), (r"spdlog/|fmt/", "common/log"),
    (r"boost/process|boost/process\.hpp", "common/process"), (r"boost/filesystem", "common/types"), (r"vips/|libav\w+/|libsw\w+/|seccomp\.h|jpeglib\.h|png\.h|zlib\.h|jxl/", "stages/compress/codec"),
    (r"systemd/sd-journal", "common/log"), (r"systemd/sd-daemon", "daemon"), (r"boost/program_options", "daemon"), (r"boost/asio|boost/beast", "daemon"),
]


def room(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if parts[0] == "daemon" or len(parts) == 2 else "/".join(parts[:2])


def allowed(here: str, target: str) -> bool:
    top, _, rest = target.partition("/")
    folder = rest.split("/")[0]
    if here.startswith("common/"):
        name = here.split("/")[1]
        return top == "common" and (folder == name or folder in FLOOR or folder in MAY[name])
    if here == "stages":
        return target.startswith("stages/house") or target.startswith("common/pipeline/")
    if here.startswith("stages/"):
        return top == "common" or target.startswith(here + "/")
    return top == "common" or top == "daemon" or target.startswith("stages/house")


def main() -> int:
    faults = []
    for path in sorted(p for top in ("common", "stages", "daemon") for p in (ROOT / top).rglob("*") if p.suffix in (".h", ".cpp")):
        where, here = path.relative_to(ROOT), room(path)
        text = path.read_text()
        lines = text.splitlines()
        if len(lines) > 400:
            faults.append(f"{where}: {len(lines)} lines (a file over 400 is a folder)")
        for number, line in enumerate(lines, 1):
            ours = re.match(r'\s*#include "([^"]+)"', line)
            if ours and not allowed(here, ours.group(1)):
                faults.append(f"{where}:{number}: {here} may not include {ours.group(1)}")
            theirs = re.match(r"\s*#include <([^>]+)>", line)
            for pattern, owner in OWNER:
                if theirs and re.match(pattern, theirs.group(1)) and not where.as_posix().startswith(owner):
                    faults.append(f"{where}:{number}: only {owner} includes {theirs.group(1)}")
        if here.startswith("stages/") and re.search(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b .*\b(media|step|copy|asset)\b", text):
            faults.append(f"{where}: SQL belongs in common/media_db")
    map_of_the_house = (ROOT / "ARCHITECTURE.md").read_text()
    for name in COMMON:
        row = re.search(rf"^\| `common/{name}` \| .+ \| (.+) \|$", map_of_the_house, re.MULTILINE)
        if not row or row.group(1) != (", ".join(sorted(MAY[name])) or "–"):
            faults.append(f"ARCHITECTURE.md: the row of common/{name} is missing or names other arrows than {sorted(MAY[name])}")
    for stage in sorted(p.name for p in (ROOT / "stages").iterdir() if p.is_dir()):
        if f"`{stage}`" not in map_of_the_house:
            faults.append(f"ARCHITECTURE.md does not know the stage {stage}")
    for path in re.findall(r"`((?:common|stages|daemon|tests|scripts)/[\w/.]+)`", map_of_the_house):
        if not list(ROOT.glob(path + "*")):
            faults.append(f"ARCHITECTURE.md speaks of {path}, which is not there")
    if set(COMMON) != {p.name for p in (ROOT / "common").iterdir() if p.is_dir()}:
        faults.append("common/: a folder that scripts/check_arrows.py does not know")
    print("\n".join(faults) if faults else "arrows: all point down", file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
