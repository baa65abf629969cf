#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What holds about a file at Google at this moment: asked before an iCloud deletion (I1, I3).

#include <optional>
#include <string>

#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"
#include "common/syncthing/road.h"

namespace mediaferry::syncthing {

struct PixelProofNow {
    std::optional<config::PixelProof> level;  ///< nullopt: nothing holds
    Reason reason;                            ///< why nothing, or no higher level, holds
    std::string weakness;                     ///< Delivery::weakness, of a level below freed
    bool asked = false;                       ///< the phone's state was asked now (not so for freed, which once stored is permanent)
};

/// A stored `freed` receipt for exactly these bytes stays valid. `delivered` and `dwelt` are asked again: the same version must be on the phone now.
/// A file that we took out of the outbox ourselves after its level was proven (pixel.free_phone: an age) keeps that level.
/// Throws what Road throws when Syncthing must be asked and cannot.
PixelProofNow proof_now(Road&, media_db::MediaDb&, const config::Settings&, const media_db::MediaItem&, Timestamp now);

/// The pixel copy that matters: a freed one, else the newest that was not removed, else the newest that kept its level.
struct PixelCopy {
    media_db::Copy copy;
    Receipt receipt;
};
std::optional<PixelCopy> pixel_copy(media_db::MediaDb&, MediaId);

}  // namespace mediaferry::syncthing
