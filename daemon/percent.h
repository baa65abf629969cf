#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers as they are given on the command line of audit and archive verify.

#include <cstdint>
#include <string>

namespace mediaferry::daemon {

/// "5%" or "5": 1 to 100. Throws UsageError that names `option`.
int percent_from(const std::string& text, const std::string& option);
/// A whole number, 0 or more. Throws UsageError.
std::uint64_t seed_from(const std::string& text);
/// A whole number, 1 or more. Throws UsageError that names `option`.
std::int64_t count_from(const std::string& text, const std::string& option);

}  // namespace mediaferry::daemon
