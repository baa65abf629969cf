#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where the bytes to compress come from: always the original, never a small copy.

#include "common/media_db/rows.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// The local original, or, once that is gone, the NAS original brought into the run's scratch; its SHA-256 is the one taken on arrival.
/// Throws NeedsPerson ("local.changed") for a local original that rotted, Unavailable or TransientError when the NAS cannot give it.
fs::path original_of(stage::Run&, const media_db::MediaItem&);

}  // namespace mediaferry::stages
