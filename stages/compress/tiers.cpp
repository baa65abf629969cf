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

const config::Tier& tier_now(const config::Compress& settings, Timestamp taken, const std::optional<Record>& before, Timestamp now) {
    const auto& of_its_age = tier_for(settings, taken, now);
    // A clock that was set back does not hold a file where it is.
    if (!before || before->tier == of_its_age.name || before->tier_since > now || now - before->tier_since >= settings.tier_change_every)
        return of_its_age;
    const auto where_it_is = std::ranges::find(settings.tiers, before->tier, &config::Tier::name);
    return where_it_is == settings.tiers.end() ? of_its_age : *where_it_is;  // that tier was taken out of the config
}

std::optional<Timestamp> next_tier_at(const config::Compress& settings, const config::Tier& tier, Timestamp taken, Timestamp since) {
    if (!tier.younger_than) return std::nullopt;
    return std::max(taken + *tier.younger_than, since + settings.tier_change_every);
}

}  // namespace mediaferry::stages
