#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The two sides of a comparison, opened: an archive by its index, any other folder by a walk. Shared by `compare` and `queue`.

#include <memory>
#include <optional>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/compare/sides.h"
#include "common/config/settings.h"

namespace mediaferry::daemon {

/// Of the folder here: hashes taken by earlier comparisons. Without `write` they are only read.
std::optional<archive_index::Index> remembered_hashes(const config::Settings&, const fs::path& local, bool write);

struct There {
    std::optional<archive::Archive> archive;  ///< the folder is one
    std::optional<archive_index::Index> index;
    std::unique_ptr<compare::Side> side;
    compare::IndexSide* indexed = nullptr;  ///< `side`, if it is an index
};
/// Throws Unavailable when the archive of the config has no marker: that is an unmounted NAS, not an empty folder.
There open_archive_side(const config::Settings&, const fs::path& root, bool checksum, Timestamp now);

/// A person or systemd asked to stop.
bool comparing_stopped();

}  // namespace mediaferry::daemon
