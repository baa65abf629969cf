// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "stages/compress/codec/video/samples.h"
#include "stages/compress/codec/video/search.h"
#include "stages/compress/codec/video/ssim.h"

using namespace mediaferry;
using namespace mediaferry::stages;

namespace {

std::vector<std::uint8_t> texture(int width, int height) {
    std::vector<std::uint8_t> pixels;
    std::uint32_t state = 1;
    for (int i = 0; i < width * height; ++i) {
        state = state * 1664525U + 1013904223U;
        pixels.push_back(static_cast<std::uint8_t>(100 + (i % width) / 4 + static_cast<int>(state >> 28)));
    }
    return pixels;
}

/// As the definition says it, window by window.
double by_definition(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b, int width, int height) {
    double sum = 0;
    int count = 0;
    for (int y = 0; y + 8 <= height; y += 4)
        for (int x = 0; x + 8 <= width; x += 4, ++count) {
            double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
            for (int i = 0; i < 64; ++i) {
                const double p = a[static_cast<std::size_t>((y + i / 8) * width + x + i % 8)],
                             q = b[static_cast<std::size_t>((y + i / 8) * width + x + i % 8)];
                sa += p, sb += q, aa += p * p, bb += q * q, ab += p * q;
            }
            const double ma = sa / 64, mb = sb / 64, c1 = 6.5025, c2 = 58.5225;
            const double va = (aa - 64 * ma * ma) / 63, vb = (bb - 64 * mb * mb) / 63, cov = (ab - 64 * ma * mb) / 63;
            sum += (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
        }
    return sum / count;
}

}  // namespace

TEST_CASE("SSIM is what its definition says, at 8 bits and at 10", "[video]") {
    const int width = 84, height = 40;
    const auto a = texture(width, height);
    auto b = a;
    for (std::size_t i = 0; i < b.size(); i += 3) b[i] = static_cast<std::uint8_t>(b[i] + 6);
    Ssim ssim;
    const Plane pa{a.data(), width, width, height, 8}, pb{b.data(), width, width, height, 8};
    CHECK(ssim.of(pa, pa).ssim == Approx(1.0).epsilon(1e-6));
    CHECK(ssim.of(pa, pa).psnr == 99.0);
    CHECK(ssim.of(pa, pb).ssim == Approx(by_definition(a, b, width, height)).epsilon(1e-5));
    CHECK(ssim.of(pa, pb).psnr == Approx(10 * std::log10(255 * 255 / 12.0)).epsilon(0.01));

    std::vector<std::uint16_t> deep_a, deep_b;
    for (std::size_t i = 0; i < a.size(); ++i) {
        deep_a.push_back(static_cast<std::uint16_t>(a[i] * 4));
        deep_b.push_back(static_cast<std::uint16_t>(b[i] * 4));
    }
    const Plane da{reinterpret_cast<const std::uint8_t*>(deep_a.data()), 2 * width, width, height, 10};
    const Plane db{reinterpret_cast<const std::uint8_t*>(deep_b.data()), 2 * width, width, height, 10};
    CHECK(ssim.of(da, db).ssim == Approx(ssim.of(pa, pb).ssim).epsilon(0.001));
}

TEST_CASE("the 5th percentile is what 95 of 100 reach", "[video]") {
    std::vector<double> values;
    for (int i = 0; i < 100; ++i) values.push_back(1 - i / 1000.0);
    CHECK(percentile(values, 5) == Approx(0.906));
    CHECK(percentile({0.5}, 5) == 0.5);
}

TEST_CASE("the largest CRF that is good enough is found in three tries at most", "[video]") {
    const double slope = GENERATE(0.05, 0.11, 0.25);
    const double right = GENERATE(17.0, 22.0, 26.0, 31.0, 33.5);  // where the floor lies
    const double floor = 0.98;
    const auto scale = scale_of({});
    int asked = 0;
    const auto chosen = find_crf(floor, 26, scale, [&](double crf) {
        ++asked;
        return 1 - (1 - floor) * std::exp(slope * (crf - right));
    });
    INFO("slope " << slope << ", right " << right << ", chosen " << chosen.crf);
    CHECK(chosen.reaches);
    CHECK(asked <= 3);
    CHECK(chosen.probes == asked);
    CHECK(chosen.crf <= right);
    CHECK((1 - chosen.ssim_p5 >= 0.7 * (1 - floor) || chosen.crf <= scale.least + 1));  // and not much better than asked
    CHECK(better_crf(chosen.crf, 0.97, floor, chosen.slope, scale) <= chosen.crf - 1 + (chosen.crf - 1 < scale.least ? 10 : 0));
}

TEST_CASE("whatever the tries say, there are three at most", "[video]") {
    std::uint32_t state = 1;
    const auto dice = [&] { return static_cast<double>((state = state * 1664525U + 1013904223U) >> 8) / (1 << 24); };
    for (int curve = 0; curve < 500; ++curve) {
        std::map<double, double> losses;  // rises, but by leaps
        double lost = 0.001 * (1 + dice());
        for (double crf = 0; crf <= 60; crf += 0.5) losses[crf] = lost = std::min(1.0, lost * (dice() < 0.1 ? 1 + 2 * dice() : 1.01));
        int asked = 0;
        const auto chosen = find_crf(0.98, 60 * dice(), {0, 60, 0.5, 0.11}, [&](double crf) { return ++asked, 1 - losses.at(crf); });
        CHECK((asked >= 1 && asked <= 3 && chosen.probes == asked));
        CHECK((chosen.crf >= 0 && chosen.crf <= 60));
    }
}

TEST_CASE("a floor out of reach is told, and bounds are kept", "[video]") {
    config::VideoTier tier;
    tier.min_crf = 20;
    tier.max_crf = 30;
    const auto scale = scale_of(tier);
    std::vector<double> asked;
    CHECK_FALSE(find_crf(0.99, 26, scale, [&](double crf) { return asked.push_back(crf), 0.5; }).reaches);
    CHECK(find_crf(0.5, 26, scale, [&](double crf) { return asked.push_back(crf), 0.999; }).crf == 30);
    for (const auto crf : asked) CHECK((crf >= 20 && crf <= 30));
}

TEST_CASE("samples are spread over a clip and are a small part of a long one", "[video]") {
    CHECK(spans_of(0.8).size() == 1);
    const auto minute = spans_of(60);
    REQUIRE(minute.size() == 3);
    CHECK(minute[0].from > 5);
    CHECK(minute[2].from < 55);
    for (const auto seconds : {1.5, 4.0, 10.0, 29.0, 3600.0}) {
        double sum = 0, end = -1;
        for (const auto& span : spans_of(seconds)) {
            CHECK(span.from >= end);
            end = span.from + span.length;
            sum += span.length;
        }
        CHECK(end <= seconds + 0.001);
        CHECK(sum <= 6.001);
    }
}
