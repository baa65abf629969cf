// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/tiers.h"

#include <algorithm>
#include <stdexcept>

namespace mediaferry::stages {

const config::Tier& tier_for(const config::Compress& settings, Timestamp taken, Timestamp now) {
    const auto tier =
        std::ranges::find_if(settings.tiers, [&](const config::Tier& one) { return !one.younger_than || now - taken < *one.younger_than; });
    if (tier == settings.tiers.end()) throw std::logic_error("compress.tiers has no tier for old files");
    return *tier;
}

std::optional<Timestamp> next_tier_at(const config::Compress& settings, Timestamp taken, Timestamp now) {
    const auto& tier = tier_for(settings, taken, now);
    if (!tier.younger_than) return std::nullopt;
    return taken + *tier.younger_than;
}

}  // namespace mediaferry::stages
