#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// SIGTERM and SIGINT as a question that can be asked between two items.

namespace mediaferry::daemon {

/// From here on the first SIGTERM or SIGINT is remembered, the second has its default action.
void catch_stop_signals();
/// The signal that came, 0 if none.
int stop_signal();

}  // namespace mediaferry::daemon
