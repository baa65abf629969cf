# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a phone writes into its files: EXIF with GPS and Apple's MakerNote, XMP, a DNG, an AAE sidecar. Byte by byte, so
that tests know exactly what must still be there after compression."""

import struct
from datetime import datetime
from pathlib import Path

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL = 1, 2, 3, 4, 5, 7, 10
_PACK = {BYTE: "B", SHORT: "H", LONG: "I"}


def ascii(text: str) -> tuple:
    data = text.encode() + b"\0"
    return ASCII, len(data), data


def numbers(order: str, kind: int, *values: int) -> tuple:
    return kind, len(values), struct.pack(f"{order}{len(values)}{_PACK[kind]}", *values)


def rationals(order: str, *pairs: tuple[int, int], signed: bool = False) -> tuple:
    flat = [n for pair in pairs for n in pair]
    return (SRATIONAL if signed else RATIONAL), len(pairs), struct.pack(f"{order}{len(flat)}{'i' if signed else 'I'}", *flat)


def ifd(order: str, at: int, entries: dict[int, tuple]) -> bytes:
    """One directory that starts at offset `at`: its table, no next directory, then the values that do not fit in it."""
    table, heap = struct.pack(order + "H", len(entries)), b""
    heap_at = at + 2 + 12 * len(entries) + 4
    for tag in sorted(entries):
        kind, count, data = entries[tag]
        if len(data) <= 4:
            field = data.ljust(4, b"\0")
        else:
            field = struct.pack(order + "I", heap_at + len(heap))
            heap += data + b"\0" * (len(data) % 2)
        table += struct.pack(order + "HHI", tag, kind, count) + field
    return table + b"\0\0\0\0" + heap


def maker_note(content_identifier: str) -> bytes:
    """Apple's: its offsets count from its own first byte."""
    head = b"Apple iOS\0\0\x01MM"
    entries = {0x01: numbers(">", LONG, 14), 0x11: ascii(content_identifier), 0x21: rationals(">", (123, 100), signed=True),
               0x2e: numbers(">", LONG, 1)}
    return head + ifd(">", len(head), entries)


def exif(taken: datetime, orientation: int = 1, content_identifier: str = "", gps: bool = True, model: str = "iPhone 15") -> bytes:
    """An EXIF block (a TIFF), big-endian as Apple writes it."""
    o, text = ">", taken.strftime("%Y:%m:%d %H:%M:%S")
    camera = {0x829A: rationals(o, (1, 120)), 0x829D: rationals(o, (178, 100)), 0x8827: numbers(o, SHORT, 80), 0x9000: (UNDEFINED, 4, b"0232"),
              0x9003: ascii(text), 0x9004: ascii(text), 0x9010: ascii("+00:00"), 0x9011: ascii("+00:00"), 0x920A: rationals(o, (686, 100)),
              0x9291: ascii("123"), 0xA001: numbers(o, SHORT, 0xFFFF), 0xA434: ascii(f"{model} back camera 6.86mm f/1.78")}
    if content_identifier:
        note = maker_note(content_identifier)
        camera[0x927C] = (UNDEFINED, len(note), note)
    place = {0: (BYTE, 4, b"\2\3\0\0"), 1: ascii("N"), 2: rationals(o, (47, 1), (22, 1), (1234, 100)), 3: ascii("E"),
             4: rationals(o, (8, 1), (32, 1), (4321, 100)), 5: (BYTE, 1, b"\0"), 6: rationals(o, (40812, 100)), 29: ascii(text[:10])}
    first = {0x010F: ascii("Apple"), 0x0110: ascii(model), 0x0112: numbers(o, SHORT, orientation), 0x011A: rationals(o, (72, 1)), 0x011B: rationals(o, (72, 1)),
             0x0128: numbers(o, SHORT, 2), 0x0131: ascii("17.5.1"), 0x0132: ascii(text), 0x013C: ascii(model), 0x8769: numbers(o, LONG, 0)}
    if gps:
        first[0x8825] = numbers(o, LONG, 0)
    camera_at = 8 + len(ifd(o, 8, first))
    first[0x8769] = numbers(o, LONG, camera_at)
    camera_bytes = ifd(o, camera_at, camera)
    if gps:
        first[0x8825] = numbers(o, LONG, camera_at + len(camera_bytes))
    block = b"MM\0\x2a\0\0\0\x08" + ifd(o, 8, first) + camera_bytes
    return block + (ifd(o, camera_at + len(camera_bytes), place) if gps else b"")


def xmp(title: str, rating: int) -> bytes:
    return (f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:Rating="{rating}" xmp:CreatorTool="17.5.1">'
            f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
            f'<dc:subject><rdf:Bag><rdf:li>family</rdf:li><rdf:li>été</rdf:li></rdf:Bag></dc:subject>'
            f'</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>').encode()


def dress_jpeg(file: Path, exif_block: bytes, xmp_block: bytes = b"", comment: str = "") -> None:
    """Puts the metadata behind the start marker of a bare JPEG."""
    bare = file.read_bytes()
    segments = b""
    for marker, payload in ((0xE1, b"Exif\0\0" + exif_block), (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp_block if xmp_block else b""), (0xFE, comment.encode())):
        if payload:
            segments += struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    file.write_bytes(bare[:2] + segments + bare[2:])


def write_dng(file: Path, pixels: bytes, width: int, height: int, taken: datetime) -> None:
    """An uncompressed 16-bit Bayer DNG from little-endian samples."""
    o, text = "<", taken.strftime("%Y:%m:%d %H:%M:%S")
    assert len(pixels) == 2 * width * height
    matrix = [(13, 10), (-4, 10), (-1, 10), (-5, 10), (14, 10), (1, 10), (-1, 10), (3, 10), (6, 10)]
    entries = {254: numbers(o, LONG, 0), 256: numbers(o, LONG, width), 257: numbers(o, LONG, height), 258: numbers(o, SHORT, 16), 259: numbers(o, SHORT, 1),
               262: numbers(o, SHORT, 32803), 271: ascii("Apple"), 272: ascii("iPhone 15 Pro"), 273: numbers(o, LONG, 0), 274: numbers(o, SHORT, 1),
               277: numbers(o, SHORT, 1), 278: numbers(o, LONG, height), 279: numbers(o, LONG, len(pixels)), 284: numbers(o, SHORT, 1), 306: ascii(text),
               33421: numbers(o, SHORT, 2, 2), 33422: (BYTE, 4, bytes((0, 1, 1, 2))), 36867: ascii(text),
               50706: (BYTE, 4, bytes((1, 4, 0, 0))), 50707: (BYTE, 4, bytes((1, 1, 0, 0))), 50708: ascii("Apple iPhone 15 Pro"),
               50717: numbers(o, LONG, 65535), 50721: rationals(o, *matrix, signed=True), 50728: rationals(o, (6, 10), (1, 1), (7, 10)), 50778: numbers(o, SHORT, 21)}
    strip_at = 8 + len(ifd(o, 8, entries))
    entries[273] = numbers(o, LONG, strip_at)
    file.write_bytes(b"II\x2a\0\x08\0\0\0" + ifd(o, 8, entries) + pixels)


def write_aae(file: Path, stamp: str) -> None:
    """The sidecar in which Apple keeps how a photo was edited."""
    file.write_text('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n'
                    '<plist version="1.0"><dict><key>adjustmentBaseVersion</key><integer>0</integer><key>adjustmentEditorBundleID</key><string>com.apple.mobileslideshow</string>'
                    '<key>adjustmentFormatIdentifier</key><string>com.apple.photo</string><key>adjustmentFormatVersion</key><string>1.5</string>'
                    f'<key>adjustmentTimestamp</key><date>{stamp}</date></dict></plist>\n')


def with_timed_metadata(clip: bytes) -> bytes:
    """A MOV whose index is its last box, with one track more, as an iPhone writes it: boxed metadata (mebx) that describes track 1, five samples
    of how bright it was."""
    def be(value: int, size: int = 4) -> bytes:
        return value.to_bytes(size, "big")

    def box(kind: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return be(len(body) + 8) + kind + body

    at = clip.rfind(b"moov") - 4
    samples = b"".join(be(12) + be(1) + be(1000 + i) for i in range(5))
    keys = box(b"keys", box(be(1), box(b"keyd", b"mdtacom.apple.quicktime.scene-illuminance"), box(b"dtyp", be(0), be(77))))
    stbl = box(b"stbl", box(b"stsd", be(0), be(1), box(b"mebx", bytes(6), be(1, 2), keys)), box(b"stts", be(0), be(1), be(5), be(120)),
               box(b"stsc", be(0), be(1), be(1), be(5), be(1)), box(b"stsz", be(0), be(12), be(5)), box(b"stco", be(0), be(1), be(at + 8)))
    minf = box(b"minf", box(b"gmhd", box(b"gmin", be(0), be(0x40, 2), be(0x8000, 2) * 3, be(0))),
               box(b"hdlr", be(0), b"dhlralisappl", bytes(8), b"\x17Core Media Data Handler"), box(b"dinf", box(b"dref", be(0), be(1), box(b"alis", be(1)))), stbl)
    mdia = box(b"mdia", box(b"mdhd", be(0), be(3708866430) * 2, be(600) * 2, be(0x55C4, 2), be(0, 2)),
               box(b"hdlr", be(0), b"mhlrmetaappl", bytes(8), b"\x13Core Media Metadata"), minf)
    matrix = be(0x10000) + bytes(12) + be(0x10000) + bytes(12) + be(0x40000000)
    tkhd = box(b"tkhd", be(0xF), be(3708866430) * 2, be(7), be(0), be(1000), bytes(16), matrix, bytes(8))
    trak = box(b"trak", tkhd, box(b"tref", box(b"cdsc", be(1))), mdia)
    return clip[:at] + box(b"mdat", samples) + box(b"moov", clip[at + 8:], trak)
