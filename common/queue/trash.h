#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The archive's trash (archive.trash): a file moves to <trash>/<when>/<its path>, by a rename within the NAS, and comes back the same way. Only
// what the queue moved there, and media.db knows of, is ever emptied; what a person put there stays.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/media_db/media_db.h"
#include "common/media_db/queue.h"

namespace mediaferry::queue {

/// Held by whoever works at the queue or the trash: one at a time.
fs::path lock_file(const fs::path& state_directory);

class Trash {
public:
    Trash(media_db::MediaDb& db, const archive::Archive& archive, std::string folder) : db_(db), archive_(archive), folder_(std::move(folder)) {}

    /// Moves the archived file. Refuses (the reason) a copy that media.db counts as one, before the move and, should nas_archive have adopted it
    /// meanwhile, after it: then it is back at its place. nullopt: it is in the trash.
    std::optional<Reason> take(const fs::path& path, const Sha256&, Bytes, Timestamp now);

    /// Back to where it was; a reason when something else has its name now, or it is not in the trash any more.
    std::optional<Reason> put_back(const media_db::Trashed&, Timestamp now);

    /// Removes it for good. A reason when it stays: a photo of the house with this content has no other copy on the NAS, or it is not the file that
    /// was moved.
    std::optional<Reason> empty(const media_db::Trashed&, Timestamp now);

private:
    bool counts_as_copy(const fs::path& path) const;
    void rename(const fs::path& from, const fs::path& to);
    std::optional<Reason> still_needed(const media_db::Trashed&) const;

    media_db::MediaDb& db_;
    const archive::Archive& archive_;
    std::string folder_;
};

}  // namespace mediaferry::queue
