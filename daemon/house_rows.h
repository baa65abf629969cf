#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The house as the conveyor needs it: the stage table with the switched-off stages passed over.

#include "common/config/settings.h"
#include "common/media_db/conveyor.h"

namespace mediaferry::daemon {

/// One row per stage that files have step rows for, in house order.
media_db::House house_rows(const config::Settings&);

}  // namespace mediaferry::daemon
