#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the daemon has to tell a person goes to the log and to whatever the config names.

#include "common/config/settings.h"
#include "daemon/episodes.h"

namespace mediaferry::daemon {

/// Never throws: a notice that cannot be sent is logged, not more.
void send_notice(const config::Settings&, const Episodes::Message&);

}  // namespace mediaferry::daemon
