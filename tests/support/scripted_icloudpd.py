#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SCRIPTED STAND-IN for icloudpd: it talks to nobody. It copies the files below $BRING into --directory, as icloudpd would have
downloaded them (a name that exists is left alone), prints icloudpd 1.32.2's lines, then those in the file $SAY, and notes each start in $BRING.starts.

It exists because the real binary takes five seconds to start; a few tests and every scenario run that one.
"""

import os
import shutil
import sys
import time
from pathlib import Path


def say(message: str, level: str = "INFO") -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), f"{level:8}", message, flush=True)


def main() -> None:
    bring, directory = Path(os.environ["BRING"]), Path(sys.argv[sys.argv.index("--directory") + 1])
    with open(f"{bring}.starts", "a") as starts:
        starts.write("started\n")
    say("Processing user: jdoe@example.com")
    if Path(os.environ["SAY"]).exists():
        for line in Path(os.environ["SAY"]).read_text().splitlines():
            say(line)
        return
    files = sorted(path for path in bring.rglob("*") if path.is_file())
    say(f"Downloading {len(files)} original,adjusted,alternative photos and videos to {directory} ...")
    for source in files:
        target = directory / source.relative_to(bring)
        if target.exists():
            say(f"{target} already exists", "DEBUG")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        say(f"Downloaded {target}")
    say("All photos and videos have been downloaded")


main()
