#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How long to wait before the next attempt: exponential, capped, with jitter so that a thousand items do not return at once.

#include <chrono>
#include <cstdint>

namespace mediaferry {

struct Backoff {
    std::chrono::seconds first{60};
    double factor = 2.0;
    std::chrono::seconds max{std::chrono::hours{6}};
    int attempts = 8;  ///< after this many the item needs a person

    /// Wait before attempt `failures` + 1 (failures >= 1): first * factor^(failures-1), at most max, times 0.75 to 1.25 drawn from `seed`.
    std::chrono::seconds delay(int failures, std::uint64_t seed) const;
    bool exhausted(int failures) const { return failures >= attempts; }
};

}  // namespace mediaferry
