#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The last reading of both clocks, kept from run to run (common/clock/trusted_clock.h).

#include <optional>

#include "common/clock/trusted_clock.h"
#include "common/media_db/media_db.h"

namespace mediaferry::media_db {

std::optional<ClockReading> known_time(const MediaDb&);
/// Keeps what the clock believes now, and warns when it does not believe the wall clock.
void keep_time(MediaDb&, const TrustedClock&);

}  // namespace mediaferry::media_db
