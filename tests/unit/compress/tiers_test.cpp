// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/tiers.h"

#include <catch2/catch.hpp>

using namespace mediaferry;
using namespace std::chrono_literals;

namespace {
config::Compress three_tiers() {
    config::Compress settings;
    settings.tiers = {
        {"light", std::chrono::hours{24 * 365}, {}, {}}, {"medium", std::chrono::hours{24 * 365 * 3}, {}, {}}, {"heavy", std::nullopt, {}, {}}};
    return settings;
}
const Timestamp kNow{1'763'640'000s};
}  // namespace

TEST_CASE("a file's tier follows from its age, the first match wins", "[compress]") {
    const auto settings = three_tiers();
    const auto [days, name] =
        GENERATE(table<int, std::string>({{0, "light"}, {364, "light"}, {365, "medium"}, {1094, "medium"}, {1095, "heavy"}, {9000, "heavy"}}));
    CHECK(stages::tier_for(settings, kNow - std::chrono::days{days}, kNow).name == name);
}

TEST_CASE("a photo from the future is a young one", "[compress]") { CHECK(stages::tier_for(three_tiers(), kNow + 48h, kNow).name == "light"); }

TEST_CASE("the next tier begins when the age limit of this one is reached", "[compress]") {
    const auto settings = three_tiers();
    const auto taken = kNow - std::chrono::days{10};
    CHECK(stages::next_tier_at(settings, settings.tiers[0], taken, kNow) == taken + std::chrono::days{365});
    CHECK_FALSE(stages::next_tier_at(settings, settings.tiers[2], taken, kNow));
}

TEST_CASE("a file changes its tier at most once in compress.tier_change_every", "[compress]") {
    const auto settings = three_tiers();  // 90 days
    const auto taken = kNow - std::chrono::days{366};
    stages::Record record;
    record.tier = "light";
    const auto [days, name] = GENERATE(table<int, std::string>({{0, "light"}, {89, "light"}, {90, "medium"}, {-1, "medium"}}));
    record.tier_since = kNow - std::chrono::days{days};
    CHECK(stages::tier_now(settings, taken, record, kNow).name == name);
    CHECK(stages::tier_now(settings, taken, std::nullopt, kNow).name == "medium");
    // And it is looked at again when that time is over, not before.
    CHECK(stages::next_tier_at(settings, settings.tiers[0], taken, kNow) == kNow + std::chrono::days{90});
}

TEST_CASE("a tier that is not in the config any more holds no file", "[compress]") {
    stages::Record record;
    record.tier = "tier 4";
    record.tier_since = kNow;
    CHECK(stages::tier_now(three_tiers(), kNow, record, kNow).name == "light");
}
