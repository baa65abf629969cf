#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The files a person means.

#include <string>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::daemon {

/// By id, file name, local path (relative ones too) or iCloud record name. Throws BadInput ("item.unknown") when there is none.
std::vector<media_db::MediaItem> items_meant(media_db::MediaDb&, const std::string& what);
/// The one file of that id. Throws BadInput.
media_db::MediaItem item_meant(media_db::MediaDb&, const std::string& id);

}  // namespace mediaferry::daemon
