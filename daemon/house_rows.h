#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The stage table as media.db needs it, with the stages that the config switches off passed over.

#include "common/config/settings.h"
#include "common/media_db/conveyor.h"

namespace mediaferry::daemon {

media_db::House house_rows(const config::Settings&);

}  // namespace mediaferry::daemon
