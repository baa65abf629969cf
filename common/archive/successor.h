#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A NAS that died has a successor: nothing that lay on the old one counts any more, and everything is archived again. What lies on the new one
// already, whole, is only read.

#include <optional>

#include "common/archive/archive.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::archive {

struct Succession {
    std::int64_t files = 0;        ///< that have their turn in nas_archive again
    std::int64_t not_at_home = 0;  ///< of them: no original at home; only a whole copy elsewhere could bring it back
    Bytes bytes;                   ///< of them all
};

/// The house writes to the archive of this marker from now on. If that is another one than before: in one transaction no copy in another archive
/// counts any more, and each such file has its turn in nas_archive again. Nothing on any disk is touched.
Succession succeed(media_db::MediaDb&, const Marker&, Timestamp now);

/// Where an earlier copy of the item that counts no longer lies in this archive after all, read past the cache and whole; nullopt: nowhere, or another
/// file's copy lies there. Its bytes are the proof, whoever put them there.
std::optional<Stored> found_again(const Archive&, media_db::MediaDb&, const media_db::MediaItem&, const Stop& = {});

}  // namespace mediaferry::archive
