#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The second proof (I2): before iCloud is told to delete, the copy is read back again, at least `archive.settle` after the first time. By then
// the server has long answered from its disks and not from its memory.

#include <chrono>
#include <optional>

#include "common/archive/archive.h"
#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::archive {

/// nullopt: the copy is proven, settled, and was read within `fresh_within`; it is read now if it was not. Else why not: nas.unproven, nas.settling,
/// nas.other, nas.missing, nas.damaged, nas.cache. A copy found missing or damaged stops counting at once and nas_archive is to do its work again.
/// Throws Unavailable when the archive is away. No transaction may be open.
std::optional<Reason> prove_again(const Archive&, media_db::MediaDb&, const media_db::MediaItem&, const media_db::Copy&, Timestamp now,
                                  std::chrono::seconds settle, std::chrono::seconds fresh_within, const Stop& = {}, std::optional<RunId> run = {});

/// Reads the copy now, whatever its age: what `archive verify` does. nullopt: the bytes are right.
std::optional<Reason> read_again(const Archive&, media_db::MediaDb&, const media_db::MediaItem&, const media_db::Copy&, Timestamp now,
                                 std::chrono::seconds settle, const Stop& = {}, std::optional<RunId> run = {});

}  // namespace mediaferry::archive
