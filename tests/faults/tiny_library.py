# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample library in stamp size, and as many plain photos more as wanted: a trial of a fault campaign costs what it decodes.

Every special kind of tests/support/sample_library.py under the same key, then plain-0, plain-1, …"""

import hashlib
import json
import shutil
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import sample_library
from sample_library import YEAR, Maker
from sample_pictures import Studio, ffmpeg

PLAIN = 29
KEYS = ["live", "raw-pair", "edited", "edited-video", "screenshot", "twin-1", "twin-2", "unicode", "double", "double-2", "clip"]


class SmallStudio(Studio):
    def jpeg(self, name, number, taken, size=(2016, 1512), **look):
        return super().jpeg(name, number, taken, size=(size[0] // 6, size[1] // 6), **look)

    def heic(self, name, number, taken, identifier, size=(240, 180)):
        return super().heic(name, number, taken, identifier, size)

    def dng(self, name, number, taken, size=(200, 150)):
        return super().dng(name, number, taken, size)

    def screenshot(self, name, size=(234, 506)):
        return super().screenshot(name, size)

    def clip(self, name, number, taken, size="", seconds=0.4, **look):
        return super().clip(name, number, taken, size="256x144", seconds=0.4, **look)

    def paint_live_clip(self):
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=192x144:rate=30:duration=0.4", "-f", "lavfi", "-i", "sine=frequency=330:duration=0.4", "-pix_fmt", "yuv420p",
               "-c:v", "libx264", "-preset", "ultrafast", "-crf", 22, "-c:a", "aac", self.scratch / "live.bare.mov")


def ensure(directory: Path) -> Path:
    """A finished library below `directory`; made only when this code or the day has changed."""
    support = Path(sample_library.__file__).parent
    code = b"".join(file.read_bytes() for file in (Path(__file__), *(support / f"{name}.py" for name in ("sample_library", "sample_pictures", "sample_metadata"))))
    today = datetime.now(timezone.utc).replace(microsecond=0)
    finished = Path(directory) / f"tiny-{hashlib.sha256(code + today.strftime('%Y-%m-%d').encode()).hexdigest()[:12]}"
    if (finished / "library.json").exists():
        return finished
    Path(directory).mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".tiny-", dir=directory))
    try:
        scratch = making / "scratch"
        scratch.mkdir()
        maker = Maker(SmallStudio(making, scratch, (700, 525)), today)
        maker.special_kinds()
        for index in range(PLAIN):
            maker.jpeg(f"plain-{index}", f"IMG_03{index:02}.JPG", (0.1 + index * 0.16) * YEAR, look="edges" if index % 2 else "clouds", size=(1200, 900))
        maker.make()
        shutil.rmtree(scratch)
        (making / "library.json").write_text(json.dumps({"assets": maker.assets, "albums": []}, ensure_ascii=False, indent=1))
        try:
            making.rename(finished)
        except OSError:
            pass                    # another campaign was first; theirs is as good
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return finished
