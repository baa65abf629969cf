#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry config setup`: asks for what differs from house to house and writes a config that loads.

#include <iosfwd>

#include "common/types/fs.h"

namespace mediaferry::daemon {

/// Asks on `out`, reads answers from `in`, writes `target` (mode 0600). Secrets go into files of their own beside it, mode 0600. An existing config
/// is replaced only after a yes, and kept under a name of its own. 0: written, or left alone as asked; 65: the answers ended early; 78: they
/// contradict each other.
int config_setup(const fs::path& target, std::istream& in, std::ostream& out);

}  // namespace mediaferry::daemon
