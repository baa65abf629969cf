#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What stands in incoming/ for a file that was taken in: of its size and without content, so that icloudpd does not fetch it again.

#include <optional>

#include "common/media_db/rows.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// Puts a placeholder where icloudpd has put the file; remembered in the catalogue first. `relative` is below incoming/.
void stand_in(stage::Run&, const fs::path& relative, std::optional<MediaId>, Bytes size, Timestamp modified);

/// Puts a placeholder where icloudpd would put a file that did not come from it. What lies there already stays.
void keep_icloudpd_away(stage::Run&, const media_db::Asset&, const media_db::Resource&, MediaId, Bytes size);

/// Puts back what is missing before icloudpd runs: a death or a power cut between a photo's row and its placeholder left none, or somebody emptied
/// incoming/. Only for photos that are still in iCloud and whose original lies where its row says: a lost one may be brought again.
void put_back_missing(stage::Run&);

}  // namespace mediaferry::stages
