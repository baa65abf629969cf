#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The index made again from what really lies in the archive: every file, whoever put it there.

#include <functional>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/media_db/media_db.h"

namespace mediaferry::archive_index {

enum class Hashes {
    keep,  ///< where size, time and inode are those of the index; what mediaferry archived keeps the hash it was proven with
    all,   ///< every file is read
};

struct Scanned {
    std::int64_t files = 0, added = 0, changed = 0, removed = 0, hashed = 0;
    Bytes bytes;
    std::int64_t unreadable = 0;  ///< what could not be read keeps its row: not seen is not gone
};
/// Told now and then; files and bytes so far, and how many files the index knew before.
using Progress = std::function<void(const Scanned&, std::int64_t expected)>;

/// Scans, and removes rows of files that are gone, but only when everything could be read. `db`: whose archived files are known by their hashes.
/// Throws Interrupted with what was found so far kept.
Scanned reindex(const archive::Archive&, media_db::MediaDb& db, Index&, std::string_view trash, Hashes, Timestamp now, const archive::Stop& = {},
                const Progress& = {});

}  // namespace mediaferry::archive_index
