#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What CloudKit says about photos, read from its JSON (facts/icloud.md C). Pure. Anything that is not the expected shape is a
// failure: TransientError ("icloud.bad_answer"), never a crash and never a silently missing record.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors/errors.h"
#include "common/media_db/rows.h"
#include "common/types/bytes.h"
#include "common/types/kinds.h"
#include "common/types/timestamp.h"

namespace mediaferry::icloud {

/// One file of an asset: what the catalogue keeps, and where it can be fetched for about an hour.
struct Resource : media_db::ListedResource {
    std::string url;  ///< signed; "" when iCloud gave none. Not for logs.
};

/// One CPLAsset with its CPLMaster.
struct Asset {
    std::string record_name;  ///< CPLAsset: what is filed and deleted
    std::string master_name;  ///< CPLMaster; several assets may share one
    std::string change_tag;   ///< of the CPLAsset
    std::string master_tag;
    std::string filename;  ///< as the camera called it; made up from the master's name when iCloud has none (facts A7)
    Timestamp taken, added;
    std::string title, caption;  ///< the owner's words (captionEnc, extendedDescEnc); "" for none
    bool hidden = false, favourite = false;
    bool deleted = false;             ///< in Recently Deleted
    std::vector<Resource> resources;  ///< every non-rendition file of both records, one per kind
    /// Why this asset must not be deleted as it stands: its master is missing ("icloud.no_master"), it has a file of a kind unknown to us
    /// ("icloud.unknown_resource"), or one without checksum or size ("icloud.no_checksum"), or no original ("icloud.no_original"), or no tag
    /// ("icloud.no_tag").
    std::optional<Reason> hold;

    const Resource* resource(ResourceKind) const;
    /// What Catalogue::see() takes.
    media_db::ListedAsset listed() const;
};

/// Whether this hold comes from what iCloud lists (the codes of Asset::hold, and "icloud.hidden"): the listing sets it and the listing lifts it.
bool given_by_listing(const Reason&);

/// An error that iCloud gave for one record.
struct RecordError {
    std::string record_name;
    std::string code;    ///< serverErrorCode: CONFLICT, NOT_FOUND, EXISTS, ATOMIC_ERROR, …
    std::string reason;  ///< in Apple's words
    std::optional<std::chrono::seconds> retry_after;
};

/// A plain record as modify and lookup answer it: enough to see what became of it.
struct RecordState {
    std::string record_name, record_type, change_tag;
    bool deleted = false;  ///< hard deleted (`deleted: true`) or isDeleted = 1
};

/// An album, from CPLAlbumByPositionLive.
struct AlbumRecord {
    std::string record_name, name, change_tag;
    bool deleted = false;
    bool folder = false;  ///< albumType 3
    std::int64_t position = 0;
};

/// One membership, from CPLContainerRelation.
struct Relation {
    std::string record_name, asset, album;
    bool deleted = false;
};

/// Everything in one reply of records/query, records/lookup or records/modify.
struct Records {
    std::vector<Asset> assets;              ///< CPLAsset records, each with its master if the reply held it; without: hold "icloud.no_master"
    std::vector<std::string> lone_masters;  ///< CPLMaster records to which no asset of this reply points
    std::vector<AlbumRecord> albums;
    std::vector<Relation> relations;
    std::vector<RecordState> states;  ///< every record without an error, in order
    std::vector<RecordError> errors;  ///< every record with one
    std::string continuation, sync_token;
    std::size_t asset_records = 0;  ///< CPLAsset records received: what startRank advances by
};
Records read_records(std::string_view body);

/// The assets of one reply paired with masters that came in another one (or in the same).
std::vector<Asset> read_pairs(std::string_view body_of_assets, std::string_view body_of_masters);

/// The top-level failure in a body, if there is one: {"serverErrorCode":…} or its like inside batch[0] / zones[0].
std::optional<RecordError> top_error(std::string_view body);

/// progress and state of CheckIndexingState.
struct IndexingState {
    std::string state;  ///< "FINISHED", "RUNNING", …
    int progress = 0;   ///< percent
    bool finished() const { return state == "FINISHED"; }
};
IndexingState read_indexing(std::string_view body);
/// itemCount of a HyperionIndexCountLookup.
std::int64_t read_index_count(std::string_view body);

struct ZoneRecord {
    std::string name, owner, type;
};
std::vector<ZoneRecord> read_zones(std::string_view body);

/// The part of validate's and accountLogin's answer that matters (facts B2).
struct Account {
    std::string dsid;
    std::string database_url;   ///< webservices.ckdatabasews.url; "" when the account has no iCloud Photos
    std::string domain_to_use;  ///< set when the account belongs to the other domain
    bool two_factor_needed = false;
    bool web_access = true;  ///< false: iCloud data is not accessible on the web (Advanced Data Protection)
};
Account read_account(std::string_view body);

}  // namespace mediaferry::icloud
