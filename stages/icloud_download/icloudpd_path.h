#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where icloudpd would put a file, as far as that can be told (facts/icloud.md A7). Pure. A wrong guess costs one needless download.

#include <optional>
#include <string>

#include "common/media_db/rows.h"
#include "common/types/fs.h"

namespace mediaferry::stages {

/// Relative to incoming/, for `--file-match-policy name-id7 --live-photo-mov-filename-policy suffix --keep-unicode-in-filenames`, TZ=UTC and
/// the configured folder structure; nullopt for what icloudpd never fetches (sidecars, edited movies).
std::optional<fs::path> icloudpd_path(const media_db::Asset&, const media_db::Resource&, const std::string& folder_structure);

/// Python's "{:%Y/%m}" for a date in UTC; text outside the braces is kept.
std::string expand_folder_structure(const std::string& structure, Timestamp);

}  // namespace mediaferry::stages
