#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Small files of ours that lie beside the photos, and the index's published copy. They are the only files in an archive that are ever replaced,
// and only when what lies there is ours.

#include <optional>
#include <string>
#include <string_view>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/types/fs.h"

namespace mediaferry::archive_index {

inline constexpr const char* kFolder = ".mediaferry";
inline constexpr const char* kPublished = ".mediaferry/index.db";

/// Writes the file under a temporary name, fsyncs it, renames it over the one before, fsyncs the folder. What stands there already with the same
/// bytes is left alone (false). Throws NeedsPerson ("nas.not_ours") when something is there that is no regular file.
/// One process of a house at a time (Keeper sees to that): what a killed one left unfinished has the same name, and goes.
bool write_book(const archive::Archive&, std::string_view house, const fs::path& path, std::string_view content);
/// nullopt: there is none.
std::optional<std::string> read_book(const archive::Archive&, const fs::path& path, std::size_t limit);

/// Whether the file is a sidecar that mediaferry wrote: looked at by its name and size first, read only then.
bool is_own_sidecar(const archive::Archive&, std::string_view path, std::uint64_t size);

/// Tells the unfinished files of this house from those of another one that shares the archive.
std::string house_of(const Index&);

/// A copy of the index becomes .mediaferry/index.db: made on the local disk, copied, read back, renamed. SQLite itself never works on the NAS: over
/// CIFS and NFS its locks and its shared memory are not what it needs, and a reader there would see a half-written page (facts/archive.md A.5).
/// Rows that another house published meanwhile are taken in first.
void publish(const archive::Archive&, Index&);
/// Takes in what another house has published since; a stat when nothing has changed. Without a local index this is how it comes back. Returns
/// how many rows were taken.
std::int64_t refresh(const archive::Archive&, Index&);

}  // namespace mediaferry::archive_index
