#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A clock that somebody set wrong must neither let waiting times run out early nor make files wait for ten years. The kernel also counts the seconds
// since its start, and nobody can set those: where the wall clock leaves that count by more than an hour, time goes on as it was, for a day. Whoever
// corrected a wrong clock gets that day's delay; whoever set a right one wrong has a day to notice. Across a start of the machine nothing is known.

#include <optional>
#include <string>

#include "common/clock/clock.h"

namespace mediaferry {

/// When both clocks were read together, to be kept from run to run.
struct ClockReading {
    std::string boot;  ///< which start of the machine
    std::chrono::seconds since_boot{0};
    Timestamp wall;
    std::optional<std::chrono::seconds> doubted;  ///< since when (since boot) the wall clock says otherwise
};

/// What to believe of two clocks; pure. `known` becomes what is to be kept.
Timestamp believed(ClockReading& known, Timestamp wall, std::chrono::seconds since_boot);

class TrustedClock final : public Clock {
public:
    /// `known`: from an earlier run; one of another start of the machine is worth nothing.
    explicit TrustedClock(const std::optional<ClockReading>& known = std::nullopt);
    Timestamp now() const override;
    const ClockReading& reading() const { return known_; }
    bool doubts() const { return known_.doubted.has_value(); }

private:
    mutable ClockReading known_;
};

}  // namespace mediaferry
