#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""photo_corpus.py DIR [--small]: the photos that compression is measured on (facts/compression.md B), painted anew, the same bytes every time.

12 of 12 megapixels (six scenes, two of each), 4 of 24, 1 of 48, each with all that a phone writes around a photo; beside the first 12 the picture before the camera
encoded it (NAME.ppm). --small makes them all of a sixteenth as many pixels, for a quick look. What is there already is not painted again."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import photo_metadata as metadata  # noqa: E402

SCENES = ("leaves", "landscape", "portrait", "night", "town", "foliage")
ORIENTATIONS = (1, 6, 8, 3, 1, 6, 2, 4, 5, 7)


def run(*words, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(w) for w in words], check=True, env=dict(os.environ, VIPS_CONCURRENCY="1"), **more)


def painter(scratch: Path) -> Path:
    """The program mkscene, built with the flags that its bytes depend on."""
    program, root = scratch / "mkscene", HERE.parent.parent
    sources = [HERE / "mkscene.cpp", HERE.parent / "support" / "scene.cpp"]
    if not program.exists() or any(program.stat().st_mtime < s.stat().st_mtime for s in sources):
        run("c++", "-std=c++20", "-O3", "-ffp-contract=off", f"-I{root}", *sources, "-o", program)
    return program


def paint(ppm: Path, scratch: Path, seed: int, scene: int, width: int, height: int) -> Path:
    if not ppm.exists():
        with open(f"{ppm}.part", "wb") as out:
            run(painter(scratch), seed, scene, width, height, stdout=out)
        os.rename(f"{ppm}.part", ppm)
    return ppm


def p3_profile(scratch: Path) -> bytes:
    """Display P3 as libvips has it built in; its command line gives it only inside a picture."""
    dot, picture = scratch / "dot.v", scratch / "dot.jpg"
    run("vips", "black", dot, 8, 8, "--bands", 3)
    run("vips", "copy", dot, f"{picture}[profile=p3]")
    data = picture.read_bytes()
    at = data.index(b"ICC_PROFILE\0")
    return data[at + 14:at - 2 + int.from_bytes(data[at - 2:at], "big")]


def encoded(ppm: Path, target: Path, quality: int, options: str = "optimize_coding,subsample_mode=on") -> bytes:
    run("vips", "copy", ppm, f"{target}[Q={quality},strip,{options}]")
    data = target.read_bytes()
    target.unlink()
    return data


def thumbnail(ppm: Path, target: Path) -> bytes:
    run("vips", "thumbnail", ppm, f"{target}[Q=70,strip]", 160)
    data = target.read_bytes()
    target.unlink()
    return data


def gain_map(ppm: Path, target: Path) -> bytes:
    """A grey JPEG of half the size: where it is bright."""
    half, grey = Path(f"{target}.half.v"), Path(f"{target}.grey.v")
    run("vips", "resize", ppm, half, 0.5)
    run("vips", "colourspace", half, grey, "b-w")
    run("vips", "gaussblur", grey, f"{target}[Q=85,strip]", 4)
    half.unlink()
    grey.unlink()
    data = target.read_bytes()
    target.unlink()
    return data


def photo(target: Path, ppm: Path, scratch: Path, quality: int, number: int, width: int, height: int, icc: bool = True, gain: bool = False, trailer: bytes = b"") -> None:
    if target.exists():
        return
    work = scratch / f"{target.stem}.work.jpg"
    data = metadata.dressed(encoded(ppm, work, quality), width, height, ORIENTATIONS[number % len(ORIENTATIONS)], thumbnail(ppm, work), p3_profile(scratch) if icc else b"",
                            gain_map(ppm, work) if gain else b"", trailer)
    part = Path(f"{target}.part")
    part.write_bytes(data)
    os.utime(part, ns=(1_563_121_230_123_456_789 + number, 1_563_121_230_123_456_789 + number))
    os.rename(part, target)


def make(directory: Path, small: bool = False) -> list[Path]:
    """Paths of the JPEGs, sorted."""
    scratch = directory / ".scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    divide = 4 if small else 1
    sets = [(seed, scene, 4032, 3024, 93, True) for seed in (1, 2) for scene in range(6)]
    sets += [(3, scene, 5664, 4248, 95, False) for scene in (0, 1, 2, 4)] + [(4, 1, 8064, 6048, 93, False)]
    photos = []
    for number, (seed, scene, width, height, quality, pristine) in enumerate(sets):
        width, height = width // divide, height // divide
        name = f"{SCENES[scene]}-{seed}-{round(width * height / 1e6)}MP"
        target = directory / f"{name}.jpg"
        ppm = (directory if pristine else scratch) / f"{name}.ppm"
        if not target.exists() or pristine:
            paint(ppm, scratch, seed, scene, width, height)
        photo(target, ppm, scratch, quality, number, width, height, icc=number != 3, gain=number in (0, 7))
        if not pristine:
            ppm.unlink(missing_ok=True)
        photos.append(target)
    return photos


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("directory", type=Path)
    options.add_argument("--small", action="store_true")
    given = options.parse_args()
    for path in make(given.directory, given.small):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
