#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One file to the other side, verified, never over another: to the NAS by archive::Archive::store, to the folder here with the same steps.

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

/// A reason: not copied, and it is no failure (something else has the name, …); nullopt: the file is there, complete and read back.
/// Throws Unavailable when a whole side is away or full (local.full, nas.…), TransientError for this file alone (file.changed, nas.damaged, …).
std::optional<Reason> pull(const Sides&, const fs::path& path);
/// What became of one of several.
struct Pushed {
    std::optional<Reason> reason;            ///< as of pull
    std::exception_ptr failed;               ///< what was thrown for this file alone
    std::optional<archive_index::Row> row;  ///< for the index: what lies there now
};
/// Some files at once, for their flushes to meet. What ends the run is thrown, and of those in hand none counts then.
std::vector<Pushed> push(const Sides&, const std::vector<fs::path>& paths, Timestamp now);

/// SHA-256 of what lies here now. Throws TransientError ("file.changed") when it is written to meanwhile.
Sha256 digest_here(const files::Tree&, const fs::path& path, const std::function<bool()>& stop);
/// The same of a file in the archive.
Sha256 digest_there(const files::Store&, const fs::path& path, const std::function<bool()>& stop);

}  // namespace mediaferry::queue
