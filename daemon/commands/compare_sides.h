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
    std::optional<std::string> scanned;     ///< when the whole archive was scanned into the index, as an ISO time
};
/// Note in an index that a scan of the whole archive has gone through once: it knows the files of others too.
inline constexpr const char* kScannedNote = "scanned";
/// An archive whose index has not seen all of it yet is walked: it must not miss a file of somebody else.
/// Throws Unavailable when the archive of the config has no marker: that is an unmounted NAS, not an empty folder.
There open_archive_side(const config::Settings&, const fs::path& root, bool checksum, Timestamp now);
/// The archive's side as `open_archive_side` chooses it, of an archive and an index that are open already and outlive it.
std::unique_ptr<compare::Side> archive_side(const config::Archive&, const archive::Archive&, const archive_index::Index&);

/// A person or systemd asked to stop.
bool comparing_stopped();

}  // namespace mediaferry::daemon
