#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry archive reindex [--rehash]`.

#include <string>
#include <vector>

#include "common/config/settings.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// Scans the archive and makes its index, SHA256SUMS and capsules say what is there. 1: something could not be read.
int reindex_command(const std::vector<std::string>& words, const Options&, const config::Settings&);

}  // namespace mediaferry::daemon
