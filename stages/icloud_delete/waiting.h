#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Whose turn it is to leave iCloud, and what is written down of those that stay.

#include <map>
#include <optional>
#include <vector>

#include "common/errors/errors.h"
#include "common/media_db/rows.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// The files whose turn it is, by asset.
struct Waiting {
    std::vector<media_db::Asset> in_icloud;                             ///< filed, neither deleted nor gone: oldest filing first
    std::map<AssetId, std::vector<media_db::MediaItem>> deleted, gone;  ///< left over: their asset is no longer in iCloud
    std::vector<media_db::MediaItem> never_there;
    bool all = true;  ///< false: there were more than one run looks at
};
Waiting waiting(stage::Run&);

/// An asset that stays in iCloud for now, and why.
struct Kept {
    media_db::Asset asset;
    std::vector<media_db::MediaItem> items;
    Reason reason;
};
/// Writes the reasons with the assets and the waiting steps of their files, in one transaction. Where nothing changes nothing is written, unless
/// `rotate`: then those files go to the end of the queue. A veto is remembered. A photo that was changed since it was filed is sent to icloud_mark
/// again: it looks at it anew.
void write_down(stage::Run&, const std::vector<Kept>&, bool rotate);

/// What holds the files of an accepted asset up: nothing but an approval. Its hold is lifted.
void waits_for_approval(stage::Run&, const std::vector<std::pair<media_db::Asset, std::vector<media_db::MediaItem>>>&, const Reason&);

/// Those that this run did not come to: their files wait for the next plan, and say so. What holds them otherwise is not touched.
void waits_its_turn(stage::Run&, const std::vector<media_db::Asset>&, const Reason&);

}  // namespace mediaferry::stages
