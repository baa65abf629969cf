#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a file is called on its way to the phone: ASCII, unique ignoring case, short, and one stem for all files of an asset, so that Google Photos
// sees a live photo's still and movie as one (facts/syncthing.md 0.6, E.5).

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/rows.h"

namespace mediaferry::stages {

inline constexpr std::size_t kLongestOutboxName = 140;

/// "Ünï #1 50%" -> "_n_ _1 50_" without the blanks: letters, digits, '-' and '_' stay, each run of others becomes one '_'. Never empty.
std::string ascii_stem(std::string_view stem);

/// Names for the files of one asset, in their order: "IMG_0001-17.HEIC", "IMG_0001-17.MOV", "IMG_0001-adjusted-17.JPG". The stem is that of the
/// asset's original among `all`. `used` says whether a name can no longer be taken; then the whole asset gets "-2", "-3", … behind its number.
std::vector<std::string> outbox_names(const std::vector<media_db::MediaItem>& files, const std::vector<media_db::MediaItem>& all,
                                      const std::function<bool(const std::string&, const media_db::MediaItem&)>& used);

}  // namespace mediaferry::stages
