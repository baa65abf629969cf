// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/compare_sides.h"

#include <iostream>

#include "common/archive_index/books.h"
#include "common/archive_index/keeper.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

bool comparing_stopped() { return stop_signal() != 0; }

std::optional<archive_index::Index> remembered_hashes(const config::Settings& settings, const fs::path& local, bool write) {
    const auto name = "compared-" + to_hex(files::digest_bytes(local.string()).sha256).substr(0, 16) + ".db";
    const auto file = settings.state_directory() / name;
    if (!write) return archive_index::Index::open_to_read(file);
    return archive_index::Index::open(file);
}

std::unique_ptr<compare::Side> archive_side(const config::Archive& settings, const archive::Archive& archive, const archive_index::Index& index) {
    if (index.note(kScannedNote)) return std::make_unique<compare::IndexSide>(index, settings.settle, nullptr, comparing_stopped);
    return std::make_unique<compare::WalkedArchive>(archive, index, settings.trash, settings.settle, comparing_stopped);
}

There open_archive_side(const config::Settings& settings, const fs::path& root, bool checksum, Timestamp now) {
    There there;
    auto place = settings.archive;
    place.root = root;
    try {
        there.archive.emplace(archive::Archive::open(place, std::nullopt));
    } catch (const Unavailable&) {
        // The configured one without its marker is an unmounted NAS, not an empty folder; and a share is compared as an archive or not at all.
        if (root == settings.archive.root || is_share(root.string())) throw;
    }
    if (!there.archive) {
        there.side = std::make_unique<compare::FolderSide>(files::Tree::open(root), settings.archive.trash, nullptr, now, comparing_stopped);
        return there;
    }
    there.index.emplace(archive_index::Index::open(archive_index::index_file(settings.state_directory(), *there.archive)));
    archive_index::refresh(*there.archive, *there.index);
    there.scanned = there.index->note(kScannedNote);
    if (!there.scanned) {
        std::cerr << root.string()
                  << " was never scanned as a whole: it is walked now, and only what mediaferry itself put there counts as proven. "
                     "mediaferry archive reindex scans it; from then on this is answered at once\n";
        there.side = archive_side(place, *there.archive, *there.index);
        return there;
    }
    auto side = std::make_unique<compare::IndexSide>(*there.index, settings.archive.settle, checksum ? &*there.archive : nullptr, comparing_stopped);
    there.indexed = side.get();
    there.side = std::move(side);
    return there;
}

}  // namespace mediaferry::daemon
