// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/clock/backoff.h"

#include <catch2/catch.hpp>
#include <set>

using namespace mediaferry;
using namespace std::chrono_literals;

TEST_CASE("waits grow by the factor, within the jitter, up to the cap", "[clock]") {
    const Backoff retry{60s, 2.0, 6h, 8};
    const auto [failures, middle] = GENERATE(table<int, std::chrono::seconds>({{1, 60s}, {2, 120s}, {5, 960s}, {20, 6h}, {200, 6h}}));
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        CHECK(retry.delay(failures, seed) >= middle * 3 / 4);
        CHECK(retry.delay(failures, seed) <= middle * 5 / 4);
    }
}

TEST_CASE("a thousand items do not come back in the same second", "[clock]") {
    const Backoff retry{1h, 2.0, 6h, 8};
    std::set<std::chrono::seconds> waits;
    for (std::uint64_t item = 0; item < 1000; ++item) waits.insert(retry.delay(1, item));
    CHECK(waits.size() > 400);
}

TEST_CASE("after the configured number of failures a person is asked", "[clock]") {
    const Backoff retry{60s, 2.0, 6h, 3};
    CHECK_FALSE(retry.exhausted(2));
    CHECK(retry.exhausted(3));
}
