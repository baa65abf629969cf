#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
#ifdef MEDIAFERRY_FAILPOINTS

namespace mediaferry::daemon {

/// Prints every failpoint of the program and of its stages: name, "before" or "after", the step. Test builds only; not in --help.
int failpoints_command();

}  // namespace mediaferry::daemon

#endif
