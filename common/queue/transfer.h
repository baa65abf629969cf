#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Files to the other side, verified, never over others: to the NAS by archive::Archive::store_all, to the folder here with the same steps.

#include <exception>
#include <functional>
#include <optional>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/errors/errors.h"
#include "common/files/files.h"

namespace mediaferry::queue {

/// Both sides, for as long as a run has the queue to itself.
struct Sides {
    const files::Tree& local;
    archive::Archive& archive;
    archive_index::Index& index;
    std::function<bool()> stop;
    std::function<void(Bytes)> moved;
};

/// What became of one of several.
struct Transferred {
    std::optional<Reason> reason;           ///< not copied, and it is no failure: something else has the name, …; absent: it is there, read back
    std::exception_ptr failed;              ///< what was thrown for this file alone: TransientError (file.changed, nas.damaged, …), NeedsPerson
    std::optional<archive_index::Row> row;  ///< of what came to the archive, for its index
};
/// Some files at once, for their flushes to meet, each path once. What ends the run is thrown (Unavailable when a whole side is away or full:
/// local.full, nas.…; Interrupted), and of those in hand none counts then.
std::vector<Transferred> pull(const Sides&, const std::vector<fs::path>& paths);
std::vector<Transferred> push(const Sides&, const std::vector<fs::path>& paths, Timestamp now);

/// SHA-256 of what lies here now. Throws TransientError ("file.changed") when it is written to meanwhile.
Sha256 digest_here(const files::Tree&, const fs::path& path, const std::function<bool()>& stop);
/// The same of a file in the archive.
Sha256 digest_there(const files::Store&, const fs::path& path, const std::function<bool()>& stop);

}  // namespace mediaferry::queue
