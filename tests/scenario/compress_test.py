# SPDX-License-Identifier: GPL-3.0-or-later
"""mediaferry compress preview on somebody's own files, and redo compress --policy-changed after a change of the config."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World


def made(*words: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *map(str, words)], check=True)


class Compress(unittest.TestCase):
    def setUp(self):
        self.world = World(self, phone=False, only=["twin-1", "raw-pair"]).start()
        self.addCleanup(self.world.stop)

    def test_a_tier_is_tried_on_files_and_nothing_else_is_touched(self):
        own = self.world.root / "own"
        own.mkdir()
        photo, clip = own / "a photo.jpg", own / "clip.mov"
        made("-f", "lavfi", "-i", "mandelbrot=size=1200x900:rate=1", "-frames:v", "1", "-q:v", "2", photo)
        subprocess.run(["exiftool", "-q", "-overwrite_original", "-Make=Apple", "-GPSLatitude=48.1", "-XMP:Rating=5", photo], check=True)
        made("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15,noise=alls=20", "-t", "1", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p", clip)
        (own / "notes.jpg").write_text("no photo at all")
        before = {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in own.iterdir()}

        self.world.database.unlink()  # a preview needs none

        results = {Path(one["file"]).name: one for one in json.loads(self.world.expect(
            1, "compress", "preview", str(photo), str(clip), str(own / "notes.jpg"), str(own / "missing.jpg"), "--tier", "heavy", "--to", str(self.world.root / "tried"), "--json").out)}

        self.assertEqual({path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in own.iterdir()}, before)
        self.assertFalse(self.world.database.exists())
        tried = results["a photo.jpg"]
        self.assertEqual(tried["tier"], "heavy")
        self.assertLess(tried["bytes_after"], tried["bytes_before"])
        self.assertGreater(tried["psnr"], 30)
        self.assertGreater(tried["measures"]["ssim_p5"], 0.5)
        self.assertGreaterEqual(tried["measures"]["ssim"], tried["measures"]["ssim_p5"])
        self.assertEqual(tried["measures"]["fields_kept"], tried["measures"]["fields"])
        self.assertGreater(tried["measures"]["fields"], 3)
        self.assertGreater(tried["cpu_seconds"], 0)
        self.assertEqual(Path(tried["small"]).stat().st_size, tried["bytes_after"])
        for one in (tried, results["clip.mov"]):
            shape = json.loads(subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", one["picture"]], check=True, capture_output=True, text=True).stdout)["streams"][0]
            self.assertEqual(shape["codec_name"], "png")
            self.assertEqual((shape["width"], shape["height"]), (968, 968 if one is tried else 728))
        self.assertIn("kept", results["notes.jpg"])
        self.assertEqual(results["missing.jpg"]["failed"]["code"], "preview.file")
        self.assertNotIn("GPS", subprocess.run(["exiftool", tried["picture"]], capture_output=True, text=True).stdout, "a crop may be shown to others")

        # What another program made is held against the original by the same judge; its table names what a person asks for.
        other = own.parent / "other.jpg"
        made("-i", photo, "-q:v", "9", other)
        told = self.world.expect(0, "compress", "preview", str(photo), "--with", str(other), "--to", str(self.world.root / "tried")).out
        self.assertIn("fields kept", told)
        self.assertIn("made by others", told)
        self.world.expect(64, "compress", "preview", str(photo), "--tier", "lihgt")
        self.world.expect(64, "compress", "preview")
        self.world.expect(64, "compress", "peek", "x")

    def test_another_policy_reopens_what_it_concerns_and_says_first_what_that_costs(self):
        world = self.world
        world.round()
        again = lambda *words: json.loads(world.expect(0, "redo", "compress", "--policy-changed", *words, "--json").out)
        self.assertEqual(again()["files"], 0)

        photos = world.value("SELECT count(*) FROM media WHERE kind = 'photo' AND compression_metadata IS NOT NULL")
        self.assertGreater(photos, 0)
        world.configure("compress", tiers=[{"photo": {"quality": 41}, "video": "keep"}], minimum_saving="1 B")
        told = again("--dry-run")
        self.assertTrue(told["dry_run"])
        self.assertEqual(told["files"], photos)
        self.assertEqual([(part["tier"], part["kind"], part["files"]) for part in told["parts"]], [("light", "photo", photos)])
        self.assertEqual(told["bytes"], world.value("SELECT sum(initial_size) FROM media WHERE kind = 'photo'"))
        self.assertGreater(told["cpu_hours"], 0)
        self.assertEqual(world.value("SELECT count(*) FROM step WHERE stage = 'compress' AND status <> 'done'"), 0, "a dry run changes nothing")

        self.assertEqual(again()["files"], photos)
        self.assertEqual(world.value("SELECT count(*) FROM step WHERE stage = 'compress' AND status = 'pending'"), photos)
        world.expect(0, "--run-stage", "compress")
        self.assertEqual(again()["files"], 0)
        self.assertIn("every small copy was made", world.expect(0, "redo", "compress", "--policy-changed").out)
        for words in (("redo", "nas_archive", "--policy-changed"), ("redo", "compress"), ("redo", "compress", "1", "--dry-run"), ("redo", "compress", "1", "--policy-changed")):
            world.expect(64, *words)


if __name__ == "__main__":
    unittest.main()
