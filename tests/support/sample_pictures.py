# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and clips for the sample library, made with the vips, ffmpeg and heif-enc programs. Two large base pictures are painted
once; every photo is a part of one of them, so that making thirty takes seconds."""

import os
import subprocess
from datetime import datetime
from pathlib import Path

import sample_metadata as metadata


def tool(*words) -> None:
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=dict(os.environ, VIPS_CONCURRENCY="1"))
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} {words[1]}: {done.stderr.strip()[-400:]}")


def ffmpeg(*words) -> None:
    tool("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *words)


class Studio:
    def __init__(self, directory: Path, scratch: Path, base: tuple[int, int]):
        self.directory, self.scratch, (self.width, self.height) = directory, scratch, base

    # base pictures ------------------------------------------------------------------------------------------------

    def paint_clouds(self) -> None:
        """Soft colour at three scales under sensor noise."""
        s = self.scratch
        for band, (cell, seed) in enumerate(((900, 1), (380, 2), (150, 3))):
            tool("vips", "perlin", s / f"perlin{band}.v", self.width, self.height, "--cell-size", cell, "--seed", seed)
        tool("vips", "bandjoin", f"{s}/perlin0.v {s}/perlin1.v {s}/perlin2.v", s / "soft.v")
        tool("vips", "linear", s / "soft.v", s / "colour.v", "100 90 70", "125 120 110")
        tool("vips", "gaussnoise", s / "noise.v", self.width, self.height, "--sigma", 5, "--mean", 0, "--seed", 7)
        tool("vips", "add", s / "colour.v", s / "noise.v", s / "sum.v")
        tool("vips", "cast", s / "sum.v", s / "clouds.v", "uchar")
        for name in ("perlin0", "perlin1", "perlin2", "soft", "colour", "noise", "sum"):
            (s / f"{name}.v").unlink()

    def paint_edges(self) -> None:
        """Sharp edges at every scale."""
        s = self.scratch
        ffmpeg("-f", "lavfi", "-i", "mandelbrot=size=1600x1200:rate=1:start_scale=0.6", "-frames:v", 1, "-pix_fmt", "rgb24", s / "edges.ppm")
        tool("vips", "resize", s / "edges.ppm", s / "edges.v", self.width / 1600, "--kernel", "cubic")

    # photos -------------------------------------------------------------------------------------------------------

    def part(self, target: Path, look: str, number: int, width: int, height: int, options: str = "") -> None:
        left, top = (number * 137) % (self.width - width), (number * 71) % (self.height - height)
        tool("vips", "extract_area", self.scratch / f"{look}.v", f"{target}{options}", left, top, width, height)

    def jpeg(self, name: str, number: int, taken: datetime, size=(2016, 1512), look="clouds", orientation=1, icc=True, title="", identifier="", quality=95) -> str:
        target = self.directory / name
        self.part(target, look, number, *size, f"[Q={quality},strip{',profile=p3' if icc else ''}]")
        metadata.dress_jpeg(target, metadata.exif(taken, orientation, identifier), metadata.xmp(title, 4) if title else b"", f"picture {number}")
        return name

    def heic(self, name: str, number: int, taken: datetime, identifier: str, size=(1440, 1080)) -> str:
        still = self.scratch / f"{name}.jpg"
        self.part(still, "clouds", number, *size, "[Q=95,strip,profile=p3]")
        metadata.dress_jpeg(still, metadata.exif(taken, 1, identifier))
        tool("heif-enc", "-q", 80, "-p", "preset=ultrafast", still, "-o", self.directory / name)
        return name

    def dng(self, name: str, number: int, taken: datetime, size=(1200, 900)) -> str:
        grey, raw = self.scratch / f"{name}.v", self.scratch / f"{name}.raw"
        self.part(grey, "clouds", number, *size)
        tool("vips", "extract_band", grey, self.scratch / f"{name}.band.v", 1)
        tool("vips", "linear", self.scratch / f"{name}.band.v", self.scratch / f"{name}.float.v", 257, 0)
        tool("vips", "cast", self.scratch / f"{name}.float.v", self.scratch / f"{name}.short.v", "ushort")
        tool("vips", "rawsave", self.scratch / f"{name}.short.v", raw)
        metadata.write_dng(self.directory / name, raw.read_bytes(), *size, taken)
        return name

    def png16(self, name: str, number: int, size=(800, 600)) -> str:
        part, deep = self.scratch / f"{name}.v", self.scratch / f"{name}.float.v"
        self.part(part, "edges", number, *size)
        tool("vips", "linear", part, deep, 251.5, 3)
        tool("vips", "cast", deep, self.scratch / f"{name}.short.v", "ushort")
        tool("vips", "pngsave", self.scratch / f"{name}.short.v", self.directory / name, "--compression", 1)
        return name

    def screenshot(self, name: str, size=(1170, 2532)) -> str:
        """Flat areas and lines of 'text', as a phone's screen has them."""
        width, height = size
        white, grey, blue = b"\xf7\xf7\xfa", b"\x1c\x1c\x1e", b"\x0a\x7a\xff"
        rows = []
        for y in range(height):
            if y < 180 or y > height - 160:
                rows.append(blue * width)
            elif y % 48 < 22:
                dots = bytes(1 if (x * 7 + (y // 48) * 13 + (x * (y % 48)) // 5) % 11 < 4 else 0 for x in range(40))
                line = b"".join((grey if dot else white) * 3 for dot in dots)
                rows.append(white * 60 + (line * 9)[:3 * (width - 120)] + white * 60)
            else:
                rows.append(white * width)
        plain = self.scratch / f"{name}.ppm"
        plain.write_bytes(f"P6 {width} {height} 255\n".encode() + b"".join(rows))
        tool("vips", "pngsave", plain, self.directory / name, "--compression", 1)
        return name

    # clips --------------------------------------------------------------------------------------------------------

    def clip(self, name: str, number: int, taken: datetime, size="1920x1080", seconds=1.0, codec="libx264", rotate=0, identifier="") -> str:
        """A MOV as an iPhone writes it: Apple's QuickTime keys, a creation time, AAC sound, perhaps a rotation matrix."""
        bare = self.scratch / f"{name}.bare.mov"
        video = {"libx264": ("-c:v", "libx264", "-preset", "ultrafast", "-crf", 24), "libx265": ("-c:v", "libx265", "-preset", "ultrafast", "-crf", 20, "-tag:v", "hvc1", "-x265-params", "log-level=error")}[codec]
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30:duration={seconds}", "-f", "lavfi", "-i", f"sine=frequency={400 + number * 20}:duration={seconds}:sample_rate=44100",
               "-vf", f"hue=h={number * 31 % 360},noise=alls=3:allf=t:all_seed={number}", "-pix_fmt", "yuv420p", *video, "-c:a", "aac", "-b:a", "96k", bare)
        self.label(bare, name, taken, rotate, identifier)
        return name

    def live_clip(self, name: str, number: int, taken: datetime, identifier: str) -> str:
        """The movie of a live photo: one small clip for all, each with its own identifier and time."""
        self.label(self.scratch / "live.bare.mov", name, taken, 0, identifier)
        return name

    def paint_live_clip(self) -> None:
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=960x720:rate=30:duration=1", "-f", "lavfi", "-i", "sine=frequency=330:duration=1", "-vf", "noise=alls=4:allf=t",
               "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-crf", 22, "-c:a", "aac", self.scratch / "live.bare.mov")

    def label(self, bare: Path, name: str, taken: datetime, rotate: int, identifier: str) -> None:
        keys = {"location.ISO6709": "+47.3701+008.5454+408.120/", "make": "Apple", "model": "iPhone 15", "software": "17.5.1",
                "creationdate": taken.strftime("%Y-%m-%dT%H:%M:%S+0000"), "location.accuracy.horizontal": "4.7"}
        if identifier:
            keys["content.identifier"] = identifier
        words = [w for key, value in keys.items() for w in ("-metadata", f"com.apple.quicktime.{key}={value}")]
        turned = ("-metadata:s:v:0", f"rotate={rotate}") if rotate else ()
        ffmpeg("-i", bare, "-map", 0, "-c", "copy", "-movflags", "use_metadata_tags", "-metadata", f"creation_time={taken.strftime('%Y-%m-%dT%H:%M:%S.000000Z')}", *words, *turned, self.directory / name)

    def gif(self, name: str) -> str:
        ffmpeg("-f", "lavfi", "-i", "testsrc=size=320x240:rate=8:duration=1", self.directory / name)
        return name
