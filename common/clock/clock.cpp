// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/clock/clock.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "common/clock/backoff.h"

namespace mediaferry {

Timestamp SystemClock::now() const { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

std::chrono::seconds Backoff::delay(int failures, std::uint64_t seed) const {
    const auto grown = static_cast<double>(first.count()) * std::pow(factor, std::max(0, failures - 1));
    const auto capped = std::min(grown, static_cast<double>(max.count()));
    std::mt19937_64 engine(seed * 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(failures));
    const auto jitter = std::uniform_real_distribution<double>{0.75, 1.25}(engine);
    return std::chrono::seconds{std::max<long long>(0, std::llround(capped * jitter))};
}

}  // namespace mediaferry
