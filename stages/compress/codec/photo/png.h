#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A PNG packed better: the same pixels at the same depth, with the same palette and transparency, never a JPEG. Every other chunk is carried over
// where it was.

#include <string>
#include <string_view>

#include "stages/compress/order.h"

namespace mediaferry::stages {

/// Writes the better packed PNG into `order.result`, reads it back from there and compares every pixel, or says why the original stays.
/// Throws BadInput ("photo.broken") when the original does not decode without a warning, TransientError ("photo.check") when the copy does not hold.
Compressed smaller_png(std::string_view file, const Order& order);

/// The pixels of a PNG packed anew, as a PNG of its own without metadata and interlacing: the smallest of several ways to filter its rows.
/// They are tried quickly, and the best one or two thoroughly. nullopt when none is smaller than `limit`. Throws BadInput ("photo.broken").
std::optional<std::string> packed_png(std::string_view pixels_only, std::size_t limit);

/// Whether two PNGs have the same pixels, bit for bit. Both are decoded to the end, row beside row. Throws BadInput ("photo.broken").
bool same_png_pixels(std::string_view a, std::string_view b);

/// "libpng 1.6.39, zlib 1.2.13"
std::string png_library();

}  // namespace mediaferry::stages
