#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// An original moves on to the next working folder, and its row with it.

#include <string_view>

#include "common/media_db/rows.h"
#include "common/stage/run.h"
#include "common/types/fs.h"

namespace mediaferry::stage {

enum class Relocated {
    no_original,  ///< the original is not at home any more: nothing to move
    moved,
    there,      ///< it lay there already
    recovered,  ///< an earlier run had moved it and died before it could say so
};

/// Moves the item's local original into `folder`, below the same sub-folders it lies in now (with workflow.prefix_names under a name that carries the
/// stage), and queues its new path and the event with the item's outcome. Safe to repeat. Throws NeedsPerson ("local.missing") when the original is
/// not where its row says, ("local.changed") when a file of another size lies there, Unavailable ("local.unmounted") when its whole working folder is
/// away.
Relocated relocate_original(Run&, const media_db::MediaItem&, const fs::path& folder, int stage_number, std::string_view stage);

/// Where relocate_original() would put it: for a dry run.
fs::path relocation_target(const Run&, const media_db::MediaItem&, const fs::path& folder, int stage_number, std::string_view stage);

}  // namespace mediaferry::stage
