# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata of a phone's photo, all of it: JFIF, EXIF with GPS, a thumbnail and Apple's MakerNote, XMP, IPTC, a colour profile, a comment, a list of
pictures (MPF) with an HDR gain map behind the photo. 148 fields as exiftool counts them (fields()); `exiftool -validate` has no complaint but minor ones."""

import json
import struct
import subprocess
from pathlib import Path

from sample_metadata import ASCII, BYTE, LONG, SHORT, SRATIONAL, UNDEFINED, ascii, ifd, numbers, rationals

O = ">"
IDENTIFIER = "9A3C8B1E-5D4F-4E0A-8C77-1F2E3D4C5B6A"


def maker_note() -> bytes:
    """Apple's, 14 tags; offsets count from its own first byte."""
    head = b"Apple iOS\0\0\x01MM"
    entries = {0x01: numbers(O, LONG, 14), 0x04: numbers(O, LONG, 1), 0x05: numbers(O, LONG, 180), 0x06: numbers(O, LONG, 170), 0x07: numbers(O, LONG, 1),
               0x08: rationals(O, (-8, 1000), (-991, 1000), (-93, 1000), signed=True), 0x02: numbers(O, LONG, 7), 0x0d: numbers(O, LONG, 23),
               0x11: ascii(IDENTIFIER), 0x0e: numbers(O, LONG, 4), 0x10: numbers(O, LONG, 1), 0x1b: numbers(O, LONG, 9),
               0x21: rationals(O, (123, 100), signed=True), 0x30: rationals(O, (417, 1000), signed=True)}
    return head + ifd(O, len(head), entries)


def exif(width: int, height: int, orientation: int, thumbnail: bytes, note: bool = True, taken: str = "2019:07:14 16:20:30") -> bytes:
    first = {0x010E: ascii("Grandmother's garden"), 0x010F: ascii("Apple"), 0x0110: ascii("iPhone 15 Pro"), 0x0112: numbers(O, SHORT, orientation), 0x011A: rationals(O, (72, 1)),
             0x011B: rationals(O, (72, 1)), 0x0128: numbers(O, SHORT, 2), 0x0131: ascii("17.5.1"), 0x0132: ascii(taken), 0x013B: ascii("A. Person"), 0x013C: ascii("iPhone 15 Pro"),
             0x0213: numbers(O, SHORT, 1), 0x8298: ascii("(c) the family"), 0x8769: numbers(O, LONG, 0), 0x8825: numbers(O, LONG, 0)}
    camera = {0x829A: rationals(O, (1, 121)), 0x829D: rationals(O, (1779, 1000)), 0x8822: numbers(O, SHORT, 2), 0x8827: numbers(O, SHORT, 80), 0x9000: (UNDEFINED, 4, b"0232"),
              0x9003: ascii(taken), 0x9004: ascii(taken), 0x9010: ascii("+02:00"), 0x9011: ascii("+02:00"), 0x9012: ascii("+02:00"), 0x9101: (UNDEFINED, 4, b"\1\2\3\0"),
              0x9201: rationals(O, (6919, 1000), signed=True), 0x9202: rationals(O, (1663, 1000)), 0x9203: rationals(O, (5712, 1000), signed=True), 0x9204: rationals(O, (0, 1), signed=True),
              0x9205: rationals(O, (1663, 1000)), 0x9207: numbers(O, SHORT, 5), 0x9209: numbers(O, SHORT, 16), 0x920A: rationals(O, (6765, 1000)),
              0x9214: numbers(O, SHORT, 2015, 1511, 2217, 1330), 0x9286: (UNDEFINED, 16, b"ASCII\0\0\0a comment"), 0x9290: ascii("123"), 0x9291: ascii("123"), 0x9292: ascii("123"),
              0xA000: (UNDEFINED, 4, b"0100"), 0xA001: numbers(O, SHORT, 0xFFFF), 0xA002: numbers(O, LONG, width), 0xA003: numbers(O, LONG, height), 0xA217: numbers(O, SHORT, 2),
              0xA301: (UNDEFINED, 1, b"\1"), 0xA402: numbers(O, SHORT, 0), 0xA403: numbers(O, SHORT, 0), 0xA404: rationals(O, (1, 1)), 0xA405: numbers(O, SHORT, 24),
              0xA406: numbers(O, SHORT, 0), 0xA432: rationals(O, (2220, 1000), (9, 1), (1779, 1000), (2800, 1000)), 0xA433: ascii("Apple"),
              0xA434: ascii("iPhone 15 Pro back triple camera 6.765mm f/1.78")}
    if note:
        camera[0x927C] = (UNDEFINED, len(maker_note()), maker_note())
    place = {0: (BYTE, 4, b"\2\3\0\0"), 1: ascii("N"), 2: rationals(O, (47, 1), (22, 1), (1234, 100)), 3: ascii("E"), 4: rationals(O, (8, 1), (32, 1), (4321, 100)),
             5: (BYTE, 1, b"\0"), 6: rationals(O, (40812, 100)), 7: rationals(O, (14, 1), (20, 1), (30, 1)), 12: ascii("K"), 13: rationals(O, (3, 10)), 16: ascii("T"),
             17: rationals(O, (21412, 100)), 23: ascii("T"), 24: rationals(O, (21412, 100)), 29: ascii(taken[:10]), 31: rationals(O, (47, 10))}
    camera_at = 8 + len(ifd(O, 8, first))
    place_at = camera_at + len(ifd(O, camera_at, camera))
    first[0x8769], first[0x8825] = numbers(O, LONG, camera_at), numbers(O, LONG, place_at)
    second_at = place_at + len(ifd(O, place_at, place))
    second = {0x0103: numbers(O, SHORT, 6), 0x011A: rationals(O, (72, 1)), 0x011B: rationals(O, (72, 1)), 0x0128: numbers(O, SHORT, 2), 0x0201: numbers(O, LONG, 0), 0x0202: numbers(O, LONG, len(thumbnail))}
    second[0x0201] = numbers(O, LONG, second_at + len(ifd(O, second_at, second)))
    table = bytearray(ifd(O, 8, first))
    if thumbnail:
        struct.pack_into(">I", table, 2 + 12 * len(first), second_at)
    block = b"MM\0\x2a\0\0\0\x08" + bytes(table) + ifd(O, camera_at, camera) + ifd(O, place_at, place)
    return block + (ifd(O, second_at, second) + thumbnail if thumbnail else b"")


def xmp(gain_map: bool, motion_bytes: int = 0) -> bytes:
    more = 'HDRGainMap:HDRGainMapVersion="65536" ' if gain_map else ""
    if motion_bytes:
        more += f'GCamera:MicroVideo="1" GCamera:MicroVideoVersion="1" GCamera:MicroVideoOffset="{motion_bytes}" GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" '
    return ('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
            'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
            'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
            f'{more}xmp:Rating="4" xmp:CreatorTool="17.5.1" photoshop:City="Zürich">'
            '<dc:subject><rdf:Bag><rdf:li>family</rdf:li><rdf:li>été</rdf:li></rdf:Bag></dc:subject>'
            '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Seq><rdf:li rdf:parseType="Resource"><mwg-rs:Name>Zoë</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type>'
            '<mwg-rs:Area stArea:x="0.5" stArea:y="0.4" stArea:w="0.1" stArea:h="0.2" stArea:unit="normalized"/></rdf:li></rdf:Seq></mwg-rs:RegionList></mwg-rs:Regions>'
            '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>').encode()


def iptc() -> bytes:
    """Photoshop's image resource with IPTC in UTF-8."""
    records = ((1, 90, b"\x1b%G"), (2, 0, b"\0\4"), (2, 5, "Großmutters Garten".encode()), (2, 25, "Familie".encode()), (2, 25, "Sommer".encode()), (2, 80, "A. Person".encode()),
               (2, 90, "Zürich".encode()))
    body = b"".join(struct.pack(">BBBH", 0x1C, r, t, len(d)) + d for r, t, d in records)
    body += b"\0" * (len(body) % 2)
    return b"Photoshop 3.0\0" + b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(body)) + body


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def picture_list(first: int, second: int, offset: int) -> bytes:
    """CIPA MPF with two pictures; offsets count from behind "MPF\\0"."""
    entries = struct.pack(">IIIHH", 0x20030000, first, 0, 0, 0) + struct.pack(">IIIHH", 0, second, offset, 0, 0)
    table = struct.pack(">H", 3) + struct.pack(">HHI4s", 0xB000, UNDEFINED, 4, b"0100") + struct.pack(">HHII", 0xB001, LONG, 1, 2) + struct.pack(">HHII", 0xB002, UNDEFINED, 32, 50)
    return b"MPF\0" + b"MM\0\x2a\0\0\0\x08" + table + b"\0\0\0\0" + entries


def extended_xmp(size: int) -> list[bytes]:
    """An XMP too large for one segment, in the pieces that Adobe's rule makes of it."""
    whole = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Notes="http://ns.example.com/notes/1.0/" Notes:Data="' + \
        b"A" * size + b'"/></rdf:RDF></x:xmpmeta>'
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    return [segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(whole), at) + whole[at:at + 65000]) for at in range(0, len(whole), 65000)]


def dressed(bare: bytes, width: int, height: int, orientation: int = 1, thumbnail: bytes = b"", icc: bytes = b"", gain_map: bytes = b"", trailer: bytes = b"", note: bool = True,
            more: bytes = b"") -> bytes:
    """The bare JPEG with everything a phone writes around it. `trailer` (a Motion Photo's movie) lies behind all; `more` are segments before the pixels."""
    at = 2
    while bare[at + 1] in (0xE0, 0xFE, *range(0xE1, 0xF0)):  # what the encoder wrote of its own
        at += 2 + struct.unpack(">H", bare[at + 2:at + 4])[0]
    head = b"\xFF\xD8" + segment(0xE0, b"JFIF\0\1\1\0\0\x48\0\x48\0\0") + segment(0xE1, b"Exif\0\0" + exif(width, height, orientation, thumbnail, note))
    head += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(bool(gain_map), len(trailer))) + segment(0xED, iptc())
    if icc:
        head += segment(0xE2, b"ICC_PROFILE\0\1\1" + icc)
    head += more + segment(0xFE, "Ein Kommentar".encode())
    if not gain_map:
        return head + bare[at:] + trailer
    size = len(head) + len(segment(0xE2, picture_list(0, 0, 0))) + len(bare) - at
    return head + segment(0xE2, picture_list(size, len(gain_map), size - len(head) - 8)) + bare[at:] + gain_map + trailer


def fields(file: Path) -> dict[str, list]:
    """What exiftool reads of the metadata, group and name → values (what is about the file or computed is left out)."""
    said = subprocess.run(["exiftool", "-a", "-G1:4", "-s", "-json", "-n", "-b", str(file)], capture_output=True, text=True, check=True).stdout
    found: dict[str, list] = {}
    for key, value in json.loads(said, object_pairs_hook=lambda pairs: pairs)[0]:
        group = key.split(":")[0]
        if group not in ("SourceFile", "ExifTool", "System", "Composite") and not (group == "File" and key != "File:Comment"):
            found.setdefault(key, []).append(value)
    return found
