# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of JPEG that a phone or an editor writes, through the real codec programs: all metadata fields are compared before and after, field by field
with exiftool and byte by byte in the file; what cannot be carried over keeps its bytes, with the reason."""

import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(os.environ["MEDIAFERRY_SOURCE"]) / "tests" / "corpus"))
import photo_corpus as corpus  # noqa: E402
import photo_metadata as metadata  # noqa: E402

CODECS = Path(os.environ["MEDIAFERRY_BUILD"]) / "lib" / "mediaferry"
WIDTH, HEIGHT = 640, 480
MEDIUM = {"quality": 92, "min_quality": 50, "floor": 0.9, "lossless": False, "png": "keep", "jpeg_xl": False, "heic": "keep"}
LIGHT = dict(MEDIUM, lossless=True)
HEAVY = dict(MEDIUM, max_megapixels=0.1)
# They tell where the picture in front of the others ends.
MOVED = {"MPImage1:MPImageLength", "MPImage2:MPImageStart"}


def run(*words) -> None:
    subprocess.run([str(w) for w in words], check=True, capture_output=True)


def segments(jpeg: bytes) -> list[bytes]:
    """APPn and COM before the pixels; a list of pictures without its numbers."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        size = 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        if 0xE0 <= jpeg[at + 1] <= 0xEF or jpeg[at + 1] == 0xFE:
            found.append(jpeg[at:at + 8] if jpeg[at + 4:at + 8] == b"MPF\0" else jpeg[at:at + size])
        at += size
    return found


class PhotoMetadata(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dir = Path(cls.folder.name)
        cls.ppm = cls.dir / "scene.ppm"
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"mandelbrot=size={WIDTH}x{HEIGHT}:rate=1:start_scale=0.5", "-vf", "noise=alls=5:all_seed=7", "-frames:v", 1, cls.ppm)
        cls.icc = corpus.p3_profile(cls.dir)
        cls.thumbnail = corpus.thumbnail(cls.ppm, cls.dir / "thumbnail.jpg")
        cls.gain = corpus.gain_map(cls.ppm, cls.dir / "gain.jpg")
        cls.plain = cls.bare("optimize_coding,subsample_mode=on")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def bare(cls, options: str, source: Path | None = None) -> bytes:
        return corpus.encoded(source or cls.ppm, cls.dir / "bare.jpg", 94, options)

    def compressed(self, content: bytes, tier: dict) -> tuple[dict, bytes]:
        original, result = self.dir / "original.jpg", self.dir / "result.jpg"
        original.write_bytes(content)
        result.unlink(missing_ok=True)
        source, target = os.open(original, os.O_RDONLY), os.open(result, os.O_RDWR | os.O_CREAT)
        nothing = hashlib.sha256(b"").hexdigest()
        order = {"task": "photo", "original": source, "result": target, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "extension": ".jpg", "container": "mov",
                 "from_copy": False, "small": -1, "small_size": 0, "small_sha256": nothing, "photo": tier,
                 "video": {"codec": "hevc", "quality": 26, "preset": "fast", "floor": 0.98, "efficient_saving": 20, "dolby_vision": "keep"},
                 "limits": {"memory": 3 << 30, "cpu": 60, "file": 1 << 30, "landlock": True, "seccomp": True}}
        for codec in ("jpeg-codec", "photo-codec"):
            child = subprocess.Popen([CODECS / codec], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(source, target))
            child.stdin.write(json.dumps(order).encode())
            child.stdin.close()
            answer = json.loads(child.stdout.read())
            child.stdout.close()
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 0)
            if answer["outcome"] != "elsewhere":
                break
        os.close(source)
        os.close(target)
        self.codec, self.peak_mib = codec, used.ru_maxrss / 1024
        return answer, result.read_bytes()

    def carried_over(self, content: bytes, tiers=(LIGHT, MEDIUM, HEAVY), fields: int | None = None) -> None:
        for tier in tiers:
            with self.subTest(tier=tier):
                answer, small = self.compressed(content, tier)
                self.assertEqual(answer["outcome"], "made", answer)
                self.assertEqual(segments(small), segments(content))
                before, after = metadata.fields(self.dir / "original.jpg"), metadata.fields(self.dir / "result.jpg")
                self.assertEqual({k for k in before if before[k] != after.get(k)} - {k for k in before if k.replace("Copy1:", "") in MOVED}, set())
                self.assertEqual(before.keys(), after.keys())
                if fields:
                    self.assertEqual(sum(len(v) for v in before.values()), fields)

    def kept(self, content: bytes, code: str) -> None:
        answer, _ = self.compressed(content, MEDIUM)
        self.assertEqual((answer["outcome"], answer.get("code")), ("kept", code), answer)

    def dress(self, bare: bytes, **more) -> bytes:
        return metadata.dressed(bare, WIDTH, HEIGHT, **{"thumbnail": self.thumbnail, "icc": self.icc, **more})

    def test_a_phone_photo_keeps_all_148_fields_and_its_gain_map(self):
        content = self.dress(self.plain, gain_map=self.gain, orientation=6)
        self.carried_over(content, fields=148)
        _, small = self.compressed(content, MEDIUM)
        self.assertTrue(small.endswith(self.gain))
        where = metadata.fields(self.dir / "result.jpg")
        start = next(v for k, v in where.items() if k.startswith("MPImage2") and k.endswith("MPImageStart"))[0]
        self.assertEqual(small[start:start + len(self.gain)], self.gain)

    def test_every_orientation_stays_and_no_pixel_is_turned(self):
        for orientation in range(1, 9):
            content = self.dress(self.plain, orientation=orientation)
            self.carried_over(content, tiers=(MEDIUM,))
            told = subprocess.run(["exiftool", "-s3", "-ImageSize", str(self.dir / "result.jpg")], capture_output=True, text=True, check=True).stdout
            self.assertEqual(told.strip(), f"{WIDTH}x{HEIGHT}")

    def test_a_motion_photo_keeps_its_movie(self):
        movie = self.dir / "movie.mp4"
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=0.5", "-pix_fmt", "yuv420p", "-y", movie)
        content = self.dress(self.plain, trailer=movie.read_bytes())
        self.carried_over(content)
        _, small = self.compressed(content, MEDIUM)
        offset = metadata.fields(self.dir / "result.jpg")["XMP-GCamera:MicroVideoOffset"][0]
        self.assertEqual(small[-offset:], movie.read_bytes())
        self.kept(content[:-1], "photo.trailer")

    def test_progressive_and_every_chroma_sampling(self):
        half = self.dir / "half.jpg"
        run("ffmpeg", "-v", "error", "-i", self.ppm, "-pix_fmt", "yuvj422p", "-q:v", 2, "-y", half)
        self.carried_over(self.dress(self.bare("interlace,subsample_mode=on")), tiers=(MEDIUM, HEAVY))  # it is packed as well as can be
        for bare in (self.bare("optimize_coding,subsample_mode=off"), half.read_bytes()):
            self.carried_over(self.dress(bare))

    def test_grey(self):
        grey = self.dir / "grey.v"
        run("vips", "colourspace", self.ppm, grey, "b-w")
        self.carried_over(self.dress(self.bare("optimize_coding", grey), icc=b""))

    def test_no_profile_no_maker_note_no_thumbnail(self):
        self.carried_over(self.dress(self.plain, icc=b""))
        self.carried_over(self.dress(self.plain, note=False, thumbnail=b""), tiers=(MEDIUM,))

    def test_extended_xmp_and_unknown_segments(self):
        more = b"".join(metadata.extended_xmp(150_000)) + metadata.segment(0xE4, b"SOMETHING\0of a camera") + metadata.segment(0xEB, b"JUMBF")
        self.carried_over(self.dress(self.plain, more=more))

    def test_a_photo_of_twelve_megapixels_takes_64_mib(self):
        large = self.dir / "large.jpg"
        run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=4032x3024:rate=1", "-vf", "noise=alls=9:all_seed=7", "-frames:v", 1, "-pix_fmt", "yuvj420p", "-q:v", 2, "-y", large)
        answer, _ = self.compressed(large.read_bytes(), MEDIUM)
        self.assertEqual((answer["outcome"], self.codec), ("made", "jpeg-codec"), answer)
        self.assertLessEqual(self.peak_mib, 64)

    def test_the_jpeg_program_loads_no_other_decoder(self):
        loaded = subprocess.run([CODECS / "jpeg-codec"], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=True).stdout
        self.assertIn("libjpeg.so", loaded)
        for library in ("libvips", "libav", "libpng", "libheif", "libjxl", "libglib"):
            self.assertNotIn(library, loaded)

    def test_what_would_lose_something_keeps_its_bytes(self):
        cmyk = self.dir / "cmyk.v"
        run("vips", "colourspace", self.ppm, cmyk, "cmyk")
        self.kept(self.bare("optimize_coding", cmyk), "photo.cmyk")
        frame = self.plain.index(b"\xFF\xC0")
        for marker in (0xC9, 0xC3):  # arithmetic, lossless
            self.kept(self.plain[:frame + 1] + bytes([marker]) + self.plain[frame + 2:], "photo.exotic")
        self.kept(self.plain[:frame + 4] + b"\x0c" + self.plain[frame + 5:], "photo.deep")
        dangling = self.dress(self.plain, gain_map=self.gain)
        self.kept(dangling[:-10], "photo.trailer")


if __name__ == "__main__":
    unittest.main()
