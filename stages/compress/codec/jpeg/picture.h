#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A picture in memory as its planes, and what it becomes with fewer pixels: plane by plane, so that its colours are never converted and its chroma
// sampling stays.

#include <cstdint>
#include <optional>
#include <string>
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

/// Half as wide and half as high: each pixel is the mean of four.
void halve(Picture&);

/// What a length becomes with `eighths` of its pixels, as libjpeg rounds.
int scaled(int length, unsigned eighths);
Size scaled(Size, unsigned eighths);

/// Whether a picture is to have fewer pixels. The 5 % that a reduced one may have beyond are no reason: 4032 x 3024 pass for twelve megapixels.
bool is_larger(double width, double height, double megapixels);

/// What a picture is reduced to: at most `megapixels` (5 % more where that is a plain half, quarter or eighth of it, which costs no second step).
Size reduced_size(int width, int height, double megapixels);
/// The same where it is a plain half, quarter or eighth: a JPEG's own decoder comes to that.
std::optional<Size> plainly_reduced_size(int width, int height, double megapixels);

/// How a plane comes to any other size: by a library that not every codec program has.
struct Reducer {
    void (*reduce)(Picture&, Size to) = nullptr;
    std::string library;  ///< "libvips 8.14.1"
};

}  // namespace mediaferry::stages
