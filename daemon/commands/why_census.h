#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry why census`: how iCloud's list and media.db compare, and whether that stops deletion; `mediaferry release census`: it is understood.

#include <nlohmann/json.hpp>
#include <string>

#include "common/media_db/media_db.h"

namespace mediaferry::daemon {

/// Stands where a file's name or number would.
inline constexpr std::string_view kCensusWord = "census";

/// {"listed","counted",…,"gate":{"code","text"}|null}; null: iCloud has not been listed yet. Keys are stable.
nlohmann::ordered_json census_json(media_db::MediaDb&);
int why_census(media_db::MediaDb&, bool as_json);
int release_census(media_db::MediaDb&, bool as_json);

}  // namespace mediaferry::daemon
