// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/quality_search.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace mediaferry::stages;

namespace {

/// Loses half as much every `half` steps; `at` is where 0.035 is lost.
double curve(int quality, double at, double half) { return 1 - 0.035 * std::exp2((at - quality) / half); }

}  // namespace

TEST_CASE("the lowest quality that is good enough is found in a few tries, whatever the curve", "[compress]") {
    int probes = 0, searches = 0;
    for (const double half : {6.0, 12.0, 17.0, 25.0, 40.0})
        for (double at = 52; at < 90; at += 1.7) {
            const auto found = lowest_quality({50, 92}, 0.965, start_for(0.965), [&](int quality) { return curve(quality, at, half); });
            REQUIRE(found.quality);
            INFO("at " << at << " half " << half << ": " << *found.quality << " after " << found.probes);
            CHECK(curve(*found.quality, at, half) >= 0.965);
            CHECK((*found.quality - at <= 2 || curve(*found.quality, at, half) < 0.967));
            CHECK(found.probes <= 7);
            probes += found.probes;
            ++searches;
        }
    CHECK(probes <= 4 * searches);
}

TEST_CASE("a curve of steps and one with a little noise end the search, too", "[compress]") {
    const auto stairs = [](int quality) { return curve(quality / 6 * 6, 70, 15); };
    CHECK(stairs(*lowest_quality({50, 92}, 0.965, 75, stairs).quality) >= 0.965);
    for (int seed = 0; seed < 50; ++seed) {
        const auto noisy = [&](int quality) { return curve(quality, 71, 15) + 0.0004 * std::sin(quality * 12.9898 + seed); };
        const auto found = lowest_quality({50, 92}, 0.965, 75, noisy);
        REQUIRE(found.quality);
        CHECK(noisy(*found.quality) >= 0.965);
        CHECK(found.probes <= 6);
    }
}

TEST_CASE("the range is kept: none where the highest is too low, the lowest where all would do", "[compress]") {
    int looked = 0;
    const auto poor = [&](int quality) {
        ++looked;
        CHECK((quality >= 50 && quality <= 92));
        return 0.5;
    };
    CHECK_FALSE(lowest_quality({50, 92}, 0.965, 75, poor).quality);
    CHECK(looked <= 3);
    CHECK(lowest_quality({50, 92}, 0.965, 75, [](int) { return 0.999; }).quality == 50);
    CHECK(lowest_quality({80, 80}, 0.965, 75, [](int) { return 0.97; }).quality == 80);
    CHECK_FALSE(lowest_quality({80, 80}, 0.965, 75, [](int) { return 0.9; }).quality);
}
