#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry archive …`: make a directory an archive, and read back what lies in it.

#include "common/config/settings.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// init [--new] · verify [--sample P%|--full]
int archive_command(const Options&, const config::Settings&);

}  // namespace mediaferry::daemon
