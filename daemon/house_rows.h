#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The stage table as media.db needs it, with the stages that the config switches off passed over.

#include "common/config/settings.h"
#include "common/media_db/conveyor.h"

namespace mediaferry::daemon {

media_db::House house_rows(const config::Settings&);

/// From now on no path below the house's folders leads out of them (files::keep_within). Before anything in them is touched.
void keep_within_its_folders(const config::Settings&);

}  // namespace mediaferry::daemon
