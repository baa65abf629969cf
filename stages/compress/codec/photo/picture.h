#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A picture in memory as its planes, and what it becomes with fewer pixels: plane by plane, so that its colours are never converted and its chroma
// sampling stays.

#include <cstdint>
#include <vector>

namespace mediaferry::stages {

struct Size {
    int width = 0, height = 0;
    bool operator==(const Size&) const = default;
};

/// One plane of 8-bit samples, without padding.
struct Picture {
    Size size;
    int across_sampling = 1, down_sampling = 1;  ///< of a JPEG's component
    std::vector<std::uint8_t> pixels;
};

/// What a length becomes with `eighths` of its pixels, as libjpeg rounds.
int scaled(int length, unsigned eighths);

/// What a picture is reduced to: at most `megapixels` (5 % more where that is a plain half, quarter or eighth of it, which costs no second step).
Size reduced_size(int width, int height, double megapixels);

/// By libvips. Throws vips::VError.
void reduce(Picture&, Size to);

}  // namespace mediaferry::stages
