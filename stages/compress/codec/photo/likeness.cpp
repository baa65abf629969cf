// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/likeness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "stages/compress/codec/photo/planes.h"

namespace mediaferry::stages {
namespace {

/// Squares of differences of one channel, summed.
struct Difference {
    std::uint64_t sum = 0, count = 0;

    void add(const std::uint8_t* a, const std::uint8_t* b, int width) {
        std::uint32_t line = 0;  // 65,535 pixels of 255 squared fit
        for (int x = 0; x < width; ++x) {
            const int difference = a[x] - b[x];
            line += static_cast<std::uint32_t>(difference * difference);
        }
        sum += line;
        count += static_cast<std::uint64_t>(width);
    }
    double psnr() const { return sum == 0 ? 99.0 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(count) / static_cast<double>(sum)); }
};

/// Collects lines of brightness until a row of tiles is whole.
class TileRows {
public:
    TileRows(int width, int height) : width_(width), height_(height), left_(size()), right_(size()) {}

    void add(const std::uint8_t* a, const std::uint8_t* b) {
        std::memcpy(left_.data() + at(line_), a, static_cast<std::size_t>(width_));
        std::memcpy(right_.data() + at(line_), b, static_cast<std::size_t>(width_));
        if (++line_ == tile_at(row_, height_).length) measure();
    }
    const TileScores& scores() const { return scores_; }

private:
    std::size_t size() const { return static_cast<std::size_t>(width_) * 2 * kTile; }
    std::size_t at(int line) const { return static_cast<std::size_t>(line) * static_cast<std::size_t>(width_); }

    void measure() {
        if (line_ >= 8 && width_ >= 8)
            for (int column = 0; column < tiles_in(width_); ++column) {
                const auto [begin, length] = tile_at(column, width_);
                const auto stride = static_cast<std::size_t>(width_);
                scores_.tiles.push_back(ssim({left_.data() + begin, stride, length, line_}, {right_.data() + begin, stride, length, line_}));
            }
        line_ = 0;
        ++row_;
    }

    int width_, height_, row_ = 0, line_ = 0;
    std::vector<std::uint8_t> left_, right_;
    TileScores scores_;
};

}  // namespace

Likeness likeness(std::string_view original, std::string_view result) {
    Planes left{original}, right{result};
    bool same = left.count() == right.count();
    for (int c = 0; same && c < left.count(); ++c) {
        const auto &a = left.plane(c), &b = right.plane(c);
        same = a.width == b.width && a.height == b.height && a.rows == b.rows;
    }
    if (!same) throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
    TileRows tiles{left.plane(0).width, left.plane(0).height};
    Difference luma, chroma;
    for (int band = 0; left.more(); ++band) {
        left.next_band();
        right.next_band();
        for (int c = 0; c < left.count(); ++c) {
            const auto &a = left.plane(c), &b = right.plane(c);
            const int lines = std::min(a.rows, a.height - band * a.rows);
            for (int y = 0; y < lines; ++y) {
                (c == 0 ? luma : chroma).add(a.line(y), b.line(y), a.width);
                if (c == 0) tiles.add(a.line(y), b.line(y));
            }
        }
    }
    left.finish();
    right.finish();
    return {tiles.scores().worst(), tiles.scores().mean(), luma.psnr(), chroma.psnr()};
}

}  // namespace mediaferry::stages
