#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The only place in the house that removes a local original (I5).

#include <optional>

#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::archive {

/// Removes the local original of an item whose content is proven on the NAS, and clears its local path. False: it was kept, because there is no
/// archive in this house, or it was gone already. Throws NeedsPerson ("original.unproven", "original.elsewhere") and removes nothing when the proof
/// is missing or the path is not in a working folder.
bool release_original(media_db::MediaDb&, const config::Settings&, MediaId, Timestamp now, std::optional<RunId> run = {});
/// Whether release_original() would remove it: for a dry run.
bool may_release(media_db::MediaDb&, const config::Settings&, const media_db::MediaItem&);

}  // namespace mediaferry::archive
