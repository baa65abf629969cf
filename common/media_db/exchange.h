#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Photos that go to and come from other archives: the sync_* tables, and whose photo it is.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

/// asset.account of photos that came from another archive; asset.library is then that archive's id. Such an asset was never in this house's
/// iCloud: it counts as gone there from its first day on (a CHECK in the schema holds it so), and nothing ever files or deletes it.
inline constexpr std::string_view kFromExchange = "exchange";

/// What one archive tells another of a photo, beside its files.
struct SharedPhoto {
    std::string archive;  ///< id of the archive that first had it
    std::string record;   ///< what it is called there (iCloud's record name, if it came from iCloud)
    std::string filename;
    Timestamp taken, added;
    bool favourite = false, hidden = false, live_pair = false;
    std::vector<std::string> albums;
    friend bool operator==(const SharedPhoto&, const SharedPhoto&) = default;
};

struct SyncOperation {
    std::string id, kind, status, source, list, folder;
    std::int64_t total = 0, processed = 0, errors = 0;
    Timestamp started;
    std::optional<Timestamp> ended;
};

struct ExportList {
    std::string id, operation, status;
    Timestamp created;
    std::int64_t total = 0, exported = 0, failed = 0;
    Bytes bytes;
    std::string remote;  ///< the database it was made against
};

struct ListedMedia {
    std::int64_t row = 0;
    MediaItem item;
    fs::path path;  ///< below the list's folder
    std::string status;
};

/// One row of sync_files.
struct SyncFile {
    std::int64_t row = 0;
    std::string operation;
    std::optional<MediaId> media;
    fs::path path;
    Sha256 sha256;
    std::string status, error;
};

/// One row of sync_records.
struct SyncRecord {
    std::string source, path, status;
    std::optional<Sha256> sha256;
    Bytes size;
    std::int64_t modified_ns = 0;  ///< of the file as Syncthing brought it
    std::optional<MediaId> media;
    std::string error;
};

/// What two databases hold, by content.
struct Comparison {
    std::int64_t here = 0, there = 0, both = 0;  ///< different contents
    std::int64_t only_here = 0, only_there = 0;
    Bytes only_here_bytes, only_there_bytes;
};

/// Another house's media.db, through a private copy of it in `scratch` (an existing folder), so that nothing is ever written beside the original.
/// Throws BadInput: exchange.no_database, exchange.foreign (not a media.db), exchange.schema (of another version), exchange.damaged,
/// exchange.changing.
MediaDb open_copy_of(const fs::path& theirs, const fs::path& scratch);

class Exchange {
public:
    explicit Exchange(MediaDb& db) : db_(db) {}

    /// Names this archive to others; made at the first question, no secret.
    std::string archive_id(Timestamp now);

    /// By SHA-256, in bounded memory. `only_here` is told one file for each content that they lack. Throws BadInput ("exchange.damaged") for theirs.
    Comparison compare(const MediaDb& theirs, const std::function<void(MediaId)>& only_here = {}) const;

    // -- operations --
    void begin(const SyncOperation&, Timestamp now);
    /// `status`: completed | failed.
    void end(const std::string& operation, std::string_view status, std::int64_t processed, std::int64_t errors, Timestamp now);
    /// How many files it is about, for one that knew it only later than its beginning.
    void set_total(const std::string& operation, std::int64_t total);
    /// What came in by `exchange import`, the newest first.
    std::vector<SyncOperation> imports() const;
    /// The newest of that kind for the list.
    std::optional<SyncOperation> operation_for(const std::string& list, std::string_view kind) const;

    // -- export lists --
    /// Inside a Transaction of the caller.
    void create_list(const std::string& list, const std::string& operation, Timestamp now);
    void add_to_list(const std::string& list, MediaId, const fs::path&);
    void list_is_complete(const std::string& list);  ///< sets total_files
    std::optional<ExportList> list(const std::string& id) const;
    std::vector<ExportList> lists() const;
    /// Page by page: those after row `after`. Files of one asset are not always neighbours.
    std::vector<ListedMedia> listed(const std::string& list, std::int64_t after, std::size_t limit) const;
    void set_listed(const std::string& list, std::int64_t row, std::string_view status, const std::string& error);
    void set_list_status(const std::string& list, std::string_view status);

    // -- what a photo is to others --
    /// A file without an asset is a photo of its own.
    SharedPhoto shared(const MediaItem&, const std::string& own_archive) const;
    /// The asset of a photo from elsewhere; made if it is new, its albums and favourite added to.
    AssetId receive(const SharedPhoto&, Timestamp now);

    // -- files on their way in --
    /// Says where a file is about to lie. Until it has a row of media, this is its explanation.
    std::int64_t placing(const std::string& operation, const fs::path&, const Sha256&);
    void settle(std::int64_t row, std::string_view status, std::optional<MediaId>, const std::string& error);
    std::vector<SyncFile> files_of(const std::string& operation, std::string_view status) const;
    /// Every file that was being placed by an operation of this kind and is not settled.
    std::vector<SyncFile> unsettled(std::string_view kind) const;
    /// Whether a file without a row of media is explained: it is being placed, or was when its process died.
    bool explains(const fs::path&) const;

    // -- Syncthing --
    std::optional<SyncRecord> record(const std::string& source, const std::string& path) const;
    void set_record(const SyncRecord&, Timestamp now);
    struct RecordCount {
        std::string source, status;
        std::int64_t files = 0;
    };
    std::vector<RecordCount> record_counts() const;

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
