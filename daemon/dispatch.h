#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// From a verb to the function that does it.

#include "daemon/options.h"

namespace mediaferry::daemon {

/// Loads the config where the verb needs one, starts the log, does what the verb says. Returns the exit code.
int dispatch(const Options&);

}  // namespace mediaferry::daemon
