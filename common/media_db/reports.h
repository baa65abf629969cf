#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Counts for `status`, the table at the end of a run, and the page; each answers at once at a million files.

#include <map>
#include <string>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

struct StageCounts {
    std::int64_t ready = 0;   ///< open and pending (due or not)
    std::int64_t closed = 0;  ///< pending, waiting for an earlier stage
    std::int64_t running = 0, done = 0, attention = 0;
};
struct StatusCount {
    std::string status;
    std::int64_t files = 0;
    Bytes initial, current;
};
struct WaitingReason {
    std::string stage;
    Reason reason;
    std::int64_t files = 0;
    Timestamp next;
};
struct ProofCount {
    std::string place, proof;
    std::int64_t files = 0;
    Bytes bytes;
};
struct AssetCounts {
    std::int64_t listed = 0, filed = 0, deleted = 0, gone = 0, held = 0, resources_missing = 0, resources_attention = 0;
};

class Reports {
public:
    explicit Reports(MediaDb& db) : db_(db) {}
    std::map<std::string, StageCounts> stages() const;
    std::vector<StatusCount> by_status() const;
    std::vector<WaitingReason> waiting(std::size_t limit) const;  ///< pending items with a reason, most frequent first
    std::vector<ProofCount> proofs() const;                       ///< copies not removed, and freed phone copies, by place and proof
    AssetCounts assets() const;
    struct ResourceProblem {
        Asset asset;
        Resource resource;
    };
    std::vector<ResourceProblem> resource_attention(std::size_t limit) const;

private:
    MediaDb& db_;
};

/// What became of the rows of an adopted database.
struct Adoption {
    std::int64_t adopted = 0;
    std::vector<std::string> without_file;  ///< their paths: these rows stay in the table `media_before_adoption` only
};

/// Backups, integrity, adoption of a media.db made by earlier scripts.
class Upkeep {
public:
    explicit Upkeep(MediaDb& db) : db_(db) {}
    /// Writes a consistent copy, checks it (quick_check), fsyncs it. Returns its size.
    Bytes backup_to(const fs::path&);
    /// PRAGMA integrity_check and foreign_key_check, counters against a scan, the event chain. Empty: all well.
    std::vector<std::string> check() const;
    /// Turns a `media` table of the earlier Python scripts into ours, in place, after a backup to `backup`. Rows keep their numbers, but
    /// nothing they claim counts as proof: flags become history, files are hashed now and archived again. Throws BadInput ("db.not_adoptable"),
    /// TryLater ("db.changed") when somebody wrote into it meanwhile; the file is then as it was.
    static Adoption adopt(const fs::path& file, const fs::path& backup, Timestamp now);

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
