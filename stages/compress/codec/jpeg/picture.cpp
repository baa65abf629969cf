// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/picture.h"

#include <algorithm>
#include <cmath>

namespace mediaferry::stages {
namespace {

constexpr double kSlack = 1.05;

double megapixels_of(Size size) { return static_cast<double>(size.width) * size.height / 1e6; }

}  // namespace

bool is_larger(double width, double height, double megapixels) { return width * height > megapixels * 1e6 * kSlack; }

int scaled(int length, unsigned eighths) { return (length * static_cast<int>(eighths) + 7) / 8; }

Size scaled(Size size, unsigned eighths) { return {scaled(size.width, eighths), scaled(size.height, eighths)}; }

void halve(Picture& picture) {
    const auto half = scaled(picture.size, 4);
    const auto wide = static_cast<std::size_t>(picture.size.width), pairs = wide / 2;
    for (int y = 0; y < half.height; ++y) {
        const std::uint8_t* above = picture.pixels.data() + static_cast<std::size_t>(2 * y) * wide;
        const std::uint8_t* below = 2 * y + 1 < picture.size.height ? above + wide : above;
        std::uint8_t* to = picture.pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(half.width);  // never behind what is read
        for (std::size_t x = 0; x < pairs; ++x)
            to[x] = static_cast<std::uint8_t>((above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1] + 2) / 4);
        if (wide % 2 != 0) to[pairs] = static_cast<std::uint8_t>((above[wide - 1] + below[wide - 1] + 1) / 2);
    }
    picture.pixels.resize(static_cast<std::size_t>(half.width) * static_cast<std::size_t>(half.height));
    picture.size = half;
}

std::optional<Size> plainly_reduced_size(int width, int height, double megapixels) {
    for (const auto eighths : {4U, 2U, 1U}) {
        const Size plain{scaled(width, eighths), scaled(height, eighths)};
        if (megapixels_of(plain) <= megapixels * kSlack && megapixels_of(plain) > megapixels * 0.9) return plain;
    }
    return std::nullopt;
}

Size reduced_size(int width, int height, double megapixels) {
    if (const auto plain = plainly_reduced_size(width, height, megapixels)) return *plain;
    const double factor = std::sqrt(megapixels * 1e6 / (static_cast<double>(width) * height));
    return {std::max(1, static_cast<int>(std::lround(width * factor))), std::max(1, static_cast<int>(std::lround(height * factor)))};
}

}  // namespace mediaferry::stages
