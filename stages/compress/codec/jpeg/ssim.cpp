// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/ssim.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace mediaferry::stages {
namespace {

constexpr int kStep = 4, kWindow = 8;
constexpr int kMostSteps = 2 * kTile / kStep;  // the last tile may be nearly twice as long

/// Sums over 4 x 4 pixels, for all such squares of one row of squares. A window is two by two of them.
struct Sums {
    std::array<std::int32_t, kMostSteps> a, b, squares, product;
};

/// Written so that the compiler makes vectors of it: no branch, no call, 16-bit products.
void sum_row(const Grey& a, const Grey& b, int row, int steps, Sums& sums) {
    const int width = steps * kStep;
    std::array<std::int32_t, kMostSteps * kStep> la{}, lb{}, squares{}, product{};
    for (int y = 0; y < kStep; ++y) {
        const std::uint8_t* pa = a.pixels + static_cast<std::size_t>(row * kStep + y) * a.stride;
        const std::uint8_t* pb = b.pixels + static_cast<std::size_t>(row * kStep + y) * b.stride;
        for (int x = 0; x < width; ++x) {
            const std::int32_t va = pa[x], vb = pb[x];
            const auto i = static_cast<std::size_t>(x);
            la[i] += va;
            lb[i] += vb;
            squares[i] += va * va + vb * vb;
            product[i] += va * vb;
        }
    }
    for (std::size_t s = 0; s < static_cast<std::size_t>(steps); ++s) {
        const auto sum = [&](const auto& line) { return line[s * 4] + line[s * 4 + 1] + line[s * 4 + 2] + line[s * 4 + 3]; };
        sums.a[s] = sum(la);
        sums.b[s] = sum(lb);
        sums.squares[s] = sum(squares);
        sums.product[s] = sum(product);
    }
}

/// The windows of two rows of squares, added up.
float windows(const Sums& above, const Sums& below, int count) {
    constexpr float kPixels = kWindow * kWindow;
    constexpr float c1 = 0.01F * 255 * 0.01F * 255 * kPixels * kPixels, c2 = 0.03F * 255 * 0.03F * 255 * kPixels * kPixels;
    std::array<float, kMostSteps> values;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        const auto sum = [i](const auto& up, const auto& down) { return up[i] + up[i + 1] + down[i] + down[i + 1]; };
        const std::int32_t a = sum(above.a, below.a), b = sum(above.b, below.b);
        const std::int32_t spread = sum(above.squares, below.squares) * 64 - a * a - b * b;
        const std::int32_t together = sum(above.product, below.product) * 64 - a * b;
        values[i] = (2 * static_cast<float>(a) * static_cast<float>(b) + c1) * (2 * static_cast<float>(together) + c2) /
                    ((static_cast<float>(a) * static_cast<float>(a) + static_cast<float>(b) * static_cast<float>(b) + c1) *
                     (static_cast<float>(spread) + c2));
    }
    return std::accumulate(values.begin(), values.begin() + count, 0.0F);
}

}  // namespace

double ssim(const Grey& a, const Grey& b) {
    const int across = a.width / kStep, down = a.height / kStep;
    Sums rows[2];
    sum_row(a, b, 0, across, rows[0]);
    double total = 0;
    for (int row = 1; row < down; ++row) {
        sum_row(a, b, row, across, rows[row % 2]);
        total += static_cast<double>(windows(rows[(row + 1) % 2], rows[row % 2], across - 1));
    }
    return total / (static_cast<double>(across - 1) * (down - 1));
}

int tiles_in(int length) { return std::max(1, length / kTile); }

Span tile_at(int index, int length) {
    const int begin = index * kTile;
    return {begin, index + 1 == tiles_in(length) ? length - begin : kTile};
}

double TileScores::mean() const { return tiles.empty() ? 1 : std::accumulate(tiles.begin(), tiles.end(), 0.0) / static_cast<double>(tiles.size()); }

double TileScores::worst() const {
    if (tiles.empty()) return 1;
    auto sorted = tiles;
    const auto rank = static_cast<std::ptrdiff_t>(sorted.size() / 20);
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    return sorted[static_cast<std::size_t>(rank)];
}

}  // namespace mediaferry::stages
