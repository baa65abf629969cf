#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A photo with fewer pixels: scaled while it is decoded (libjpeg's DCT scaling, nearly for nothing), the rest of the way by libvips, plane by plane,
// so that its colours are never converted and its chroma sampling stays.

#include <string>
#include <string_view>

namespace mediaferry::stages {

struct Size {
    int width = 0, height = 0;
};

/// What a picture is reduced to: at most `megapixels` (5 % more where that is a plain half, quarter or eighth of it, which costs no second step).
Size reduced_size(int width, int height, double megapixels);

/// The reduced picture as a JPEG of the finest steps, without metadata: what a small copy is made of and held against.
/// Throws BadInput ("photo.broken"), vips::VError.
std::string reduced_jpeg(std::string_view jpeg, double megapixels);

}  // namespace mediaferry::stages
