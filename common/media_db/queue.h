#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a person asked to be done target by target (tables action_queue, action_file), and what the queue moved to the archive's trash (trashed).

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/ids.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::media_db {

/// Copied, skipped, errors.
struct Cse {
    std::int64_t copied = 0, skipped = 0, errors = 0;
    friend bool operator==(const Cse&, const Cse&) = default;
};

struct QueuedAction {
    std::int64_t id = 0;
    std::string target, action, options, status;  ///< options: a JSON object
    Cse counts;
    std::int64_t total = 0;  ///< files that the action is about; 0 before it began
    Timestamp queued;
    std::optional<Timestamp> finished;
    std::optional<Reason> reason;
};

struct QueuedFile {
    std::string path;  ///< relative on both sides
    std::string file_class;
    Bytes size;
    std::string status = "planned";
    std::optional<Reason> reason;
};

struct Trashed {
    std::int64_t id = 0;
    fs::path path, original;  ///< relative to the archive's root
    Sha256 sha256;
    Bytes size;
    Timestamp at;
};

class Queue {
public:
    explicit Queue(MediaDb& db) : db_(db) {}

    /// False: the target waits or is worked at already; nothing was changed. One that has ended is taken anew, its log forgotten.
    bool add(std::string_view target, std::string_view action, const std::string& options_json, Timestamp now);
    std::vector<QueuedAction> all() const;      ///< in the order of working
    std::vector<QueuedAction> waiting() const;  ///< queued, and those a run that died was at; these first
    std::optional<QueuedAction> at(std::string_view target) const;
    /// False: there is no such target.
    bool remove(std::string_view target);

    /// A run begins with it: running, what was only planned is planned anew by plan().
    void begin(std::int64_t id);
    /// Files that were copied by an earlier run stay as they are told.
    void plan(std::int64_t id, const std::vector<QueuedFile>&);
    /// Counters and total from the files.
    void count(std::int64_t id);
    /// Planned files after `after` (paths as bytes), in order.
    std::vector<QueuedFile> planned(std::int64_t id, const std::string& after, std::size_t limit) const;
    void record(std::int64_t id, const std::vector<QueuedFile>&);
    /// done, failed when there were errors.
    void finish(std::int64_t id, Timestamp now);
    /// Back in the queue, with the reason; nullopt: without one.
    void wait(std::int64_t id, const std::optional<Reason>&);

    std::vector<QueuedFile> files_of(std::int64_t id) const;
    std::map<std::string, Cse> by_class(std::int64_t id) const;

    // -- the archive's trash --
    /// Before the file moves: whatever happens then, where it came from is known.
    std::int64_t add_trashed(const Trashed&);
    bool was_in_trash(const fs::path&) const;  ///< whether this path was ever noted: also by a run that died before it moved the file
    void trashed_gone(std::int64_t id, std::string_view how, Timestamp now);  ///< restored | emptied | kept
    /// Not gone, oldest first; `before`: only those moved earlier.
    std::vector<Trashed> trashed(std::optional<Timestamp> before = {}) const;
    /// Photos of the house with this content.
    std::vector<MediaId> items_with_content(const Sha256&) const;

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
