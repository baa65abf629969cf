# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed photos and clips, made from a few whole ones: the same seed makes the same bytes.

    for file in Maker(folder, seed=1).make(1000): file.name, file.data, file.how, file.uti

Cut at every boundary of a box, chunk or segment; bits turned over; impossible sizes; chains that lead into themselves; boxes within boxes
without end; bombs; the wrong name for what it is; nothing at all."""

import hashlib
import random
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import sample_metadata as metadata
from sample_pictures import Studio, ffmpeg, tool

UTI = {".JPG": "public.jpeg", ".HEIC": "public.heic", ".HEIF": "public.heif", ".WEBP": "org.webmproject.webp", ".M4V": "com.apple.m4v-video", ".PNG": "public.png", ".GIF": "com.compuserve.gif", ".TIF": "public.tiff", ".DNG": "com.adobe.raw-image",
       ".MOV": "com.apple.quicktime-movie", ".MP4": "public.mpeg-4", ".AAE": "com.apple.photos.apple-adjustment-envelope"}
BOXES_OF_BOXES = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"dinf", b"iprp", b"ipco", b"meta"}
DECODED = ("base.JPG", "progressive.JPG", "grey.JPG", "h264.MOV", "fast.MP4", "hevc.MOV", "mebx.MOV", "hevc.MP4", "whole.PNG", "deep.PNG")  # what a codec of ours gets to see
TAKEN = datetime(2021, 7, 14, 16, 20, 30, tzinfo=timezone.utc)


@dataclass
class File:
    name: str
    data: bytes
    how: str
    kind: str        # what was done to it, coarsely: the rows of the table

    @property
    def uti(self) -> str:
        return UTI[Path(self.name).suffix]


def boxes(data: bytes, start: int = 0, end: int | None = None, depth: int = 0):
    """(offset, size, type) of the boxes of an MP4, MOV or HEIC, those inside others too."""
    at, end = start, len(data) if end is None else end
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1 and at + 16 <= end:
            size, header = struct.unpack_from(">Q", data, at + 8)[0], 16
        size = end - at if size == 0 else size
        if size < header or at + size > end:
            return
        yield at, size, kind
        if kind in BOXES_OF_BOXES and depth < 8:
            inner = at + header + (4 if kind == b"meta" and data[at + header:at + header + 4] == b"\0\0\0\0" else 0)
            yield from boxes(data, inner, at + size, depth + 1)
        at += size


def jpeg_segments(data: bytes):
    """(offset, marker) up to the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        yield at, data[at + 1]
        if data[at + 1] == 0xDA:
            return
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]


def png_chunks(data: bytes):
    at = 8
    while at + 12 <= len(data):
        yield at
        at += 12 + struct.unpack_from(">I", data, at)[0]


def boundaries(data: bytes) -> list[int]:
    if data.startswith(b"\xff\xd8"):
        found = [at for at, _ in jpeg_segments(data)] + [data.rfind(b"\xff\xd9")]
    elif data.startswith(b"\x89PNG"):
        found = list(png_chunks(data))
    elif data[4:8] == b"ftyp":
        found = [at for at, size, _ in boxes(data)] + [at + size for at, size, _ in boxes(data)]
    elif data[:4] in (b"II*\0", b"MM\0*"):
        order = "<" if data[:2] == b"II" else ">"
        first = struct.unpack_from(order + "I", data, 4)[0]
        count = struct.unpack_from(order + "H", data, first)[0] if first + 2 <= len(data) else 0
        found = [4, first, first + 2] + [first + 2 + 12 * i for i in range(count + 1)]
    elif data.startswith(b"GIF8"):
        found = [6, 10, 13] + [i for i in range(13, len(data)) if data[i] in (0x21, 0x2C, 0x3B)][:20]
    else:
        found = [len(data) // 2]
    return sorted({at for at in found if 0 < at < len(data)})


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new):]


def png(width: int, height: int, depth: int, colour: int, raw: bytes) -> bytes:
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)) + chunk(b"IDAT", raw) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    packer, out = zlib.compressobj(9), []
    for left in range(count, 0, -(1 << 20)):
        out.append(packer.compress(bytes(min(left, 1 << 20))))
    return b"".join(out) + packer.flush()


class Maker:
    def __init__(self, folder: Path, seed: int = 1):
        self.folder, self.random = folder, random.Random(seed)
        self.seeds = self.whole_files()

    # whole ones -----------------------------------------------------------------------------------------------------

    def whole_files(self) -> dict[str, bytes]:
        folder, scratch = self.folder / "whole", self.folder / "scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
        studio = Studio(folder, scratch, (640, 480))
        studio.paint_clouds()
        studio.jpeg("base.JPG", 1, TAKEN, size=(480, 360))
        studio.part(folder / "progressive.JPG", "clouds", 2, 480, 360, "[Q=93,interlace,strip]")
        tool("vips", "extract_band", folder / "progressive.JPG", f"{folder}/grey.JPG[Q=95]", 0)
        studio.part(folder / "whole.PNG", "clouds", 3, 240, 180)
        tool("vips", "cast", folder / "whole.PNG", scratch / "deep.v", "ushort")
        tool("vips", "linear", scratch / "deep.v", scratch / "deep16.v", 257, 0)
        tool("vips", "cast", scratch / "deep16.v", folder / "deep.PNG", "ushort")
        studio.part(folder / "whole.TIF", "clouds", 4, 240, 180)
        studio.part(folder / "whole.WEBP", "clouds", 4, 240, 180)
        studio.part(folder / "avif.HEIF", "clouds", 4, 240, 180, "[compression=av1,Q=60,effort=0]")
        tool("cjxl", "--quiet", folder / "base.JPG", scratch / "jxl.jxl")
        (folder / "jxl.HEIF").write_bytes((scratch / "jxl.jxl").read_bytes())
        studio.heic("whole.HEIC", 5, TAKEN, "5B1F0E2A-0000-4000-8000-000000000001", size=(480, 360))
        studio.dng("whole.DNG", 6, TAKEN, size=(240, 180))
        ffmpeg("-f", "lavfi", "-i", "testsrc=size=160x120:rate=8:duration=1", folder / "whole.GIF")
        source = ("-f", "lavfi", "-i", "testsrc2=size=192x144:rate=15:duration=0.8,noise=alls=12:all_seed=3", "-f", "lavfi", "-i", "sine=frequency=440:duration=0.8", "-pix_fmt", "yuv420p", "-c:a", "aac", "-bitexact")
        h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", 16, "-threads", 1)
        ffmpeg(*source, *h264, folder / "h264.MOV")
        ffmpeg(*source, *h264, "-movflags", "faststart", folder / "fast.MP4")
        ffmpeg(*source, "-c:v", "libx265", "-preset", "ultrafast", "-crf", 18, "-tag:v", "hvc1", "-x265-params", "log-level=error:pools=none:frame-threads=1", folder / "hevc.MOV")
        ffmpeg("-i", folder / "hevc.MOV", "-c", "copy", "-tag:v", "hvc1", "-bitexact", folder / "hevc.MP4")
        ffmpeg("-i", folder / "h264.MOV", "-c", "copy", "-bitexact", "-f", "matroska", folder / "mkv.M4V")
        (folder / "mebx.MOV").write_bytes(metadata.with_timed_metadata((folder / "h264.MOV").read_bytes()))
        metadata.write_aae(folder / "whole.AAE", TAKEN.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    # ways to spoil them ---------------------------------------------------------------------------------------------

    def cut(self):
        for name, data in self.seeds.items():
            for at in boundaries(data):
                yield name, data[:at], f"cut at {at}", "cut at a boundary"
                yield name, data[:at + 5], f"cut behind {at}", "cut at a boundary"
            for share in (.001, .01, .1, .5, .9, .999):
                yield name, data[:int(len(data) * share)], f"cut to {share}", "cut anywhere"

    def flipped(self):
        while True:
            name = self.random.choice([*self.seeds, *DECODED, *DECODED, *DECODED])
            data = bytearray(self.seeds[name])
            early, count = self.random.random() < 0.5, self.random.choice((1, 1, 4, 20, 200))
            for _ in range(count):
                data[self.random.randrange(min(len(data), 2048 if early else len(data)))] ^= 1 << self.random.randrange(8)
            yield name, bytes(data), f"{count} bits turned over{' in its head' if early else ''}", "bits turned over"

    def index_flipped(self):
        """Where a clip's tables are, and a photo's headers: what steers the decoder."""
        while True:
            name = self.random.choice(("h264.MOV", "fast.MP4", "hevc.MOV", "mebx.MOV", "whole.HEIC", "avif.HEIF"))
            data = bytearray(self.seeds[name])
            inner = [(at, size) for at, size, kind in boxes(bytes(data)) if kind not in BOXES_OF_BOXES | {b"mdat", b"free"}]
            at, size = self.random.choice(inner)
            for _ in range(self.random.choice((1, 2, 4))):
                data[at + self.random.randrange(size)] = self.random.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, self.random.randrange(256)))
            yield name, bytes(data), f"the box at {at} changed", "tables changed"

    def patchwork(self):
        for name, data in self.seeds.items():
            third = len(data) // 3
            yield name, patched(data, third, bytes(min(4096, len(data) - third))), "4 KiB of zeros", "blocks changed"
            yield name, data[:third] + self.random.randbytes(777) + data[third:], "777 bytes put in", "blocks changed"
            yield name, data + self.random.randbytes(100_000), "100 kB behind it", "blocks changed"
            yield name, data[third:] + data[:third], "turned round", "blocks changed"
            yield name, self.random.randbytes(len(data)), "noise", "blocks changed"

    def misnamed(self):
        for name, data in self.seeds.items():
            for other in UTI:
                if other != Path(name).suffix:
                    yield "as" + other, data, f"{name} called {other}", "wrong name"

    def next_to_nothing(self):
        for ending in UTI:
            whole = next((data for name, data in self.seeds.items() if name.endswith(ending)), b"")
            for size in (0, 1, 2, 3, 4, 8, 11, 12, 16, 64):
                yield "short" + ending, whole[:size], f"{size} bytes", "next to nothing"
            yield "text" + ending, b"<html><body>Not Found " + ending.encode() + b"</body></html>", "a web page", "wrong name"
            yield "holes" + ending, bytes(5000 + len(ending) * 7 + UTI[ending].__len__()), "zeros alone", "next to nothing"

    # impossible sizes -----------------------------------------------------------------------------------------------

    def huge(self):
        for name in ("base.JPG", "progressive.JPG", "grey.JPG"):
            data = self.seeds[name]
            frame = [at for at, marker in jpeg_segments(data) if 0xC0 <= marker <= 0xC2][-1]
            for height, width in ((65500, 65500), (65535, 65535), (65500, 1), (1, 65500), (0, 100), (100, 0), (0, 0), (11000, 11000), (360, 481), (20000, 6000)):
                yield name, patched(data, frame + 5, struct.pack(">HH", height, width)), f"says {width}x{height}", "impossible size"
            yield name, patched(data, frame + 9, b"\xff"), "255 components", "impossible size"
            yield name, patched(data, frame + 4, b"\x0c"), "12 bits", "impossible size"
            yield name, patched(data, frame + 11, b"\x44"), "sampled 4x4", "impossible size"
        data = self.seeds["whole.PNG"]
        for width, height in ((30000, 30000), (2_000_000_000, 1), (0, 0), (1, 2_000_000_000)):
            body = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
            yield "whole.PNG", data[:12] + body + struct.pack(">I", zlib.crc32(body)) + data[33:], f"says {width}x{height}", "impossible size"
        yield "whole.GIF", patched(self.seeds["whole.GIF"], 6, b"\xff" * 4), "says 65535x65535", "impossible size"
        data = self.seeds["whole.HEIC"]
        for at, _, kind in boxes(data):
            if kind == b"ispe":
                yield "whole.HEIC", patched(data, at + 12, struct.pack(">II", 60000, 60000)), "says 60000x60000", "impossible size"
        for name in ("h264.MOV", "fast.MP4", "hevc.MOV", "mebx.MOV"):
            data = self.seeds[name]
            for at, size, kind in boxes(data):
                if kind == b"tkhd":
                    yield name, patched(data, at + size - 8, struct.pack(">II", 60000 << 16, 60000 << 16)), "a track of 60000x60000", "impossible size"
                if kind == b"stsd":
                    yield name, patched(data, at + 48, struct.pack(">HH", 65535, 65535)), "pictures of 65535x65535", "impossible size"
                if kind in (b"stsz", b"stts", b"ctts", b"stsc", b"stco", b"stss", b"elst", b"dref"):
                    count = at + (16 if kind == b"stsz" else 12)
                    for number in (0xFFFFFFF0, 0x80000000, 0x7FFFFFFF, 50_000_000):
                        yield name, patched(data, count, struct.pack(">I", number)), f"{kind.decode()} of {number}", "impossible size"
                if kind == b"stts":
                    yield name, patched(data, at + 16, struct.pack(">II", 0x7FFFFFFF, 1)), "2^31 samples of one tick", "impossible size"
                if kind == b"mvhd":
                    yield name, patched(data, at + 20, struct.pack(">II", 1, 0xFFFFFFFF)), "136 years long", "impossible size"
                    yield name, patched(data, at + 20, struct.pack(">I", 0)), "no time scale", "impossible size"
                if kind == b"mdhd":
                    yield name, patched(data, at + 20, struct.pack(">II", 0, 0xFFFFFFFF)), "no time scale in a track", "impossible size"

    # without end ----------------------------------------------------------------------------------------------------

    def endless(self):
        for name in ("h264.MOV", "fast.MP4", "hevc.MOV", "mebx.MOV", "whole.HEIC", "avif.HEIF"):
            data = self.seeds[name]
            for at, size, kind in boxes(data):
                for what, new in (("0", struct.pack(">I", 0)), ("1", struct.pack(">I", 1)), ("4", struct.pack(">I", 4)), ("2^32-1", struct.pack(">I", 0xFFFFFFFF))):
                    yield name, patched(data, at, new), f"the {kind.decode('latin1')} at {at} is {what} long", "without end"
            nested = b""
            for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"meta"):
                nested = b"free"
                for _ in range(3000):
                    nested = struct.pack(">I4s", len(nested) + 8, kind) + nested
                yield name, data[:struct.unpack_from(">I", data)[0]] + nested, f"3000 {kind.decode()} in one another", "without end"
        for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
            entry = struct.pack(order + "HHII", 256, 4, 1, 100)
            for ending in (".TIF", ".DNG"):
                yield "loop" + ending, mark + struct.pack(order + "I", 8) + struct.pack(order + "H", 1) + entry + struct.pack(order + "I", 8), "an IFD that follows itself", "without end"
                yield "many" + ending, mark + struct.pack(order + "I", 8) + struct.pack(order + "H", 65535) + entry * 20, "65535 entries", "without end"
                yield "far" + ending, mark + struct.pack(order + "I", 0xFFFFFFF0), "an IFD behind the end", "without end"
        frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
        yield "frames.GIF", b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + bytes(6) + frame * 20_000 + b";", "20,000 frames of 65535x65535", "without end"
        base = self.seeds["progressive.JPG"]
        scans = [at for at in range(len(base) - 1) if base[at] == 0xFF and base[at + 1] == 0xDA]
        last = base[scans[-1]:base.rfind(b"\xff\xd9")]
        frame_at = [at for at, marker in jpeg_segments(base) if marker == 0xC2][-1]
        for size in (480, 8000):
            big = patched(base, frame_at + 5, struct.pack(">HH", size * 3 // 4, size))
            yield "scans.JPG", big[:scans[-1]] + last * 2000 + b"\xff\xd9", f"2000 scans of {size} pixels a line", "bomb"
        yield "markers.JPG", b"\xff\xd8" + b"\xff\xe1\0\x02" * 200_000 + self.seeds["base.JPG"][2:], "200,000 empty segments", "without end"
        yield "fill.JPG", b"\xff\xd8" + b"\xff" * 1_000_000 + self.seeds["base.JPG"][2:], "a million fill bytes", "without end"
        yield "restarts.JPG", self.seeds["base.JPG"][:-2] + b"\xff\xd0" * 500_000 + b"\xff\xd9", "half a million restarts", "without end"

    def bombs(self):
        yield "bomb1.PNG", png(30000, 30000, 1, 0, zeros(30000 * 3751)), "30000x30000 of one bit", "bomb"
        yield "bomb2.PNG", png(8000, 8000, 8, 2, zeros(8000 * 24001)), "8000x8000", "bomb"
        yield "bomb3.PNG", png(1, 100_000, 8, 0, zeros(200_000)), "1x100000", "bomb"
        for name in ("base.JPG", "grey.JPG"):
            data = self.seeds[name]
            frame = [at for at, marker in jpeg_segments(data) if marker == 0xC0][-1]
            for side in (4000, 8000, 11000):                      # below our bound: decoded, mostly grey
                yield "bomb" + name[-4:], patched(data, frame + 5, struct.pack(">HH", side, side)), f"{name} blown up to {side}x{side}", "bomb"
        for ending in (".JPG", ".MOV", ".HEIC", ".MP4"):
            for what, text in (("SVG", b'<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><image href="/etc/passwd"/></svg>'), ("MVG", b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x.png'\npop graphic-context"),
                               ("playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\nhttp://127.0.0.1:1/x.ts\n"), ("list", b"ffconcat version 1.0\nfile /etc/passwd\n"), ("PDF", b"%PDF-1.4\n1 0 obj<</Kids[1 0 R]>>endobj"),
                               ("XML", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "' + b"x" * 1000 + b'"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>')):
                yield "mask" + ending, text + b"\n" + ending.encode(), f"{what} called {ending}", "wrong name"
        data = self.seeds["h264.MOV"]
        at = next(at for at, _, kind in boxes(data) if kind == b"dref")
        alias = struct.pack(">I4sI", 60, b"alis", 0) + b"/etc/passwd".ljust(48, b"\0")
        yield "alias.MOV", patched(data, at + 16, alias[:12]), "its samples lie in another file", "wrong name"

    # ----------------------------------------------------------------------------------------------------------------

    def make(self, count: int) -> list[File]:
        """`count` files, no two alike: of each kind a tenth, or all there are; for the rest bits are turned over."""
        per_kind: dict[str, list] = {}
        for way in (self.huge(), self.endless(), self.bombs(), self.cut(), self.patchwork(), self.misnamed(), self.next_to_nothing()):
            for spoiled in way:
                per_kind.setdefault(spoiled[3], []).append(spoiled)
        pool = [spoiled for _, kind in sorted(per_kind.items()) for spoiled in self.random.sample(kind, min(len(kind), max(1, count // 10)))]
        endless = [self.flipped(), self.index_flipped()]
        made, seen = [], {hashlib.sha256(data).digest() for data in self.seeds.values()}
        while len(made) < count:
            name, data, how, kind = pool.pop(0) if pool else next(self.random.choice(endless))
            mark = hashlib.sha256(data).digest()
            if mark in seen and kind != "wrong name":
                continue
            if mark in seen:
                data += struct.pack(">I", len(made))    # the same file under another name must be another file
                mark = hashlib.sha256(data).digest()
            seen.add(mark)
            made.append(File(f"M{len(made):04}-{Path(name).stem}{Path(name).suffix}", data, f"{name}: {how}", kind))
        return made
