# SPDX-License-Identifier: GPL-3.0-or-later
"""compress beside Pillow, vips, mogrify, jpegoptim, HandBrakeCLI and ffmpeg: bytes at equal worst-case quality, processor time, memory, what is kept of metadata.

    scripts/bench compress [--quick] [--seeds 1] [--clip-seconds 3] [--write]

Photos are painted anew, the same bytes every time (tests/corpus). Every judgement of quality is one and the same, of our own codec program behind its
walls (mediaferry compress preview --with), and for clips ffmpeg's ssim filter. --write puts the tables and a few crops into docs/."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from side_by_side import SOURCE, Bench, installed, options_for

sys.path[:0] = [str(SOURCE / "tests" / "corpus"), str(SOURCE / "tests" / "support")]
import photo_corpus as corpus  # noqa: E402

FLOOR = 0.965
AS_ALIKE = "ffmpeg -c:v libx265 with the CRF that is as alike"
AS_ALIKE_AV1 = f"{AS_ALIKE} as our AV1"
PILLOW = """import sys
from PIL import Image
Image.MAX_IMAGE_PIXELS = None
with Image.open(sys.argv[1]) as image:
    more = {name: image.info[name] for name in ('exif', 'icc_profile') if name in image.info}
    if sys.argv[4:]: image.thumbnail((int(sys.argv[4]), int(sys.argv[4])), Image.LANCZOS)
    image.save(sys.argv[2], quality=int(sys.argv[3]), optimize=True, **more)
"""
APPLE_KEYS = {"location.ISO6709": "+48.1372+011.5755+520.000/", "location.accuracy.horizontal": "4.7", "make": "Apple", "model": "iPhone 12", "software": "14.6",
              "creationdate": "2021-07-14T18:20:30+0200", "content.identifier": "6A0C6F9E-6B0B-4C1B-9F5B-9E1D8B3F8F11", "live-photo.auto": "1"}


@dataclass
class Result:
    bytes: int = 0
    cpu: float = 0
    wall: float = 0
    memory: int = 0  # KiB
    worst: list[float] = field(default_factory=list)  # ours too by look(), not by the codec that made it
    kept: str = "–"


def python() -> str:
    """The interpreter that has Debian's Pillow; ours may be another one."""
    for one in ("/usr/bin/python3", sys.executable):
        if subprocess.run([one, "-c", "import PIL"], capture_output=True).returncode == 0:
            return one
    return ""


class Compress:
    def __init__(self, bench: Bench, options):
        self.bench, self.options, self.python = bench, options, python()
        self.there = installed("vips", "mogrify", "jpegoptim", "HandBrakeCLI", "ffmpeg", "exiftool")
        self.lines: list[str] = []
        self.pictures: list[Path] = []
        self.out = bench.root / "out"
        self.out.mkdir()
        self.clip_notes: list[str] = []
        # A tier's defaults as they are, but with our own processor time in full: the machine has nothing else to do.
        bench.house("compress: {idle: false}\n")

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self.lines.append(line)

    # tools --------------------------------------------------------------------------------------------------------

    def timed(self, *words: object) -> Result:
        began = time.monotonic()
        child = subprocess.Popen([str(w) for w in words], env=self.bench.environment | {"VIPS_CONCURRENCY": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        talk = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{words[0]}: exit {child.returncode}\n{talk[-1500:].decode(errors='replace')}")
        return Result(cpu=usage.ru_utime + usage.ru_stime, wall=time.monotonic() - began, memory=usage.ru_maxrss)

    def preview(self, file: Path, *options: object) -> dict:
        text = self.bench.mediaferry("compress", "preview", str(file), *map(str, options), "--to", str(self.out), "--json")
        return json.loads(text)[0]

    def ours(self, file: Path, tier: str) -> tuple[Result, dict]:
        told = self.preview(file, "--tier", tier)
        if "small" not in told:
            raise SystemExit(f"{file.name}: {told}")
        one = Result(told["bytes_after"], told["cpu_seconds"], told["seconds"], told["peak_memory"] // 1024)
        one.worst = [told["measures"].get("ssim_p5", 0)]
        return one, told

    def worst(self, file: Path, small: Path) -> float:
        return self.preview(file, "--with", small)["measures"]["ssim_p5"]

    def peer(self, name: str, file: Path, small: Path, quality: int, edge: int = 0) -> Result:
        small.unlink(missing_ok=True)
        if name == "Pillow":
            one = self.timed(self.python, "-c", PILLOW, file, small, quality, *([edge] if edge else []))
        elif name == "vips":
            save = f"{small}[Q={quality},optimize_coding]"
            one = self.timed("vips", "thumbnail", file, save, edge, "--no-rotate") if edge else self.timed("vips", "copy", file, save)
        elif name == "mogrify":
            shutil.copy(file, small)
            one = self.timed("mogrify", *(["-resize", f"{edge}x{edge}"] if edge else []), "-quality", quality, small)
        else:
            shutil.copy(file, small)
            one = self.timed("jpegoptim", "-q", f"-m{quality}", small)
        one.bytes = small.stat().st_size
        return one

    def peers(self, *names: str) -> list[str]:
        return [name for name in names if (self.python if name == "Pillow" else name in self.there)]

    # metadata -----------------------------------------------------------------------------------------------------

    def fields(self, file: Path) -> dict[str, str]:
        text = subprocess.run(["exiftool", "-a", "-u", "-n", "-G1", "-j", "-b", "-x", "ThumbnailImage", str(file)], capture_output=True, text=True).stdout
        groups = ("IFD0", "IFD1", "ExifIFD", "GPS", "Apple", "XMP", "IPTC", "ICC", "MPF", "MPImage", "JFIF", "Keys", "Photoshop", "InteropIFD")
        return {k: str(v) for k, v in json.loads(text)[0].items() if k.startswith(groups) or k == "File:Comment"}

    def kept(self, before: Path, after: Path) -> str:
        had, has = self.fields(before), self.fields(after)
        return f"{sum(has.get(name) == value for name, value in had.items())} of {len(had)}"

    # photos -------------------------------------------------------------------------------------------------------

    def paint(self) -> list[Path]:
        where = SOURCE / "build" / "bench-corpus" if not self.options.corpus else Path(self.options.corpus)
        scratch = where / ".scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        divide = 4 if self.options.quick else 1
        wanted = [(seed, scene, 4032, 3024) for seed in range(1, self.options.seeds + 1) for scene in range(6)] + [(4, 1, 8064, 6048)]
        photos = []
        for number, (seed, scene, width, height) in enumerate(wanted):
            width, height = width // divide, height // divide
            name = f"{corpus.SCENES[scene]}-{seed}-{round(width * height / 1e6)}MP"
            if not (where / f"{name}.jpg").exists():
                print(f"painting {name} …", file=sys.stderr)
                ppm = corpus.paint(where / f"{name}.ppm", scratch, seed, scene, width, height)
                corpus.photo(where / f"{name}.jpg", ppm, scratch, 93, number, width, height, gain=number == 0)
                ppm.unlink()
            photos.append(where / f"{name}.jpg")
        return photos

    def quality_for(self, photo: Path) -> int:
        """The least Pillow quality with which this photo's worst part is as good as the floor asks."""
        low, high = 40, 95
        small = self.out / "search.jpg"
        while low < high:
            middle = (low + high) // 2
            self.peer("Pillow", photo, small, middle)
            low, high = (low, middle) if self.worst(photo, small) >= FLOOR else (middle + 1, high)
        return low

    def photos(self, photos: list[Path]) -> dict[str, Result]:
        results: dict[str, Result] = {}

        def add(name: str, one: Result, worst: float) -> None:
            total = results.setdefault(name, Result())
            total.bytes, total.cpu, total.wall, total.memory = total.bytes + one.bytes, total.cpu + one.cpu, total.wall + one.wall, max(total.memory, one.memory)
            total.worst.append(worst)

        qualities = {photo: self.quality_for(photo) for photo in photos} if self.python else {}
        fixed = max(qualities.values(), default=87)
        for number, photo in enumerate(photos):
            rounds = [self.ours(photo, "medium") for _ in range(self.bench.rounds)]
            one, told = min(rounds, key=lambda pair: pair[0].cpu)
            add("mediaferry, medium tier", one, one.worst[0])
            if number < 3 and told.get("picture"):
                self.pictures.append(Path(told["picture"]))
            if number == 0 and "exiftool" in self.there:
                results["mediaferry, medium tier"].kept = self.kept(photo, Path(told["small"]))
            for name in self.peers("Pillow", "vips", "mogrify", "jpegoptim"):
                small = self.out / f"{name}.jpg"
                one = min((self.peer(name, photo, small, fixed) for _ in range(self.bench.rounds)), key=lambda result: result.cpu)
                add(f"{name}, Q {fixed}", one, self.worst(photo, small))
                if number == 0 and "exiftool" in self.there:
                    results[f"{name}, Q {fixed}"].kept = self.kept(photo, small)
            if photo in qualities:
                small = self.out / "each.jpg"
                one = self.peer("Pillow", photo, small, qualities[photo])
                add("Pillow, least Q for each photo", one, self.worst(photo, small))
        return results

    def tell_photos(self, photos: list[Path], results: dict[str, Result]) -> None:
        source = sum(photo.stat().st_size for photo in photos)
        ours = results["mediaferry, medium tier"]
        self.say(f"### Photos: {len(photos)} of {'0.8' if self.options.quick else '12'} megapixels, {source / 1e6:.1f} MB; worst tile of every photo ≥ {FLOOR}")
        self.say()
        self.say("| | bytes | of the originals | CPU s | CPU, ours ÷ theirs | worst photo (tile p5) | fields kept | peak MiB |")
        self.say("|-|-|-|-|-|-|-|-|")
        for name, one in results.items():
            self.say(f"| {name} | {one.bytes / 1e6:.2f} MB | {100 * one.bytes / source:.1f} % | {one.cpu:.2f} | {ours.cpu / one.cpu:.2f} | {min(one.worst):.4f} | {one.kept} | {one.memory / 1024:.0f} |")
        self.say()

    def generations(self, photos: list[Path]) -> tuple[float, float]:
        """Heavy made of the medium copy, held against heavy made of the original: bytes (ratio of sums), and SSIM lost (mean)."""
        direct = aged = 0
        lost = []
        for photo in photos:
            _, first = self.ours(photo, "medium")
            one, told = self.ours(photo, "heavy")
            again = self.preview(Path(first["small"]), "--tier", "heavy", "--from-copy")
            file = Path(again.get("small", first["small"]))
            direct, aged = direct + one.bytes, aged + file.stat().st_size
            lost.append(told["measures"]["ssim"] - self.preview(photo, "--with", file)["measures"]["ssim"])
        return aged / direct, sum(lost) / len(lost)

    def downscaling(self, photo: Path) -> dict[str, Result]:
        results = {"mediaferry, heavy tier": self.ours(photo, "heavy")[0]}
        for name in self.peers("Pillow", "vips", "mogrify"):
            results[f"{name}, Q 80"] = self.peer(name, photo, self.out / f"{name}.jpg", 80, 1008 if self.options.quick else 4032)
        self.say(f"### {photo.stem}: {photo.stat().st_size / 1e6:.1f} MB, reduced to {'0.8' if self.options.quick else '12'} megapixels")
        self.say()
        self.say("| | bytes | CPU s | CPU, theirs ÷ ours | peak MiB |")
        self.say("|-|-|-|-|-|")
        for name, one in results.items():
            self.say(f"| {name} | {one.bytes / 1e6:.2f} MB | {one.cpu:.2f} | {one.cpu / results['mediaferry, heavy tier'].cpu:.2f} | {one.memory / 1024:.0f} |")
        self.say()
        return results

    # clips --------------------------------------------------------------------------------------------------------

    def clip(self, photo: Path) -> Path:
        target, plain = self.bench.root / "clip.mov", self.bench.root / "plain.mov"
        size = "640:360" if self.options.quick else "1920:1080"
        tags = [word for key, value in APPLE_KEYS.items() for word in ("-metadata", f"com.apple.quicktime.{key}={value}")]
        pan = f"crop={size}:x='300+40*t+9*sin(7*t)+5*sin(17.3*t)':y='300+25*t+8*sin(9.1*t)+4*sin(23.7*t)'"
        subprocess.run(["ffmpeg", "-v", "error", "-loop", "1", "-framerate", "30", "-i", photo, "-f", "lavfi", "-i", "sine=440", "-t", str(self.options.clip_seconds),
                        "-vf", f"{pan},noise=alls=4:allf=t:all_seed=42,format=yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-b:v",
                        "2M" if self.options.quick else "17M", "-c:a", "aac", "-b:a", "128k", "-movflags", "use_metadata_tags", *tags, "-y", plain], check=True)
        subprocess.run(["ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-map_metadata", "0", "-movflags", "use_metadata_tags", *tags,
                        "-metadata", "creation_time=2021-07-14T16:20:30Z", "-metadata:s:v:0", "rotate=90", "-y", target], check=True)
        return target

    def likeness(self, clip: Path, small: Path) -> float:
        """By ffmpeg, picture for picture. Who turned the pixels is held against a source that is turned as well."""
        for turned in (["-noautorotate"], []):
            text = subprocess.run(["ffmpeg", "-noautorotate", "-i", small, *turned, "-i", clip, "-lavfi", "[0:v]settb=AVTB,setpts=N[a];[1:v]settb=AVTB,setpts=N[b];[a][b]ssim",
                                   "-f", "null", "-"], capture_output=True, text=True).stderr
            if "All:" in text:
                return float(text.rsplit("All:", 1)[1].split()[0])
        return 0.0

    def keys_of(self, clip: Path) -> dict[str, str]:
        told = json.loads(subprocess.run(["ffprobe", "-v", "error", "-show_format", "-of", "json", clip], capture_output=True, text=True).stdout)
        return told["format"].get("tags", {})

    def clips(self, photo: Path) -> dict[str, tuple[Result, float, str]]:
        clip, results = self.clip(photo), {}
        self.clip_bytes = clip.stat().st_size
        had = self.keys_of(clip)
        wanted = {name: had[name] for name in had if name.startswith("com.apple.quicktime.") or name == "creation_time"}

        def note(name: str, one: Result, small: Path) -> None:
            has = self.keys_of(small)
            apple = sum(has.get(key) == value for key, value in wanted.items() if key != "creation_time")
            date = "date kept" if has.get("creation_time") == wanted["creation_time"] else "date lost"
            results[name] = (one, self.likeness(clip, small), f"{apple} of {len(wanted) - 1}, {date}")

        for tier in ("medium", "heavy"):
            told = self.preview(clip, "--tier", tier)
            if "small" not in told:
                self.clip_notes.append(f"The {tier} tier keeps this clip as it is: {told['kept']['text']}.")
                continue
            note(f"mediaferry, {tier} tier ({told['how']})", Result(told["bytes_after"], told["cpu_seconds"], told["seconds"], told["peak_memory"] // 1024), Path(told["small"]))
            self.clip_measures = told["measures"]
            if told.get("picture"):
                self.pictures.append(Path(told["picture"]))
        commands = {"ffmpeg -c:v libx265": (["ffmpeg", "-y", "-v", "error", "-i", clip, "-c:v", "libx265", "-x265-params", "log-level=error"], "ffmpeg-x265.mov"),
                    "ffmpeg -c:v libsvtav1": (["ffmpeg", "-y", "-v", "error", "-i", clip, "-c:v", "libsvtav1"], "ffmpeg-av1.mp4"),
                    "HandBrakeCLI -e x265": (["HandBrakeCLI", "-i", clip, "-e", "x265", "-o"], "handbrake.mp4")}
        for name, (words, file) in commands.items():
            if words[0] not in self.there:
                continue
            small = self.out / file
            one = self.timed(*words, small)
            one.bytes = small.stat().st_size
            note(name, one, small)
        if results and "ffmpeg" in self.there:
            self.as_alike(clip, next(iter(results.values()))[1], AS_ALIKE, note)
        if told := self.av1(clip):
            name = f"mediaferry, heavy tier with AV1 ({told['how']})"
            note(name, Result(told["bytes_after"], told["cpu_seconds"], told["seconds"], told["peak_memory"] // 1024), Path(told["small"]))
            self.as_alike(clip, results[name][1], AS_ALIKE_AV1, note)
        self.say(f"### A clip: {self.options.clip_seconds} s of {'360p' if self.options.quick else '1080p'}, {clip.stat().st_size / 1e6:.2f} MB")
        self.say()
        self.say("| | bytes | CPU s | MB saved a CPU s | SSIM (ffmpeg) | Apple's keys | peak MiB |")
        self.say("|-|-|-|-|-|-|-|")
        for name, (one, ssim, keys) in results.items():
            saved = (clip.stat().st_size - one.bytes) / 1e6
            self.say(f"| {name} | {one.bytes / 1e6:.2f} MB | {one.cpu:.1f} | {saved / one.cpu:.3f} | {ssim:.4f} | {keys} | {one.memory / 1024:.0f} |")
        self.say()
        return results

    def av1(self, clip: Path) -> dict | None:
        """What a heavy tier makes of it that asks for AV1; None and a note: it keeps the clip as it is."""
        config = self.bench.root / "mediaferry.yaml"
        before = config.read_text()
        config.write_text(before.replace("compress: {idle: false}", "compress: {idle: false, tiers: [{video: {codec: av1, quality: 35, max_long_edge: 1920, preset: fast, "
                                         "floor: 0.975, efficient_saving: 30%}}]}"))
        try:
            told = self.preview(clip)
        finally:
            config.write_text(before)
        if "small" in told:
            return told
        self.clip_notes.append(f"With AV1 the heavy tier keeps this clip as it is: {told['kept']['text']}.")
        return None

    def as_alike(self, clip: Path, ssim: float, name: str, note) -> None:
        """libx265 with its defaults but for the CRF: the coarsest whole one that comes out as alike as ours. Its search costs it nothing here."""
        fine, coarse, best = 4, 28, None
        while coarse - fine > 1:
            crf, small = (fine + coarse) // 2, self.out / "as-alike.mov"
            one = self.timed("ffmpeg", "-y", "-v", "error", "-i", clip, "-c:v", "libx265", "-x265-params", "log-level=error", "-crf", crf, small)
            if self.likeness(clip, small) < ssim:
                coarse = crf
                continue
            fine, one.bytes, best = crf, small.stat().st_size, one
            note(name, one, small)
        if best is None:
            self.clip_notes.append(f"No CRF of libx265 from 5 on comes out as alike ({name}).")

    # goals --------------------------------------------------------------------------------------------------------

    def goals(self, photos: dict[str, Result], aged: tuple[float, float], reduced: dict[str, Result], clips: dict) -> None:
        ours = photos["mediaferry, medium tier"]
        rows = []

        def goal(name: str, what: str, value: float | None, wanted: float, least: bool, unit: str = "×") -> None:
            if value is None:
                rows.append(f"| {name} | {what} | {'≥' if least else '≤'} {wanted:g}{unit} | not measured | |")
                return
            met = value >= wanted if least else value <= wanted
            by = "met" if met else f"missed by {100 * abs(value - wanted) / abs(wanted):.0f} %"
            rows.append(f"| {name} | {what} | {'≥' if least else '≤'} {wanted:g}{unit} | {value:.3g}{unit} | {by} |")

        def first(results: dict, word: str):
            return next((one for name, one in results.items() if name.startswith(word)), None)

        pillow, each = first(photos, "Pillow, Q"), photos.get("Pillow, least Q for each photo")
        goal("P1", "CPU: Pillow ÷ ours, the whole way with search, checks and fsync", pillow and pillow.cpu / ours.cpu, 2, True)
        goal("P2", "bytes ÷ Pillow at one Q, equal worst case", pillow and ours.bytes / pillow.bytes, 0.72, False)
        goal("P2", "bytes ÷ Pillow at the least Q of each photo", each and ours.bytes / each.bytes, 0.88, False)
        goal("P3", "bytes of an aged copy ÷ made of the original", aged[0], 1.05, False)
        goal("P3", "mean SSIM lost by that", aged[1], 0.006, False, "")
        if " of " in ours.kept:
            kept, fields = (int(word) for word in ours.kept.split(" of "))
            goal("P4", f"fields not kept, of {fields} (MPF's sizes and offsets legitimately change)", fields - kept, 4, False, "")
        goal("P5", "MiB for a 12-megapixel photo", ours.memory / 1024, 64, False, "")
        down = reduced["mediaferry, heavy tier"]
        goal("P5", "MiB for the largest photo", down.memory / 1024, 160, False, "")
        goal("P7", "CPU s to reduce it to a quarter", down.cpu, 0.6, False, "")
        small = first(reduced, "Pillow")
        goal("P7", "CPU: Pillow ÷ ours for that", small and small.cpu / down.cpu, 3, True)
        small = first(clips, "mediaferry, heavy tier with AV1")
        clip, equal = next((one for name, one in clips.items() if name.startswith("mediaferry") and one is not small), None), clips.get(AS_ALIKE)
        if clip:
            goal("V1", "of Apple's 8 keys kept", float(clip[2].split()[0]), 8, True, "")
            goal("V2", "MB saved a CPU s, with search and checks ÷ libx265 that is as alike (HEVC)",
                 equal and (self.clip_bytes - clip[0].bytes) / clip[0].cpu * equal[0].cpu / (self.clip_bytes - equal[0].bytes), 1.2, True)
            equal = clips.get(AS_ALIKE_AV1)
            goal("V2", "the same with AV1 ÷ libx265 that is as alike",
                 small and equal and (self.clip_bytes - small[0].bytes) / small[0].cpu * equal[0].cpu / (self.clip_bytes - equal[0].bytes), 1.8, True)
            goal("V3", "checking ÷ encoding, CPU", self.clip_measures["verify_cpu_seconds"] / self.clip_measures["encode_cpu_seconds"], 0.1, False, "")
            goal("V4", "MiB at 1080p", max(one[0].memory for name, one in clips.items() if name.startswith("mediaferry")) / 1024, 400, False, "")
        self.say("### Goals")
        self.say()
        self.say("| goal | what | wanted | found | |")
        self.say("|-|-|-|-|-|")
        for row in rows:
            self.say(row)
        self.say()
        for line in self.clip_notes:
            self.say(line)
        if min(ours.worst) < FLOOR:
            self.say(f"Ours keeps the floor of {FLOOR} by the brightness that a JPEG stores; by that of its red, green and blue, which all are measured by here, its worst photo is at {min(ours.worst):.4f}.")
        self.say("P6 (the reversible light tier), V5 and R1 to R5 are not measured here: P6, V5 and R4 are tests (contract.compress), R1 and R2 faults.malformed, R3 faults.kills.")

    def run(self) -> None:
        photos = self.paint()
        large, usual = photos[-1], photos[:-1]
        self.say(f"{self.bench.place()}, load {os.getloadavg()[0]:.1f} when it began; least of {self.bench.rounds} rounds.")
        self.say()
        results = self.photos(usual)
        self.tell_photos(usual, results)
        aged = self.generations(usual[:3])
        reduced = self.downscaling(large)
        clips = self.clips(usual[4]) if "ffmpeg" in self.there and self.options.clip_seconds > 0 else {}
        self.goals(results, aged, reduced, clips)
        if self.options.write:
            self.write()

    def write(self) -> None:
        docs = SOURCE / "docs"
        names = []
        for number, picture in enumerate(self.pictures):
            target = docs / f"compression-{number + 1}.jpg"
            subprocess.run(["vips", "copy", picture, f"{target}[Q=88,strip]"], check=True)
            names.append((picture.stem, target.name))
        page = docs / "COMPRESSION.md"
        head = page.read_text().split("<!-- measured -->")[0] if page.exists() else "# Compression\n\n"
        shown = "".join(f"\n{title}: before on the left, after on the right; above where they differ most, below the middle, pixel for pixel.\n\n![{title}]({name})\n" for title, name in names)
        page.write_text(head + "<!-- measured -->\n" + "\n".join(self.lines) + "\n\n### Before and after\n" + shown)


def main() -> int:
    parser = options_for(__doc__)
    parser.add_argument("--quick", action="store_true", help="photos of a sixteenth as many pixels, a small clip")
    parser.add_argument("--seeds", type=int, default=1, help="six photos for each")
    parser.add_argument("--corpus", help="a folder for the painted photos, kept (default: build/bench-corpus)")
    parser.add_argument("--clip-seconds", type=int, default=3, help="0: no clips")
    parser.add_argument("--write", action="store_true", help="write docs/COMPRESSION.md")
    options = parser.parse_args()
    with Bench(options) as bench:
        Compress(bench, options).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
