#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One file to the other side, verified, never over another: to the NAS by archive::Archive::store, to the folder here with the same steps.

#include <functional>
#include <optional>

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
struct Pushed {
    std::optional<Reason> reason;            ///< as of pull
    std::optional<archive_index::Row> row;  ///< for the index: what lies there now
};
Pushed push(const Sides&, const fs::path& path, Timestamp now);

/// SHA-256 of what lies here now. Throws TransientError ("file.changed") when it is written to meanwhile.
Sha256 digest_here(const files::Tree&, const fs::path& path, const std::function<bool()>& stop);
/// The same of a file in the archive.
Sha256 digest_there(const files::Store&, const fs::path& path, const std::function<bool()>& stop);

}  // namespace mediaferry::queue
