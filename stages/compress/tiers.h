#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Which tier a file is in, and when it will be in the next one. Pure.

#include <optional>

#include "common/config/settings.h"
#include "common/types/timestamp.h"
#include "stages/compress/record.h"

namespace mediaferry::stages {

/// The first tier that the file is young enough for. There always is one: config refuses a list whose last tier has an age limit.
const config::Tier& tier_for(const config::Compress&, Timestamp taken, Timestamp now);
/// The tier that it is to be in now: that of its age, but not so soon after its last change of tier (compress.tier_change_every).
const config::Tier& tier_now(const config::Compress&, Timestamp taken, const std::optional<Record>& before, Timestamp now);
/// When it is to change from `tier`, where it has been since `since`, to the next one; nullopt: that is the last one.
std::optional<Timestamp> next_tier_at(const config::Compress&, const config::Tier& tier, Timestamp taken, Timestamp since);

}  // namespace mediaferry::stages
