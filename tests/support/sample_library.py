#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A family's photo library in small: every kind of asset that iCloud knows, spread over five years that end today.

ensure(directory) gives the full library (for the demo and the full crossing), ensure_small(directory) every special kind once.
The result is a folder with files and library.json, which the loopback iCloud serves:
  assets: [{key, filename, date, added (ms), resources: {kind: {file, type, …}}, orientation, hidden, favorite | same_master_as}]
  albums: [{title, members: [key]}]
A finished library is kept under a name made of this code and the day, and used again."""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import sample_metadata as metadata
from sample_pictures import Studio

JPEG, HEIC, PNG, GIF, MOV = "public.jpeg", "public.heic", "public.png", "com.compuserve.gif", "com.apple.quicktime-movie"
DNG, AAE = "com.adobe.raw-image", "com.apple.photos.apple-adjustment-envelope"
YEAR = 365.25


class Maker:
    """Collects what is to be made, then makes it on two cores."""

    def __init__(self, studio: Studio, today: datetime):
        self.studio, self.today = studio, today
        self.assets: list[dict] = []
        self.jobs: list = []
        self.number = 0

    def when(self, age_days: float) -> datetime:
        return self.today - timedelta(days=age_days)

    def add(self, key: str, filename: str, age: float, resources: dict, **more) -> None:
        """resources: kind -> (type, function that makes a file of a given name)."""
        taken, described = self.when(age), {}
        for kind, (uti, make) in resources.items():
            ending = {JPEG: ".jpg", HEIC: ".heic", PNG: ".png", GIF: ".gif", MOV: ".mov", DNG: ".dng", AAE: ".aae"}[uti]
            file = f"{key}.{kind}{ending}"
            described[kind] = {"file": file, "type": uti}
            self.number += 1
            self.jobs.append((make, file, self.number, taken))
        stamp = int(taken.timestamp() * 1000)
        self.assets.append({"key": key, "filename": filename, "date": stamp, "added": stamp + 1000, "resources": described} | more)

    def jpeg(self, key: str, filename: str, age: float, more: dict | None = None, **look) -> None:
        make = lambda file, number, taken: self.studio.jpeg(file, number, taken, **look)
        self.add(key, filename, age, {"original": (JPEG, make)} | (more or {}), orientation=look.get("orientation", 1))

    def live(self, key: str, filename: str, age: float, heic: bool) -> None:
        identifier = "5B1F0E2A-0000-4000-8000-" + hashlib.sha1(key.encode()).hexdigest()[:12].upper()
        still = ((HEIC, lambda f, n, t: self.studio.heic(f, n, t, identifier)) if heic
                 else (JPEG, lambda f, n, t: self.studio.jpeg(f, n, t, identifier=identifier)))
        self.add(key, filename, age, {"original": still, "live_movie": (MOV, lambda f, n, t: self.studio.live_clip(f, n, t, identifier))})

    def clip(self, key: str, filename: str, age: float, more: dict | None = None, **look) -> None:
        self.add(key, filename, age, {"original": (MOV, lambda f, n, t: self.studio.clip(f, n, t, **look))} | (more or {}))

    def special_kinds(self) -> None:
        """Every kind of asset once."""
        studio = self.studio
        self.live("live", "IMG_0101.HEIC", 1.5 * YEAR, heic=True)
        self.jpeg("raw-pair", "IMG_0102.JPG", 2.1 * YEAR, {"alternative": (DNG, studio.dng)})
        self.jpeg("edited", "IMG_0103.JPG", 0.5 * YEAR, {
            "edited": (JPEG, lambda f, n, t: studio.jpeg(f, n, t, look="edges")),
            "sidecar": (AAE, lambda f, n, t: metadata.write_aae(studio.directory / f, t.strftime("%Y-%m-%dT%H:%M:%SZ")))}, look="clouds")
        self.clip("edited-video", "IMG_0104.MOV", 1.2 * YEAR, {"edited_movie": (MOV, lambda f, n, t: studio.clip(f, n, t, size="1280x720", seconds=0.6))},
                  size="1280x720")
        self.add("screenshot", "IMG_0105.PNG", 0.2 * YEAR, {"original": (PNG, lambda f, n, t: studio.screenshot(f))})
        self.jpeg("twin-1", "IMG_0001.JPG", 3.5 * YEAR, title="first of a name")
        self.jpeg("twin-2", "IMG_0001.JPG", 3.5 * YEAR - 0.1, look="edges", size=(1600, 1200))
        self.jpeg("unicode", "Übermut café 日本 😀.JPG", 1.1 * YEAR)
        self.jpeg("double", "IMG_0106.JPG", 4.0 * YEAR, size=(1600, 1200))
        self.assets.append({"key": "double-2", "filename": "IMG_0106.JPG", "same_master_as": "double",
                            "date": self.assets[-1]["date"], "added": self.assets[-1]["added"] + 86400000})
        self.clip("clip", "IMG_0107.MOV", 3.3 * YEAR, rotate=90)

    def everything(self) -> None:
        studio = self.studio
        self.special_kinds()
        self.live("live-new", "IMG_0201.HEIC", 3, heic=True)
        self.live("live-jpeg", "IMG_0202.JPG", 4.4 * YEAR, heic=False)
        self.clip("clip-hevc", "IMG_0203.MOV", 0.4 * YEAR, codec="libx265", size="1280x720")
        self.clip("clip-small", "IMG_0204.MOV", 1.7 * YEAR, size="1280x720", seconds=1.5)
        self.add("gif", "IMG_0205.GIF", 1.3 * YEAR, {"original": (GIF, lambda f, n, t: studio.gif(f))})
        self.add("deep-png", "IMG_0206.PNG", 2.2 * YEAR, {"original": (PNG, lambda f, n, t: studio.png16(f, n))})
        self.jpeg("portrait", "IMG_0207.JPG", 4.8 * YEAR, orientation=6, title="upright")
        self.jpeg("big", "IMG_0208.JPG", 4.9 * YEAR, size=(4032, 3024), title="Zürichsee")
        self.jpeg("big-2", "IMG_0209.JPG", 2.0 * YEAR, size=(4032, 3024), look="edges")
        self.jpeg("spaces", "Sommer am See 1.JPG", 2.5 * YEAR)
        self.jpeg("percent", "50% off #1.JPG", 0.8 * YEAR, size=(1600, 1200))
        self.jpeg("signs", "Tom & Anna; 1+1.JPG", 1.9 * YEAR, size=(1600, 1200))
        self.jpeg("decomposed", "Cafe\u0301 am Fluss.JPG", 3.1 * YEAR, size=(1600, 1200))
        self.jpeg("no-profile", "IMG_0210.JPG", 2.8 * YEAR, icc=False, look="edges")
        self.jpeg("favourite", "IMG_0211.JPG", 18, size=(1600, 1200))
        self.assets[-1]["favorite"] = True
        self.jpeg("today", "IMG_0212.JPG", 0.08, size=(1600, 1200))
        self.jpeg("yesterday", "IMG_0213.JPG", 1.2, size=(1600, 1200), look="edges")
        self.jpeg("hidden", "IMG_0214.JPG", 0.9 * YEAR, size=(1200, 900))
        self.assets[-1]["hidden"] = True
        for index, age in enumerate((0.15, 0.3, 0.6, 1.4, 1.6, 2.3, 2.6, 3.2, 3.8, 4.6)):
            self.jpeg(f"plain-{index}", f"IMG_03{index:02}.JPG", age * YEAR, look="edges" if index % 2 else "clouds", size=(1800, 1350))

    def make(self) -> None:
        with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
            painted = [pool.submit(paint) for paint in (self.studio.paint_clouds, self.studio.paint_edges, self.studio.paint_live_clip)]
            for done in painted:
                done.result()
            for done in [pool.submit(make, file, number, taken) for make, file, number, taken in self.jobs]:
                done.result()


def _ensure(directory: Path, which: str) -> Path:
    """A finished library below `directory`; made only when this code or the day has changed."""
    here = Path(__file__).resolve().parent
    code = b"".join((here / f"{name}.py").read_bytes() for name in ("sample_library", "sample_pictures", "sample_metadata"))
    today = datetime.now(timezone.utc).replace(microsecond=0)
    key = hashlib.sha256(code + today.strftime("%Y-%m-%d").encode() + which.encode()).hexdigest()[:12]
    finished = Path(directory) / f"{which}-{key}"
    if (finished / "library.json").exists():
        return finished
    Path(directory).mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{which}-", dir=directory))
    try:
        scratch = making / "scratch"
        scratch.mkdir()
        maker = Maker(Studio(making, scratch, (2200, 1650) if which == "small" else (4400, 3300)), today)
        maker.special_kinds() if which == "small" else maker.everything()
        maker.make()
        shutil.rmtree(scratch)
        albums = [] if which == "small" else [{"title": "Holidays", "members": ["big", "spaces"]}]
        (making / "library.json").write_text(json.dumps({"assets": maker.assets, "albums": albums}, ensure_ascii=False, indent=1))
        try:
            making.rename(finished)
        except OSError:
            pass                    # another test was first; theirs is as good
    finally:
        shutil.rmtree(making, ignore_errors=True)
    for old in Path(directory).glob(f"{which}-*"):
        if old != finished and old.stat().st_mtime < time.time() - 2 * 86400:
            shutil.rmtree(old, ignore_errors=True)
    return finished


def ensure(directory: Path) -> Path:
    return _ensure(directory, "full")


def ensure_small(directory: Path) -> Path:
    return _ensure(directory, "small")


if __name__ == "__main__":
    began = time.monotonic()
    made = (ensure_small if "--small" in sys.argv else ensure)(Path(sys.argv[1]))
    print(f"{made} ({time.monotonic() - began:.1f} s)")
