#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A photo with fewer pixels: scaled while it is decoded (libjpeg's DCT scaling, nearly for nothing), the rest of the way by libvips, plane by plane,
// so that its colours are never converted and its chroma sampling stays.

#include <string>
#include <string_view>

#include "stages/compress/codec/photo/picture.h"

namespace mediaferry::stages {

/// The reduced picture as a JPEG of the finest steps, without metadata: what a small copy is made of and held against.
/// Throws BadInput ("photo.broken"), vips::VError.
std::string reduced_jpeg(std::string_view jpeg, double megapixels);

}  // namespace mediaferry::stages
