#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Points in time as they are stored: whole seconds, UTC.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mediaferry {

using Timestamp = std::chrono::sys_seconds;

/// "2025-01-15T14:30:22Z".
std::string to_iso(Timestamp);
/// Reads to_iso()'s form, also with fractional seconds, "+hh:mm" zones, a blank for the T, or a bare date; nullopt otherwise.
std::optional<Timestamp> from_iso(std::string_view);
/// "20250115_143022", in UTC: part of workflow names and prefixed file names.
std::string to_compact(Timestamp);
/// The civil date in UTC.
std::chrono::year_month_day civil_date(Timestamp);
/// "2d 3h", "45.2s", "3m 20s": a duration for a person.
std::string to_text(std::chrono::milliseconds);

}  // namespace mediaferry
