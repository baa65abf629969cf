#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// An item as the archive wants to hear of it: where it belongs, and which other files must stay beside it.

#include <vector>

#include "common/archive/archive.h"
#include "common/archive/layout.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::stages {

/// The capture date of its asset's original counts, so that a live pair taken around midnight on New Year's Eve lies in one directory.
fs::path archive_place(media_db::MediaDb&, const archive::Layout&, const media_db::MediaItem&);
/// Files of the same asset and stem, with where they lie if they are archived already.
std::vector<archive::Sibling> siblings_of(media_db::MediaDb&, const archive::Layout&, const media_db::MediaItem&);

}  // namespace mediaferry::stages
