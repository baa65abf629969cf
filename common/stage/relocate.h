#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// An original moves on to the next working folder, and its row with it.

#include <string_view>

#include "common/stage/run.h"
#include "common/media_db/rows.h"
#include "common/types/fs.h"

namespace mediaferry::stage {

/// Moves the item's local original into `folder`, below the same sub-folders it lies in now (with workflow.prefix_names under a name that carries the
/// stage), and queues the new path with the item's outcome. Safe to repeat: a move that a crash cut off before its row was written is recognised by its
/// content. Does nothing for an item without a local original. Throws NeedsPerson ("local.missing") when the original is not where its row says.
void relocate_original(Run&, const media_db::MediaItem&, const fs::path& folder, int stage_number, std::string_view stage);

}  // namespace mediaferry::stage
