// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/ssim.h"

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

using namespace mediaferry;

namespace {

struct Image {
    int width, height;
    std::string pixels;
    stages::Grey view() const { return {reinterpret_cast<const std::uint8_t*>(pixels.data()), static_cast<std::size_t>(width), width, height}; }
    double at(int x, int y) const { return static_cast<unsigned char>(pixels[static_cast<std::size_t>(y * width + x)]); }
};

Image noise(int width, int height, unsigned seed) { return {width, height, test::noise(static_cast<std::size_t>(width * height), seed)}; }

Image blend(const Image& a, const Image& b, double share) {
    auto mixed = a;
    for (int y = 0; y < a.height; ++y)
        for (int x = 0; x < a.width; ++x)
            mixed.pixels[static_cast<std::size_t>(y * a.width + x)] =
                static_cast<char>(static_cast<int>(a.at(x, y) * (1 - share) + b.at(x, y) * share));
    return mixed;
}

/// The definition, word for word: means, variances and covariance of each window.
double by_the_book(const Image& a, const Image& b) {
    double sum = 0;
    int windows = 0;
    for (int top = 0; top + 8 <= a.height; top += 4)
        for (int left = 0; left + 8 <= a.width; left += 4) {
            double ma = 0, mb = 0, va = 0, vb = 0, ab = 0;
            for (int i = 0; i < 64; ++i) ma += a.at(left + i % 8, top + i / 8) / 64, mb += b.at(left + i % 8, top + i / 8) / 64;
            for (int i = 0; i < 64; ++i) {
                const double da = a.at(left + i % 8, top + i / 8) - ma, db = b.at(left + i % 8, top + i / 8) - mb;
                va += da * da / 64, vb += db * db / 64, ab += da * db / 64;
            }
            const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
            sum += (2 * ma * mb + c1) * (2 * ab + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
            ++windows;
        }
    return sum / windows;
}

}  // namespace

TEST_CASE("SSIM of equal pictures is one", "[compress]") {
    const auto picture = noise(64, 64, 1);
    CHECK(stages::ssim(picture.view(), picture.view()) == Approx(1).epsilon(1e-6));
    const Image black{64, 64, std::string(64 * 64, '\0')};
    CHECK(stages::ssim(black.view(), black.view()) == Approx(1).epsilon(1e-6));
}

TEST_CASE("SSIM is what its definition says", "[compress]") {
    const auto [width, height, share] =
        GENERATE(table<int, int, double>({{64, 64, 0.1}, {64, 64, 0.5}, {64, 64, 1.0}, {127, 100, 0.3}, {8, 8, 0.2}, {13, 71, 0.05}, {66, 9, 0.4}}));
    const auto a = noise(width, height, 3), b = blend(a, noise(width, height, 4), share);
    CHECK(stages::ssim(a.view(), b.view()) == Approx(by_the_book(a, b)).epsilon(1e-4));
    const Image bright{width, height, std::string(static_cast<std::size_t>(width * height), '\xF0')},
        dark{width, height, std::string(static_cast<std::size_t>(width * height), '\x10')};
    CHECK(stages::ssim(bright.view(), dark.view()) == Approx(by_the_book(bright, dark)).epsilon(1e-4));
}

TEST_CASE("tiles cover a picture without a gap, and none is a sliver", "[compress]") {
    for (int length = 8; length < 400; ++length) {
        int next = 0;
        for (int i = 0; i < stages::tiles_in(length); ++i) {
            const auto tile = stages::tile_at(i, length);
            CHECK(tile.begin == next);
            CHECK((tile.length >= stages::kTile || stages::tiles_in(length) == 1));
            CHECK(tile.length < 2 * stages::kTile);
            next += tile.length;
        }
        CHECK(next == length);
    }
}

TEST_CASE("one tile in twenty is no better than the worst part", "[compress]") {
    stages::TileScores scores;
    for (int i = 0; i < 100; ++i) scores.tiles.push_back(0.5 + i * 0.001);
    CHECK(scores.worst() == Approx(0.505));
    CHECK(scores.mean() == Approx(0.5495));
    CHECK(stages::TileScores{}.worst() == 1);
    CHECK(stages::TileScores{{0.3, 0.9}}.worst() == 0.3);
}
