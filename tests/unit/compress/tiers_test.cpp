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
    REQUIRE(stages::next_tier_at(settings, taken, kNow));
    CHECK(*stages::next_tier_at(settings, taken, kNow) == taken + std::chrono::days{365});
    CHECK_FALSE(stages::next_tier_at(settings, kNow - std::chrono::days{2000}, kNow));
}
