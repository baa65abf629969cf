// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/likeness.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stages/compress/codec/jpeg/planes.h"

namespace mediaferry::stages {

void LikenessMeter::Difference::add(const std::uint8_t* a, const std::uint8_t* b, int width) {
    std::uint32_t line = 0;  // 65,535 pixels of 255 squared fit
    for (int x = 0; x < width; ++x) {
        const int difference = a[x] - b[x];
        line += static_cast<std::uint32_t>(difference * difference);
    }
    sum += line;
    count += static_cast<std::uint64_t>(width);
}

double LikenessMeter::Difference::psnr() const {
    return sum == 0 ? 99.0 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(count) / static_cast<double>(sum));
}

LikenessMeter::LikenessMeter(int width, int height)
    : width_(width), height_(height), left_(static_cast<std::size_t>(width) * 2 * kTile), right_(left_.size()) {}

void LikenessMeter::add_luma(const std::uint8_t* a, const std::uint8_t* b) {
    luma_.add(a, b, width_);
    const auto at = static_cast<std::size_t>(line_) * static_cast<std::size_t>(width_);
    std::memcpy(left_.data() + at, a, static_cast<std::size_t>(width_));
    std::memcpy(right_.data() + at, b, static_cast<std::size_t>(width_));
    if (++line_ == tile_at(row_, height_).length) measure();
}

void LikenessMeter::add_chroma(const std::uint8_t* a, const std::uint8_t* b, int width) { chroma_.add(a, b, width); }

void LikenessMeter::measure() {
    if (line_ >= 8 && width_ >= 8)
        for (int column = 0; column < tiles_in(width_); ++column) {
            const auto [begin, length] = tile_at(column, width_);
            const auto stride = static_cast<std::size_t>(width_);
            scores_.tiles.push_back(ssim({left_.data() + begin, stride, length, line_}, {right_.data() + begin, stride, length, line_}));
        }
    line_ = 0;
    ++row_;
}

Likeness LikenessMeter::result() const { return {scores_.worst(), scores_.mean(), luma_.psnr(), chroma_.psnr()}; }

Likeness likeness(std::string_view original, std::string_view result) {
    Planes left{original}, right{result};
    bool same = left.count() == right.count();
    for (int c = 0; same && c < left.count(); ++c) {
        const auto &a = left.plane(c), &b = right.plane(c);
        same = a.width == b.width && a.height == b.height && a.rows == b.rows;
    }
    if (!same) throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
    LikenessMeter meter{left.plane(0).width, left.plane(0).height};
    for (int band = 0; left.more(); ++band) {
        left.next_band();
        right.next_band();
        for (int c = 0; c < left.count(); ++c) {
            const auto &a = left.plane(c), &b = right.plane(c);
            const int lines = std::min(a.rows, a.height - band * a.rows);
            for (int y = 0; y < lines; ++y)
                if (c == 0)
                    meter.add_luma(a.line(y), b.line(y));
                else
                    meter.add_chroma(a.line(y), b.line(y), a.width);
        }
    }
    left.finish();
    right.finish();
    return meter.result();
}

}  // namespace mediaferry::stages
