#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Which tier a file is in, and when it will be in the next one. Pure.

#include <optional>

#include "common/config/settings.h"
#include "common/types/timestamp.h"

namespace mediaferry::stages {

/// The first tier that the file is young enough for. There always is one: config refuses a list whose last tier has an age limit.
const config::Tier& tier_for(const config::Compress&, Timestamp taken, Timestamp now);
/// When it grows too old for the tier it is in; nullopt: it is in the last one.
std::optional<Timestamp> next_tier_at(const config::Compress&, Timestamp taken, Timestamp now);

}  // namespace mediaferry::stages
