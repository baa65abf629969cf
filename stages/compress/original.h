#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where the bytes to compress come from: the original; a small copy only where the config allows it.

#include <optional>

#include "common/media_db/rows.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// The original of a file as it can be had now.
struct Original {
    fs::path file;               ///< empty: it cannot be had
    std::optional<Reason> away;  ///< why: it is on the NAS only, and that is away
};

/// The local original, or, once that is gone, the NAS original brought into the run's scratch, unless `away` says that the NAS was just found to
/// be away. Its SHA-256 is the one taken on arrival.
/// Throws NeedsPerson ("local.changed") for a local original that rotted, TransientError when the NAS has it and cannot give it.
Original original_of(stage::Run&, const media_db::MediaItem&, const std::optional<Reason>& away = {});

}  // namespace mediaferry::stages
