# SPDX-License-Identifier: GPL-3.0-or-later
"""What else changes something, besides the stage runs: verbs of the command line, each from a moment of the bench (bench.py)."""

import os
import shutil
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from standin_syncthing import PHONE, moment
from world import FOLDERS, World, binary, quick_tiers


@dataclass
class Verb:
    name: str
    moment: str                                              # a leg of the bench: the world as it was before it
    words: list[str] | Callable[[object], list[str]]
    ends_with: tuple[int, ...] = (0,)
    before: Callable[[object], None] | None = None           # what happens between the moment and the verb, undisturbed
    finished: Callable[[object], bool] | None = None         # the verb did its work already: it would refuse to be said twice
    goes_further: bool = False                               # said once more it does more: settles what it copied, for instance
    broken: bool = False                                     # the world before it is not in order, and the judge would say so
    deaths: bool = False                                     # something died before it: killed once more, a file is set aside by design
    config: Callable[[object], Path] | None = None           # the config file that the verb is run with, if not the world's
    once_only: str = ""                                      # came by itself and is not brought again here, as icloudpd would: killed before its placeholder, there is none
    unaudited: bool = False                                  # audit would name what is wrong in the world, and the judge would not
    single: bool = True                                      # one process: a kill is seen in its exit


def plan_made(bench) -> None:
    done = bench.run("icloud_delete")
    if done.code != 0:
        raise RuntimeError(f"no plan: {done.err}")


def newest_plan(bench) -> str:
    return str(bench.world.value("SELECT max(id) FROM plan"))


def one_file(bench) -> str:
    return str(bench.world.value("SELECT min(id) FROM media"))


def dies_at(bench, stage: str, failpoint: str, **environment: str) -> None:
    """A run of the stage is killed there."""
    surroundings = bench.world.environment(MEDIAFERRY_FAILPOINT=failpoint, **environment)
    done = subprocess.run([str(binary()), "--run-stage", stage], env=surroundings, cwd=bench.root, capture_output=True)
    if done.returncode != -9:
        raise RuntimeError(f"{stage} was not killed at {failpoint} but ended with {done.returncode}")


def a_second_passes() -> None:
    time.sleep(1.1)             # cleanup_after is 0 s: what was touched in this second stays


def disk_replaced(bench) -> None:
    """The NAS died: an empty disk is in its place."""
    for entry in bench.world.nas.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def marker_replaced(bench) -> None:
    """Its marker was lost, and a new one written: every copy is there, and none counts."""
    marker_gone(bench)
    bench.world.expect(0, "archive", "init", "--new")


def marker_gone(bench) -> None:
    for file in bench.world.nas.glob(".mediaferry-nas*"):
        file.unlink()


def bad_arrivals(bench) -> None:
    """icloudpd left one photo damaged, a part of another, and our own client parts that are no beginnings of anything."""
    brought, incoming = bench.disk.at / "brought", bench.world.home / "incoming"
    good = next(file for file in sorted(brought.rglob("*.JPG")))
    bad = incoming / good.relative_to(brought)
    bad.parent.mkdir(parents=True, exist_ok=True)
    bad.write_bytes(bytes(byte ^ 1 for byte in good.read_bytes()))
    (incoming / "IMG_9999.JPG").write_text("<!DOCTYPE html><html><body>503 Service Unavailable</body></html>")
    (incoming / "ABCDEFGHIJKLMNOPQRSTUVWX.part").write_bytes(b"x")
    (incoming / ".mediaferry-fetch").mkdir(exist_ok=True)
    for number in range(1, 24):
        (incoming / ".mediaferry-fetch" / f"{number}.part").write_bytes(bytes(100_000))


def trash_of_last_month(bench) -> None:
    """And what a killed compress and a killed NAS leave."""
    bad_arrivals(bench)
    bench.run("icloud_download")
    with sqlite3.connect(bench.world.database) as connection:
        connection.execute("UPDATE set_aside SET at = 1")
    connection.close()
    (bench.world.home / "library" / ".mediaferry-small-1.jpg").write_bytes(b"x")
    (bench.root / "state" / "state" / "runs" / "1").mkdir(parents=True, exist_ok=True)
    (bench.root / "state" / "state" / "runs" / "1" / "left").write_bytes(b"x")
    a_second_passes()


def deletion_killed(bench) -> None:
    dies_at(bench, "icloud_delete", "icloud_delete.complete.before=kill")
    a_second_passes()


def all_to_compress_again(bench) -> None:
    for row in bench.world.db("SELECT media_id FROM step WHERE stage = 'compress' AND status = 'done'"):
        bench.world.expect(0, "redo", "compress", str(row["media_id"]))


def owner(does: str, key: str, runs: str = "", then: str = ""):
    """The owner does something on his phone, perhaps a stage runs, perhaps he takes it back."""
    def before(bench) -> None:
        given = {"album": "DeletePending"} if does in ("file", "unfile") else {}
        bench.world.icloud.call(does, asset=key, **given)
        if runs:
            bench.run(runs)
        if then:
            bench.world.icloud.call(then, asset=key, **given)
    return before


def copy_vanished(bench) -> None:
    """Before its second reading."""
    dies_at(bench, "nas_archive", "archive.settle.record_good.commit.before=kill")
    path = bench.world.value("SELECT path FROM copy WHERE place = 'nas' AND removed_at IS NULL AND proof = 'read_back' ORDER BY id LIMIT 1")
    (bench.world.nas / path).unlink()


def canary_deleted(bench) -> None:
    memory = bench.phone.memory
    for name in [name for name in memory.photos if name.endswith(".txt")]:
        del memory.photos[name]
        memory.sequence += 1
        memory.at_phone[name] = dict(memory.local[name], deleted=True, size=0, modifiedBy=PHONE[:7], modified=moment(time.time_ns()), version=memory.local[name]["version"] + [f"{PHONE[:7]}:1"])


def phone_forgot(bench) -> None:
    bench.run("pixel_verify")
    bench.phone.memory.sequence = 0


def rotten_original(bench) -> None:
    """One file is set aside for a person, who puts the right bytes back."""
    path = bench.world.value("SELECT local_path FROM media WHERE kind = 'photo' ORDER BY id LIMIT 1")
    about = os.stat(path)
    with open(path, "r+b") as file:
        right = file.read()
        file.seek(0)
        file.write(bytes(byte ^ 1 for byte in right))
        file.flush()
        bench.run("compress")
        file.seek(0)
        file.write(right)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))       # the phone's outbox has the same file


def waiting_file(bench) -> str:
    return str(bench.world.value("SELECT media_id FROM step WHERE status = 'attention' LIMIT 1") or 0)


def deleted_too_early(bench) -> None:
    """Freed on the phone before anything was proven; a person asks for it once more."""
    bench.phone.free_up_space()
    for row in bench.world.db("SELECT id FROM media ORDER BY id"):
        bench.world.run("redo", "pixel_sync", str(row["id"]))


def session_expired(bench) -> None:
    bench.world.icloud.call("expire", session_tokens=False)


def proven_and_asked_again(bench) -> None:
    for row in bench.world.db("SELECT id FROM media ORDER BY id LIMIT 2"):
        bench.world.expect(0, "redo", "pixel_verify", str(row["id"]))


def stranger_seen(bench) -> None:
    """A file of somebody else on the NAS, which the index knows, goes again."""
    stranger = bench.world.nas / "stranger.jpg"
    stranger.write_bytes(b"x")
    bench.world.expect(0, "archive", "reindex")
    stranger.unlink()


def database_lost(bench) -> None:
    """And everything else at home; the NAS is what is left."""
    shutil.rmtree(bench.root / "state")
    (bench.root / "state").mkdir()
    for folder in FOLDERS:
        for entry in (bench.world.home / folder).iterdir():
            if entry.name != ".stfolder":           # the new disk is the right one, a person said so
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def backed_up(bench) -> None:
    bench.world.expect(0, "db", "backup")


def listing_drops_one(bench) -> None:
    name = bench.world.icloud.state()["assets"]["twin-1"]["name"]
    bench.world.icloud.fault(match="records/query.*ByAssetDateWithoutHiddenOrDeleted", drop_records=[name], times=0)


def listing_and_count_drop_one(bench) -> None:
    bench.world.icloud.knob(count_offset=-1)
    listing_drops_one(bench)


def original_touched(bench) -> None:
    """By somebody else's program: it is copied for the phone, since a link would share its time."""
    path = bench.world.value("SELECT local_path FROM media WHERE kind = 'photo' ORDER BY id LIMIT 1")
    os.utime(path, (1_600_000_000, 1_600_000_000))


def older_backup(of: str):
    """The newest backup is of that moment: everything since is found by looking."""
    def before(bench) -> None:
        aside, backups = bench.disk.at / "older", bench.root / "state" / "state" / "backups"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(bench.moments / of / "state", aside)
        shutil.rmtree(backups, ignore_errors=True)
        backups.mkdir(parents=True)
        with sqlite3.connect(aside / "media.db") as connection:
            connection.execute("VACUUM INTO ?", (str(backups / "daily-20250101_000000.db"),))
        connection.close()
        shutil.rmtree(aside)
    return before


def census_gate_closed(bench) -> None:
    listing_drops_one(bench)
    bench.run("icloud_download")


def compressing(name: str, *, photo: dict | None = None, **keys):
    """A config with other rules for the library's photos."""
    def written(bench) -> Path:
        world = bench.world
        file = bench.disk.at / f"{name}.yaml"
        if not file.exists():
            tiers = [{**tier, "photo": photo if photo and "lossless" in photo else {**tier["photo"], **(photo or {})}} for tier in quick_tiers()]
            text = world.config | {"compress": world.config["compress"] | {"tiers": tiers} | keys}
            World.write_config(type("Written", (), {"config": text, "config_file": file})())
        return file
    return written


LOWER = compressing("lower", photo={"quality": 40, "min_quality": 30, "floor": 0.5})
AS_GOOD = compressing("as-good", photo={"min_quality": 49})
JPEG_XL = compressing("jpeg-xl", photo={"lossless": True, "jpeg_xl": True, "png": "keep"})
FROM_THE_COPY = compressing("from-the-copy", photo={"quality": 30, "min_quality": 20, "floor": 0.5}, when_archive_is_away="copy", minimum_saving="1 B", minimum_saving_share="0%")
FROM_THE_COPY_IN_VAIN = compressing("in-vain", photo={"quality": 30, "min_quality": 20, "floor": 0.5}, when_archive_is_away="copy", minimum_saving="10 MiB")


def policy_changed(config, and_then=lambda bench: None):
    """The owner changes the config and asks for new small copies."""
    def before(bench) -> None:
        done = bench.world.run("redo", "compress", "--policy-changed", environment={"MEDIAFERRY_CONFIG": str(config(bench))})
        if done.code != 0 or not bench.judge.rows("SELECT 1 FROM step WHERE stage = 'compress' AND status = 'pending'"):
            raise RuntimeError(f"nothing is to be made again: {done}")
        and_then(bench)
    return before


def killed_after_a_replacement(bench) -> None:
    marker_gone(bench)
    dies_at(bench, "compress", "compress.library.replace.after:1=kill", MEDIAFERRY_CONFIG=str(FROM_THE_COPY(bench)))


VERBS = [
    Verb("run", "download", ["run", "--no-progress"], goes_further=True, deaths=True, single=False),
    Verb("archive init", "download", ["archive", "init"], before=marker_gone),
    Verb("download, bad arrivals", "download", ["--run-stage", "icloud_download"], before=bad_arrivals, once_only="IMG_9999.JPG"),
    Verb("download, refused", "download", ["--run-stage", "icloud_download"], ends_with=(0, 1),    # 0: the refusal is on record, and nothing is due again yet
         before=lambda bench: bench.world.icloud.spoil("edited", "sidecar", status=404, times=0)),
    Verb("download, expired", "download", ["--run-stage", "icloud_download"], before=session_expired),
    Verb("download, albums", "download", ["--run-stage", "icloud_download"], before=lambda bench: bench.world.icloud.call("file", asset="twin-1", album="Holidays")),
    Verb("download, one left out", "nas_archive", ["--run-stage", "icloud_download"], ends_with=(0, 1, 69), broken=True, before=listing_drops_one),
    Verb("download, left out and not counted", "nas_archive", ["--run-stage", "icloud_download"], ends_with=(0, 1, 69), broken=True, before=listing_and_count_drop_one),
    Verb("release census", "nas_archive", ["release", "census"], broken=True, before=census_gate_closed,
         finished=lambda bench: bool(bench.judge.rows("SELECT 1 FROM event WHERE what = 'census_acknowledged'"))),
    Verb("download, gone", "nas_archive", ["--run-stage", "icloud_download"], before=owner("delete", "twin-1")),
    Verb("download, back again", "nas_archive", ["--run-stage", "icloud_download"], before=owner("delete", "twin-1", "icloud_download", "undelete")),
    Verb("pixel_sync, touched", "pixel_sync", ["--run-stage", "pixel_sync"], before=original_touched),
    Verb("pixel_sync again", "pixel_verify", ["--run-stage", "pixel_sync"], before=deleted_too_early),
    Verb("pixel_verify again", "nas_archive", ["--run-stage", "pixel_verify"], before=proven_and_asked_again),
    Verb("pixel_verify, canary", "pixel_verify.freed", ["--run-stage", "pixel_verify"], ends_with=(0, 1, 69, 77), before=canary_deleted),
    Verb("pixel_verify, index reset", "pixel_verify.freed", ["--run-stage", "pixel_verify"], before=phone_forgot),
    Verb("nas_archive after a death", "nas_archive", ["--run-stage", "nas_archive"], deaths=True,
         before=lambda bench: dies_at(bench, "nas_archive", "archive.store.copy.after:2=kill")),
    Verb("nas_archive, copy lost", "nas_archive", ["--run-stage", "nas_archive"], ends_with=(0, 1), goes_further=True, broken=True, deaths=True, before=copy_vanished),
    Verb("archive init --new", "icloud_mark", ["archive", "init", "--new"], broken=True, before=disk_replaced),
    Verb("nas_archive, successor", "icloud_mark", ["--run-stage", "nas_archive"], before=marker_replaced),
    Verb("archive reindex", "nas_archive.settle", ["archive", "reindex"], before=stranger_seen),
    Verb("db adopt --from-archive", "nas_archive.settle", ["db", "adopt", "--from-archive"], before=database_lost, finished=lambda bench: bench.world.database.exists()),
    Verb("db restore", "nas_archive.settle", ["db", "restore", "--yes"], before=backed_up),
    Verb("db restore, older", "nas_archive.settle", ["db", "restore", "--yes"], before=older_backup("icloud_mark")),
    Verb("compress after a death", "compress", ["--run-stage", "compress"], deaths=True, before=lambda bench: dies_at(bench, "compress", "compress.library.shelve.after:2=kill")),
    Verb("compress again", "cleanup", ["--run-stage", "compress"], before=all_to_compress_again),
    Verb("redo --policy-changed", "cleanup", ["redo", "compress", "--policy-changed"], config=LOWER),
    Verb("compress, lower", "cleanup", ["--run-stage", "compress"], config=LOWER, before=policy_changed(LOWER)),
    Verb("compress, as good", "cleanup", ["--run-stage", "compress"], config=AS_GOOD, before=policy_changed(AS_GOOD)),
    Verb("compress, JPEG XL", "cleanup", ["--run-stage", "compress"], config=JPEG_XL, before=policy_changed(JPEG_XL)),
    Verb("compress from the copy", "cleanup", ["--run-stage", "compress"], ends_with=(0, 69), config=FROM_THE_COPY, unaudited=True, before=policy_changed(FROM_THE_COPY, marker_gone)),
    Verb("compress from the copy, after a death", "cleanup", ["--run-stage", "compress"], ends_with=(0, 69), config=FROM_THE_COPY, unaudited=True, deaths=True,
         before=policy_changed(FROM_THE_COPY, killed_after_a_replacement)),
    Verb("compress from the copy, in vain", "cleanup", ["--run-stage", "compress"], ends_with=(0, 69), config=FROM_THE_COPY_IN_VAIN, unaudited=True,
         before=policy_changed(FROM_THE_COPY_IN_VAIN, marker_gone)),
    Verb("icloud_delete, vetoed", "icloud_delete", ["--run-stage", "icloud_delete"], before=owner("unfile", "twin-1")),
    Verb("icloud_delete, veto taken back", "icloud_delete", ["--run-stage", "icloud_delete"], before=owner("unfile", "twin-1", "icloud_delete", "file")),
    Verb("icloud_delete, edited", "icloud_delete", ["--run-stage", "icloud_delete"], before=owner("touch", "twin-1"), goes_further=True),
    Verb("cleanup, trash", "download", ["--run-stage", "cleanup"], before=trash_of_last_month),
    Verb("cleanup, forgotten original", "icloud_delete", ["--run-stage", "cleanup"], deaths=True, before=deletion_killed),
    Verb("approve", "icloud_delete.plan", lambda bench: ["approve", newest_plan(bench)], before=plan_made,
         finished=lambda bench: bench.world.value("SELECT status FROM plan ORDER BY id DESC LIMIT 1") == "approved"),
    Verb("redo", "processing", lambda bench: ["redo", "nas_archive", one_file(bench)],
         finished=lambda bench: bench.world.value("SELECT count(*) FROM step WHERE stage = 'nas_archive' AND status = 'done' AND media_id = (SELECT min(id) FROM media)") == 0),
    Verb("release one", "compress", lambda bench: ["release", waiting_file(bench)], before=rotten_original, finished=lambda bench: waiting_file(bench) == "0"),
    Verb("release all", "processing", ["release", "--all"]),
    Verb("db backup", "processing", ["db", "backup"]),
]

# With the archive on a share that is not mounted (share_bench.py): what the steps of the share's own are killed in.
SHARE_VERBS = [
    Verb("archive init", "download", ["archive", "init"], before=marker_gone),
    Verb("nas_archive after a death at a rename", "nas_archive", ["--run-stage", "nas_archive"], deaths=True,
         before=lambda bench: dies_at(bench, "nas_archive", "smb.rename.before:2=kill")),
    Verb("archive reindex", "nas_archive.settle", ["archive", "reindex"], before=stranger_seen),
]
