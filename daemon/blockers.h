#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What still stands between an asset and its deletion from iCloud, as far as media.db tells. Pure over rows; the stage
// icloud_delete asks the world again before it acts, so this may say less than it, never decides.

#include <optional>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/rows.h"

namespace mediaferry::daemon {

struct AssetFacts {
    media_db::Asset asset;
    std::vector<media_db::Resource> resources;  ///< listed ones
    struct File {
        media_db::MediaItem item;
        std::optional<media_db::Copy> nas, pixel;  ///< newest not removed; a freed phone copy too
    };
    std::vector<File> files;
    bool planned = false, approved = false;
};

/// Place of a phone copy's proof among the levels of I3; below all of them for a word that is none.
int proof_rank(const std::string& proof);

/// One sentence each; empty: nothing that we know of.
std::vector<std::string> deletion_blockers(const AssetFacts&, const config::Settings&, Timestamp now);

}  // namespace mediaferry::daemon
