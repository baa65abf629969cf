#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where a side's files come from: a walk of the folder, or the archive's index.

#include <optional>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/compare/compare.h"
#include "common/files/files.h"
#include "common/files/walk.h"

namespace mediaferry::compare {

/// Walks the folder. Hashes taken once are remembered in `hashes`, a file in the state directory: as long as size, time and inode stay, a file is
/// not read again. It is nobody's proof, and nothing is written below the folder itself.
class FolderSide : public Side {
public:
    /// `trash`: a folder at the root that is passed over; "" for none. `hashes`: nullptr for none.
    FolderSide(files::Tree tree, std::string trash, archive_index::Index* hashes, Timestamp now, std::function<bool()> stop = {});
    ~FolderSide() override;
    const Entry* next() override;
    std::optional<Sha256> hash_of(const Entry&) override;
    /// Writes down the hashes taken; call it once at the end.
    void remember();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The archive as it lies there, walked, for as long as its index has not seen all of it: what the index knows of a file counts where size, time
/// and inode are as it says. Throws Unavailable ("nas.detached", …) at the end when the archive went away meanwhile.
class WalkedArchive : public Side {
public:
    /// `archive` and `index` outlive it.
    WalkedArchive(const archive::Archive& archive, const archive_index::Index& index, std::string trash, std::chrono::seconds settle,
                  std::function<bool()> stop = {});
    ~WalkedArchive() override;
    const Entry* next() override;
    std::optional<Sha256> hash_of(const Entry&) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The archive as its index knows it: at once, without asking the NAS. With `archive` each file is also looked at (its size, time and inode),
/// and files whose hash is not known are read there, past the cache.
class IndexSide : public Side {
public:
    IndexSide(const archive_index::Index&, std::chrono::seconds settle, const archive::Archive* archive, std::function<bool()> stop = {});
    ~IndexSide() override;
    const Entry* next() override;
    std::optional<Sha256> hash_of(const Entry&) override;
    /// Files that are not (any more) as the index says: `archive reindex` mends it.
    std::int64_t out_of_date() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::compare
