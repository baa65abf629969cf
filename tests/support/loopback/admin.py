# SPDX-License-Identifier: GPL-3.0-or-later
"""The control calls (/__admin/NAME): what a test does to the account and the library while others use them."""

import copy
import time
from pathlib import Path


class Admin:
    def __init__(self, world):
        self.world = world
        self.memories: dict[str, tuple] = {}

    def call(self, name: str, given: dict):
        found = getattr(self, "do_" + name, None)
        if found is None:
            raise LookupError(f"no such control call: {name}")
        with self.world.lock:
            result = found(given)
        return {"ok": True} if result is None else result

    # looking ------------------------------------------------------------------------------------------------------

    def do_state(self, _):
        library, account = self.world.library, self.world.account
        filed: dict[str, list[str]] = {}
        for relation in library.relations.values():
            filed.setdefault(relation.asset, []).append(library.albums[relation.album].title)
        assets = {a.key: {"name": a.name, "master": a.master.name, "filename": a.master.filename, "tag": a.tag, "date": a.date, "deleted": a.deleted,
                          "hidden": a.hidden, "albums": sorted(filed.get(a.name, [])),
                          "resources": {k: {"checksum": r.checksum, "size": r.size} for k, r in (a.master.resources | a.edits).items()}}
                  for a in library.assets.values()}
        return {"note": "stands in for Apple", "assets": assets, "albums": [a.title for a in library.albums.values() if not a.deleted],
                "live": len(library.listed("live")), "recently_deleted": [a.key for a in library.listed("deleted")],
                "sign_ins": account.attempts, "pushes": account.pushes, "requests": len(self.world.requests), "now": time.time()}

    def do_requests(self, given):
        return self.world.requests[int(given.get("since", 0)):]

    def do_deleted(self, _):
        return self.world.database.deleted

    # the library --------------------------------------------------------------------------------------------------

    def do_add(self, given):
        spec = given.get("spec", given)
        return {"name": self.world.library.add(spec, Path(given.get("base", "/"))).name}

    def do_touch(self, given):
        asset = self.world.library.find(given["asset"])
        self.world.library.touch(asset)
        return {"tag": asset.tag}

    def do_edit(self, given):
        """The owner edits a photo: a new rendered file on the asset."""
        asset, kind = self.world.library.find(given["asset"]), given.get("kind", "edited")
        described = {"file": given["file"], "type": given.get("type", "public.jpeg")}
        asset.edits[kind] = self.world.library.resource(kind, described, Path("/"))
        self.world.library.touch(asset)

    def do_describe(self, given):
        """The owner writes something about a photo, or marks it as a favourite."""
        asset = self.world.library.find(given["asset"])
        for word in ("title", "caption", "favorite"):
            if word in given:
                setattr(asset, word, given[word])
        self.world.library.touch(asset)

    def _relations(self, given):
        library = self.world.library
        asset, titles = library.find(given["asset"]), {a.name for a in library.albums.values() if a.title == given["album"]}
        return [r.name for r in library.relations.values() if r.asset == asset.name and r.album in titles]

    def do_unfile(self, given):
        """The owner takes a photo out of an album."""
        names = self._relations(given)
        for name in names:
            self.world.library.unfile(name)
        return {"taken_out": len(names)}

    def do_file(self, given):
        library = self.world.library
        album = next((a for a in library.albums.values() if a.title == given["album"] and not a.deleted), None)
        album = album or library.create_album("ALBUM-" + given["album"], given["album"])
        library.file(library.find(given["asset"]), album)

    def do_delete_album(self, given):
        self.world.library.delete_album(given["album"])

    def do_delete(self, given):
        """The owner deletes a photo on a device of his own."""
        self.world.library.delete(self.world.library.find(given["asset"]))

    def do_expunge(self, given):
        """Thirty days have gone by since it was deleted."""
        self.world.library.expunge(self.world.library.find(given["asset"]))

    def do_undelete(self, given):
        self.world.library.undelete(self.world.library.find(given["asset"]))

    def do_hide(self, given):
        asset = self.world.library.find(given["asset"])
        asset.hidden = bool(given.get("hidden", True))
        self.world.library.touch(asset)

    # the whole of it ----------------------------------------------------------------------------------------------

    def _whole(self):
        world = self.world
        database = {key: value for key, value in vars(world.database).items() if key != "library"}
        return copy.deepcopy((vars(world.library), vars(world.account), database, world.requests))

    def do_remember(self, given):
        """Keeps the library, the account and the request log as they are now, under a name."""
        self.memories[given["moment"]] = self._whole()

    def do_recall(self, given):
        """Puts back what was kept under that name; all faults are forgotten."""
        world = self.world
        library, account, database, world.requests = copy.deepcopy(self.memories[given["moment"]])
        for owner, kept in ((world.library, library), (world.account, account), (world.database, database)):
            vars(owner).update(kept)
        world.faults.clear()

    # the account --------------------------------------------------------------------------------------------------

    def do_seed(self, _):
        return self.world.account.seed()

    def do_expire(self, given):
        self.world.account.expire(bool(given.get("session_tokens", True)))

    def do_trust_lost(self, _):
        self.world.account.lose_trust()

    def do_password(self, given):
        self.world.account.password = given["password"]

    def do_lock(self, given):
        self.world.account.locked = bool(given.get("locked", True))

    def do_two_factor(self, given):
        self.world.account.two_factor = bool(given.get("on", True))
        self.world.account.code = given.get("code", self.world.account.code)

    # faults and knobs ----------------------------------------------------------------------------------------------

    def do_fault(self, given):
        self.world.faults.add(given)

    def do_faults(self, _):
        return self.world.faults.met

    def do_reset_faults(self, _):
        self.world.faults.clear()

    def do_knob(self, given):
        """repeat_create (EXISTS|CONFLICT), strict_tags, count_offset, url_lifetime (seconds)."""
        for key, value in given.items():
            owner = self.world.library if key == "url_lifetime" else self.world.database
            if not hasattr(owner, key):
                raise LookupError(f"no such knob: {key}")
            setattr(owner, key, value)
