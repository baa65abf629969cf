# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudKit's web interface over a Library: queries, counts, lookups, changes, and modifications with change tags."""

import base64
import time
import uuid

from loopback.library import ZONE, Library

LISTS = {"CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted": "live", "CPLAssetAndMasterByAssetDate": "live",
         "CPLAssetAndMasterDeletedByExpungedDate": "deleted", "CPLAssetAndMasterHiddenByAssetDate": "hidden"}
COUNTS = {"CPLAssetByAssetDateWithoutHiddenOrDeleted": "live", "CPLAssetDeletedByExpungedDate": "deleted", "CPLAssetHiddenByAssetDate": "hidden"}
MEMBERS_OF = "CPLContainerRelationNotDeletedByAssetDate:"


def error(status: int, code: str, reason: str):
    return status, {"uuid": str(uuid.uuid4()), "serverErrorCode": code, "reason": reason}


def value_of(fields: dict, key: str):
    return fields[key].get("value") if key in fields else None


class Database:
    def __init__(self, library: Library):
        self.library = library
        self.repeat_create = "EXISTS"            # or CONFLICT: what a second create of one record answers
        self.strict_tags = True
        self.deleted: list[dict] = []            # every deletion that took effect by a client's request, in order
        self.count_offset = 0                    # a lie in the index count, for tests

    def answer(self, scope: str, call: str, body: dict, fault: dict):
        """(status, JSON) for one call below …/production/{private|shared}/."""
        if call == "zones/list":
            return 200, {"moreComing": False, "syncToken": self.library.sync_token, "zones": [{"zoneID": ZONE, "syncToken": self.library.sync_token}] if scope == "private" else []}
        if call == "changes/database":
            return 200, {"syncToken": self.library.sync_token, "moreComing": False, "zones": [{"zoneID": ZONE}] if scope == "private" else []}
        if call == "changes/zone":
            return 200, {"zones": [self.zone_changes(zone) for zone in body.get("zones", [])]}
        if call == "internal/records/query/batch":
            return 200, {"batch": [self.count(query, fault) for query in body["batch"]]}
        if scope != "private" or body.get("zoneID", {}).get("zoneName") != "PrimarySync":
            return error(404, "ZONE_NOT_FOUND", "Zone does not exist")
        if call == "records/query":
            return self.query(body, fault)
        if call == "records/lookup":
            return 200, {"records": [self.lookup(wanted["recordName"]) for wanted in body["records"]], "syncToken": self.library.sync_token}
        if call == "records/modify":
            return self.modify(body, fault)
        return error(400, "BAD_REQUEST", f"no such call: {call}")

    # reading ------------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> dict:
        return self.library.record_of(name) or {"recordName": name, "serverErrorCode": "NOT_FOUND", "reason": "Record not found"}

    def count(self, query: dict, fault: dict) -> dict:
        names = query["query"]["filterBy"]
        names = (names[0] if isinstance(names, list) else names)["fieldValue"]["value"]
        records = []
        for name in names:
            if name.startswith(MEMBERS_OF):
                number = len(self.library.members(name.removeprefix(MEMBERS_OF)))
            else:
                number = len(self.library.listed(COUNTS[name])) + (self.count_offset if COUNTS[name] == "live" else 0) if name in COUNTS else 0
            records.append({"recordName": name, "recordType": "IndexCountResult", "fields": {"itemCount": {"value": number, "type": "INT64"}}, "deleted": False})
        return {"records": records, "syncToken": self.library.sync_token}

    def query(self, body: dict, fault: dict):
        query = body["query"]
        kind = query["recordType"]
        filters = query.get("filterBy") or []
        given = {f["fieldName"]: f["fieldValue"]["value"] for f in (filters if isinstance(filters, list) else [filters])}
        limit = min(int(body.get("resultsLimit", 200)), 200)
        start, backwards = int(given.get("startRank", 0)), given.get("direction") == "DESCENDING"
        library = self.library
        if kind == "CheckIndexingState":
            records = [{"recordName": "_" + uuid.uuid4().hex, "recordType": kind, "deleted": False,
                        "fields": {"progress": {"value": 100, "type": "INT64"}, "state": {"value": "FINISHED", "type": "STRING"}}}]
        elif kind in LISTS or kind == "CPLAssetAndMasterInSmartAlbumByAssetDate":
            which = LISTS.get(kind) or ("favorite" if given.get("smartAlbum") == "FAVORITE" else None)
            assets = library.listed(which) if which else []
            page = (assets[::-1] if backwards else assets)[start:start + limit // 2]
            masters = {asset.master.name: asset.master for asset in page}
            records = [library.master_record(m) for m in masters.values()] + [library.asset_record(a) for a in page]
        elif kind in ("CPLAlbumByPositionLive", "CPLAlbum"):
            records = [] if "parentId" in given else [library.album_record(a) for a in library.albums.values() if not a.deleted]
        elif kind == "CPLContainerRelationLiveByAssetDate":
            pairs = library.members(given.get("parentId", ""))
            page = (pairs[::-1] if backwards else pairs)[start:start + limit // 3]
            masters = {asset.master.name: asset.master for _, asset in page}
            records = ([library.relation_record(r) for r, _ in page] + [library.master_record(m) for m in masters.values()]
                       + [library.asset_record(a) for _, a in page])
        else:
            return error(400, "BAD_REQUEST", f"Unknown record type: {kind}")
        if fault.get("empty_page"):
            records = []
        dropped = set(fault.get("drop_records") or [])
        records = [r for r in records if r["recordName"] not in dropped]
        for name in fault.get("unfile") or []:
            library.unfile(name)
        if "delete_album" in fault:
            library.delete_album(fault["delete_album"])
        return 200, {"records": records, "syncToken": library.sync_token}

    def zone_changes(self, asked: dict) -> dict:
        if asked["zoneID"]["zoneName"] != "PrimarySync":
            return {"zoneID": asked["zoneID"], "serverErrorCode": "ZONE_NOT_FOUND", "reason": "Zone does not exist"}
        changes, token = self.library.changes, asked.get("syncToken")
        begin = len(changes) if token == "" else int(token[-8:]) if token else 0
        end = min(begin + int(asked.get("resultsLimit", 200)), len(changes))
        records = []
        for name in dict.fromkeys(changes[begin:end]):
            records.append(self.library.record_of(name) or {"recordName": name, "recordType": None, "deleted": True, "recordChangeTag": "0"})
        return {"zoneID": ZONE, "syncToken": f"AQAAAAAAA{end:08d}", "moreComing": end < len(changes), "records": records}

    # writing ------------------------------------------------------------------------------------------------------

    def modify(self, body: dict, fault: dict):
        """Every operation is judged first; with atomic:true one refusal refuses all."""
        operations = body["operations"]
        refusals = [self.judge(operation, fault) for operation in operations]
        if body.get("atomic", True) and any(refusals):
            records = [r or self.refusal(o["record"].get("recordName", ""), "ATOMIC_ERROR", "another operation of this request failed")
                       for o, r in zip(operations, refusals)]
            return 200, {"records": records, "syncToken": self.library.sync_token}
        records = [refused or self.perform(operation, bool(fault.get("ack_without_effect"))) for operation, refused in zip(operations, refusals)]
        return 200, {"records": records, "syncToken": self.library.sync_token}

    @staticmethod
    def refusal(name: str, code: str, reason: str) -> dict:
        return {"recordName": name, "serverErrorCode": code, "reason": reason}

    def judge(self, operation: dict, fault: dict) -> dict | None:
        kind, record, library = operation["operationType"], operation["record"], self.library
        name = record.get("recordName", "")
        conflict = fault.get("conflict")
        if conflict is True or (conflict and name in conflict):
            return self.refusal(name, "CONFLICT", "client oplock error updating record")
        if kind == "create":
            if name and library.record_of(name):
                return self.refusal(name, self.repeat_create, "record to insert already exists")
            if record["recordType"] == "CPLContainerRelation":
                asset, album = value_of(record["fields"], "itemId"), value_of(record["fields"], "containerId")
                if asset not in library.assets or album not in library.albums:
                    return self.refusal(name, "NOT_FOUND", "the relation names a record that does not exist")
            elif record["recordType"] != "CPLAlbum":
                return self.refusal(name, "BAD_REQUEST", f"cannot create {record['recordType']}")
            return None
        if kind == "forceDelete":
            return None if name in library.relations or not library.record_of(name) else self.refusal(name, "ACCESS_DENIED", "only relations may be removed here")
        if kind == "update":
            asset = library.assets.get(name)
            if asset is None:
                return self.refusal(name, "NOT_FOUND", "Record not found")
            if self.strict_tags and record.get("recordChangeTag") != asset.tag:
                return self.refusal(name, "CONFLICT", "client oplock error updating record")
            return None
        return self.refusal(name, "BAD_REQUEST", f"unknown operation {kind}")

    def perform(self, operation: dict, only_pretend: bool) -> dict:
        kind, record, library = operation["operationType"], operation["record"], self.library
        name, fields = record.get("recordName", ""), record.get("fields", {})
        if kind == "create" and record["recordType"] == "CPLAlbum":
            name = name or str(uuid.uuid4()).upper()
            title = base64.b64decode(value_of(fields, "albumNameEnc")).decode()
            if only_pretend:
                return {"recordName": name, "recordType": "CPLAlbum", "recordChangeTag": "x1", "fields": fields, "deleted": False}
            return library.album_record(library.create_album(name, title))
        if kind == "create":
            asset, album = library.assets[value_of(fields, "itemId")], library.albums[value_of(fields, "containerId")]
            if only_pretend:
                return {"recordName": name, "recordType": "CPLContainerRelation", "recordChangeTag": "x2", "fields": fields, "deleted": False}
            return library.relation_record(library.file(asset, album, name))
        if kind == "forceDelete":
            if not only_pretend:
                library.unfile(name)
            return {"recordName": name, "deleted": True}
        asset = library.assets[name]
        if "isExpunged" in fields:
            self.deleted.append({"asset": asset.name, "key": asset.key, "at": time.time(), "permanently": True})
        if only_pretend:
            record = library.asset_record(asset)
            record["fields"] |= fields
            return record
        if value_of(fields, "isDeleted") == 1:
            library.delete(asset)
            self.deleted.append({"asset": asset.name, "key": asset.key, "at": time.time(), "tag": record.get("recordChangeTag")})
        elif value_of(fields, "isDeleted") == 0:
            library.undelete(asset)
        else:
            library.touch(asset)
        return library.asset_record(asset)
