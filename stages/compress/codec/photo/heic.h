#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A HEIC made again with fewer pixels, where its tier asks for that: decoded and encoded by libheif, its colours never converted, its picture never
// turned, its EXIF and XMP the same bytes.

#include <string>

#include "stages/compress/codec/jpeg/kind.h"
#include "stages/compress/order.h"

namespace mediaferry::stages {

/// Writes the small copy of `file` into `order.result`, reads it back from there and compares, or says why the original stays. `facts` say that it
/// holds one picture of 8 bits. Throws BadInput ("photo.broken") when the original does not decode, TransientError ("photo.check") when the copy does
/// not hold.
Compressed reduced_heic(const std::string& file, const PhotoFacts& facts, const Order& order);

}  // namespace mediaferry::stages
