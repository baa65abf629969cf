#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the shell and systemd are told (DESIGN section 6).

#include <exception>

namespace mediaferry::daemon {

inline constexpr int kItemsFailed = 1, kUsage = 64, kBadInput = 65, kUnavailable = 69, kBug = 70, kTryLater = 75, kSignIn = 77, kConfig = 78;

/// The exit code that belongs to a failure's type; 70 for anything that is not ours.
int exit_code_of(const std::exception&);

/// A stage that ended so has not failed as a whole: 0, or 1 when files failed.
inline bool went_through(int exit_code) { return exit_code == 0 || exit_code == kItemsFailed; }

}  // namespace mediaferry::daemon
