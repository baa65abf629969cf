#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A photo with fewer pixels: scaled while it is decoded (libjpeg's DCT scaling, nearly for nothing), the rest of the way, where there is one,
// plane by plane by libvips, so that its colours are never converted and its chroma sampling stays.

#include <string_view>
#include <vector>

#include "stages/compress/codec/jpeg/picture.h"

namespace mediaferry::stages {

/// The planes of the reduced picture, brightness first: what a small copy is made of and held against. The reducer is needed for any size but a plain
/// one (plainly_reduced_size()). Throws BadInput ("photo.broken"), vips::VError.
std::vector<Picture> reduced_planes(std::string_view jpeg, double megapixels, const Reducer&);

}  // namespace mediaferry::stages
