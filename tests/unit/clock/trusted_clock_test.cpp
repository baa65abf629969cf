// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/clock/trusted_clock.h"

#include <catch2/catch.hpp>

namespace mediaferry {

namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{std::chrono::seconds{1780000000}};  // 2026-05-28
constexpr auto kTenYears = std::chrono::hours{24 * 3650};

ClockReading reading() { return {"boot", 1000s, kStart, {}}; }

}  // namespace

TEST_CASE("a clock that is set by ten years is not believed for a day, time goes on as it was", "[trusted_clock]") {
    for (const auto off : {std::chrono::seconds{kTenYears}, -std::chrono::seconds{kTenYears}}) {
        auto known = reading();
        CHECK(believed(known, kStart + 60s + off, 1060s) == kStart + 60s);
        CHECK(believed(known, kStart + 12h + off, 1000s + 12h) == kStart + 12h);
        CHECK(known.doubted == 1060s);
        // Right again before the day is over: nothing happened.
        CHECK(believed(known, kStart + 13h, 1000s + 13h) == kStart + 13h);
        CHECK_FALSE(known.doubted);
    }
}

TEST_CASE("a clock that stays where it was set is believed after a day", "[trusted_clock]") {
    auto known = reading();
    believed(known, kStart + 60s + kTenYears, 1060s);
    CHECK(believed(known, kStart + 24h + 59s + kTenYears, 1059s + 24h) == kStart + 24h + 59s);
    CHECK(believed(known, kStart + 24h + 60s + kTenYears, 1060s + 24h) == kStart + 24h + 60s + kTenYears);
    CHECK_FALSE(known.doubted);
    CHECK(believed(known, kStart + 25h + kTenYears, 1000s + 25h) == kStart + 25h + kTenYears);
}

TEST_CASE("a clock that is corrected a little is followed", "[trusted_clock]") {
    auto known = reading();
    CHECK(believed(known, kStart + 60s + 1h, 1060s) == kStart + 60s + 1h);
    CHECK(believed(known, kStart + 120s + 2h, 1120s) == kStart + 120s + 2h);
    CHECK(believed(known, kStart + 180s + 3h + 1s, 1180s) == kStart + 180s + 2h);
}

TEST_CASE("a clock that was never set is no witness against one that is", "[trusted_clock]") {
    ClockReading known{"boot", 10s, Timestamp{0s}, {}};
    CHECK(believed(known, kStart, 20s) == kStart);
}

TEST_CASE("what another start of the machine knew is worth nothing", "[trusted_clock]") {
    ClockReading known{"another boot", 0s, kStart - kTenYears, {}};
    const TrustedClock clock{known};
    CHECK(std::chrono::abs(clock.now() - SystemClock{}.now()) <= 1s);
    CHECK(clock.reading().boot != "another boot");
}

TEST_CASE("what this start of the machine knew goes on", "[trusted_clock]") {
    const TrustedClock now;
    auto known = now.reading();
    known.wall -= kTenYears / 10;  // as if the wall clock had been set forward by a year since
    const TrustedClock clock{known};
    CHECK(std::chrono::abs(clock.now() - (SystemClock{}.now() - kTenYears / 10)) <= 2s);
    CHECK(clock.doubts());
}

}  // namespace mediaferry
