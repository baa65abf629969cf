#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Cron expressions and windows of the day, in local time ($TZ). Pure.

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/timestamp.h"

namespace mediaferry {

/// Minute, hour, day of month, month, day of week (0 or 7 = Sunday); `*`, lists, ranges, steps, English names.
class Cron {
public:
    /// nullopt: not a cron expression; one that can never come (30 February) neither. Also takes @hourly, @daily, @weekly, @monthly.
    static std::optional<Cron> from_text(std::string_view);

    /// First time after `after`. A time that the clock skips in spring comes at the moment of the jump; one that it shows twice in
    /// autumn comes once, unless the expression says every hour.
    Timestamp next(Timestamp after) const;

private:
    using LocalSeconds = std::chrono::local_seconds;
    bool matches_day(LocalSeconds) const;
    bool matches(LocalSeconds) const;

    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<7> weekdays_;
    bool every_hour_ = false, any_day_ = false, any_weekday_ = false;
};

/// "22:00-06:00": from the first minute up to the second, over midnight when the second is earlier.
struct Window {
    std::chrono::minutes from{0}, to{0};
    static std::optional<Window> from_text(std::string_view);
    bool contains(Timestamp) const;
};

/// `at` if a window is open then (or there are none), else when the next one opens.
Timestamp next_open(const std::vector<Window>&, Timestamp at);

}  // namespace mediaferry
