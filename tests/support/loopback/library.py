# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo library as CloudKit stores it: masters, assets, albums and who is in them, with change tags and a change log."""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

OWNER = "_0123456789abcdef0123456789abcdef"
ZONE = {"zoneName": "PrimarySync", "ownerRecordName": OWNER, "zoneType": "REGULAR_CUSTOM_ZONE"}
ON_MASTER = {"original": "resOriginal", "alternative": "resOriginalAlt", "live_movie": "resOriginalVidCompl", "sidecar": "resSidecar"}
ON_ASSET = {"edited": "resJPEGFull", "edited_movie": "resVidFull"}
URL_LIFETIME = 3600


def apple_checksum(data: bytes) -> str:
    """Apple's fileChecksum of these bytes: base64(0x01, SHA-1 over two salts and the bytes)."""
    digest = hashlib.sha1(b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0" + data)
    return base64.b64encode(b"\x01" + digest.digest()).decode()


@dataclass
class Resource:
    kind: str
    type: str
    checksum: str
    size: int
    path: Path | None = None
    data: bytes | None = None
    width: int = 0
    height: int = 0

    def bytes(self) -> bytes:
        return self.data if self.data is not None else self.path.read_bytes()


@dataclass
class Master:
    name: str
    filename: str
    type: str
    resources: dict[str, Resource]
    orientation: int = 1
    tag: str = ""


@dataclass
class Asset:
    key: str
    name: str
    master: Master
    date: int
    added: int
    tag: str = ""
    hidden: bool = False
    favorite: bool = False
    title: str = ""
    caption: str = ""
    deleted: bool = False
    expunge_at: int = 0
    zone_offset: int = 0
    edits: dict[str, Resource] = field(default_factory=dict)


@dataclass
class Album:
    name: str
    title: str
    tag: str = ""
    deleted: bool = False


@dataclass
class Relation:
    name: str
    asset: str
    album: str
    tag: str = ""
    position: int = 1024


class Library:
    def __init__(self):
        self.masters: dict[str, Master] = {}
        self.assets: dict[str, Asset] = {}
        self.albums: dict[str, Album] = {}
        self.relations: dict[str, Relation] = {}
        self.contents: dict[str, Resource] = {}     # by checksum
        self.changes: list[str] = []                # record names in order of change; a sync token is a position in it
        self.secret = secrets.token_bytes(16)
        self.url_lifetime = URL_LIFETIME
        self.counter = 46655

    # filling ------------------------------------------------------------------------------------------------------

    def load(self, directory: Path) -> None:
        described = json.loads((directory / "library.json").read_text())
        for spec in described["assets"]:
            self.add(spec, directory)
        for album in described.get("albums", []):
            made = self.create_album(str(uuid.uuid4()).upper(), album["title"])
            for key in album["members"]:
                self.file(self.find(key), made)

    def add(self, spec: dict, base: Path) -> Asset:
        """Adds one asset from its JSON description (tests/support/sample_library.py says what may stand in it)."""
        resources = {kind: self.resource(kind, given, base) for kind, given in spec.get("resources", {}).items()}
        if "same_master_as" in spec:
            master = self.find(spec["same_master_as"]).master
        else:
            original = resources["original"]
            master = Master(original.checksum, spec["filename"], original.type,
                            {k: r for k, r in resources.items() if k in ON_MASTER}, spec.get("orientation", 1))
            master = self.masters.setdefault(master.name, master)
            self.touch(master)
        name = spec.get("record_name") or str(uuid.uuid5(uuid.NAMESPACE_URL, "mediaferry/" + spec["key"])).upper()
        asset = Asset(spec["key"], name, master, spec["date"], spec.get("added", spec["date"] + 1000), hidden=spec.get("hidden", False),
                      favorite=spec.get("favorite", False), title=spec.get("title", ""), caption=spec.get("caption", ""), zone_offset=spec.get("zone_offset", 0),
                      edits={k: r for k, r in resources.items() if k in ON_ASSET})
        self.assets[name] = asset
        self.touch(asset)
        return asset

    def resource(self, kind: str, given: dict, base: Path) -> Resource:
        path = base / given["file"]
        data = path.read_bytes()
        made = Resource(kind, given["type"], given.get("claimed_checksum") or apple_checksum(data), given.get("claimed_size", len(data)), path,
                        width=given.get("width", 0), height=given.get("height", 0))
        self.contents[made.checksum] = made
        return made

    # looking ------------------------------------------------------------------------------------------------------

    def find(self, key: str) -> Asset:
        for asset in self.assets.values():
            if key in (asset.key, asset.name):
                return asset
        raise KeyError(f"no asset {key!r} in this library")

    def listed(self, which: str = "live") -> list[Asset]:
        """Newest first, as Apple ranks them."""
        chosen = {"live": lambda a: not a.deleted and not a.hidden, "deleted": lambda a: a.deleted,
                  "hidden": lambda a: a.hidden and not a.deleted, "favorite": lambda a: a.favorite and not a.deleted}[which]
        order = (lambda a: (-a.expunge_at, a.name)) if which == "deleted" else (lambda a: (-a.date, a.name))
        return sorted(filter(chosen, self.assets.values()), key=order)

    def members(self, album: str) -> list[tuple[Relation, Asset]]:
        pairs = [(r, self.assets[r.asset]) for r in self.relations.values() if r.album == album and r.asset in self.assets]
        return sorted((p for p in pairs if not p[1].deleted), key=lambda p: (-p[1].date, p[1].name))

    def record_of(self, name: str) -> dict | None:
        if name in self.assets:
            return self.asset_record(self.assets[name])
        if name in self.masters:
            return self.master_record(self.masters[name])
        if name in self.albums:
            return self.album_record(self.albums[name])
        if name in self.relations:
            return self.relation_record(self.relations[name])
        return None

    @property
    def sync_token(self) -> str:
        return f"AQAAAAAAA{len(self.changes):08d}"

    # changing -----------------------------------------------------------------------------------------------------

    def touch(self, thing) -> None:
        """A new change tag: the record was written."""
        self.counter += 1
        number, digits = self.counter, ""
        while number:
            number, digit = divmod(number, 36)
            digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        thing.tag = digits
        self.changes.append(thing.name)

    def delete(self, asset: Asset) -> None:
        asset.deleted, asset.expunge_at = True, int((time.time() + 30 * 86400) * 1000)
        self.touch(asset)

    def undelete(self, asset: Asset) -> None:
        asset.deleted, asset.expunge_at = False, 0
        self.touch(asset)

    def expunge(self, asset: Asset) -> None:
        """Its thirty days are over: nothing of it is left."""
        del self.assets[asset.name]
        if all(other.master is not asset.master for other in self.assets.values()):
            self.masters.pop(asset.master.name, None)

    def create_album(self, name: str, title: str) -> Album:
        album = self.albums[name] = Album(name, title)
        self.touch(album)
        return album

    def delete_album(self, title: str) -> None:
        for album in self.albums.values():
            if album.title == title:
                album.deleted = True
                self.touch(album)

    def file(self, asset: Asset, album: Album, name: str = "") -> Relation:
        name = name or f"{asset.name}-IN-{album.name}"
        relation = self.relations[name] = Relation(name, asset.name, album.name)
        self.touch(relation)
        return relation

    def unfile(self, name: str) -> None:
        if self.relations.pop(name, None):
            self.changes.append(name)

    # records ------------------------------------------------------------------------------------------------------

    def url(self, checksum: str) -> str:
        expires = int(time.time() + self.url_lifetime)
        safe = quote(checksum, safe="")
        return f"https://cvws.icloud-content.com/B/{safe}/${{f}}?o={safe}&v=1&z=p99&e={expires}&k={self.signature(checksum, expires)}"

    def signature(self, checksum: str, expires: int) -> str:
        return hmac.new(self.secret, f"{checksum}|{expires}".encode(), "sha256").hexdigest()[:32]

    def _resource_fields(self, resources: dict[str, Resource], prefixes: dict[str, str]) -> dict:
        fields = {}
        for kind, prefix in prefixes.items():
            if kind not in resources:
                continue
            r = resources[kind]
            fields[prefix + "Res"] = {"value": {"fileChecksum": r.checksum, "size": r.size, "wrappingKey": "AAAAAAAAAAAAAAAAAAAAAA==",
                                                "referenceChecksum": r.checksum, "downloadURL": self.url(r.checksum)}, "type": "ASSETID"}
            fields[prefix + "FileType"] = {"value": r.type, "type": "STRING"}
            fields[prefix + "Fingerprint"] = {"value": r.checksum, "type": "STRING"}
            if r.width:
                fields[prefix + "Width"] = {"value": r.width, "type": "INT64"}
                fields[prefix + "Height"] = {"value": r.height, "type": "INT64"}
        return fields

    def _thumbnail(self, master: Master) -> dict[str, Resource]:
        """A rendition: listed and downloadable, and nobody's business."""
        data = b"rendition of " + master.name.encode()
        made = Resource("thumb", "public.jpeg", apple_checksum(data), len(data), data=data, width=160, height=120)
        self.contents.setdefault(made.checksum, made)
        return {"thumb": made}

    def _record(self, thing, record_type: str, fields: dict) -> dict:
        stamp = {"timestamp": 1700000000000, "userRecordName": OWNER, "deviceID": "1"}
        return {"recordName": thing.name, "recordType": record_type, "fields": fields, "pluginFields": {}, "recordChangeTag": thing.tag,
                "created": stamp, "modified": stamp, "deleted": False, "zoneID": ZONE}

    def master_record(self, master: Master) -> dict:
        fields = {"filenameEnc": {"value": base64.b64encode(master.filename.encode()).decode(), "type": "ENCRYPTED_BYTES"},
                  "itemType": {"value": master.type, "type": "STRING"}, "originalOrientation": {"value": master.orientation, "type": "INT64"}}
        fields |= self._resource_fields(master.resources, ON_MASTER)
        fields |= self._resource_fields(self._thumbnail(master), {"thumb": "resJPEGThumb"})
        return self._record(master, "CPLMaster", fields)

    def asset_record(self, asset: Asset) -> dict:
        number = {"isHidden": int(asset.hidden), "isFavorite": int(asset.favorite), "adjustmentRenderType": 0, "timeZoneOffset": asset.zone_offset}
        fields = {key: {"value": value, "type": "INT64"} for key, value in number.items()}
        fields["masterRef"] = {"value": {"recordName": asset.master.name, "action": "DELETE_SELF", "zoneID": ZONE}, "type": "REFERENCE"}
        fields["assetDate"] = {"value": asset.date, "type": "TIMESTAMP"}
        fields["addedDate"] = {"value": asset.added, "type": "TIMESTAMP"}
        for key, words in (("captionEnc", asset.title), ("extendedDescEnc", asset.caption)):
            if words:
                fields[key] = {"value": base64.b64encode(words.encode()).decode(), "type": "ENCRYPTED_BYTES"}
        if asset.edits:
            fields["adjustmentType"] = {"value": "com.apple.photo", "type": "STRING"}
            fields |= self._resource_fields(asset.edits, ON_ASSET)
        if asset.deleted:
            fields["isDeleted"] = {"value": 1, "type": "INT64"}
            fields["dateExpunged"] = {"value": asset.expunge_at, "type": "TIMESTAMP"}
        record = self._record(asset, "CPLAsset", fields)
        if asset.deleted:
            record["expirationTime"] = asset.expunge_at // 1000 + 10 * 86400
        return record

    def album_record(self, album: Album) -> dict:
        number = {"albumType": 0, "position": 1040, "sortType": 0, "sortAscending": 1}
        if album.deleted:
            number["isDeleted"] = 1
        fields = {"albumNameEnc": {"value": base64.b64encode(album.title.encode()).decode(), "type": "ENCRYPTED_BYTES"}}
        return self._record(album, "CPLAlbum", fields | {key: {"value": value, "type": "INT64"} for key, value in number.items()})

    def relation_record(self, relation: Relation) -> dict:
        fields = {"itemId": {"value": relation.asset, "type": "STRING"}, "containerId": {"value": relation.album, "type": "STRING"},
                  "position": {"value": relation.position, "type": "INT64"}}
        return self._record(relation, "CPLContainerRelation", fields)
