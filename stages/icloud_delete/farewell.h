#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The end of a photo's way: once iCloud no longer has it, its original and placeholder go and its files are completed.

#include <string_view>
#include <vector>

#include "common/media_db/rows.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

inline constexpr std::string_view kIcloudDelete = "icloud_delete";

/// Completes the files of an asset that is no longer in iCloud (or never was): removes the local original under I5 and the placeholder, closes the
/// step. An original whose content is not proven on the NAS stays, and the run says so. Repeats safely after a crash.
void complete(stage::Run&, const std::vector<media_db::MediaItem>&, const Reason& note);

/// Writes down that we deleted the asset: the asset, its files' flags, the event; one transaction. `write` joins it.
void note_deleted(stage::Run&, const media_db::Asset&, const std::vector<media_db::MediaItem>&, const std::function<void(media_db::MediaDb&)>& write);

}  // namespace mediaferry::stages
