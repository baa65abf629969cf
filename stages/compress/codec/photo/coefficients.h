#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A JPEG made smaller without ever becoming pixels: its DCT coefficients are read, divided by coarser steps and written again. A quarter of a
// decoding's work, a sixth fewer bytes than encoding anew at the same quality, and no second rounding of colours (facts/compression.md 0.2).

#include <string>
#include <string_view>

namespace mediaferry::stages {

/// The JPEG with no quantisation step finer than that of `quality` (1-100, as libjpeg counts), progressive, its Huffman tables fitted to it. Steps
/// that are coarser already stay; where all are, only the packing changes and every pixel stays what it was. Without metadata.
/// Throws BadInput ("photo.broken") for a file that does not decode without a warning.
std::string requantised(std::string_view jpeg, int quality);

/// How alike two JPEGs look: peak signal-to-noise ratio in dB, 99 for equal pictures. Both are decoded to the end.
struct Likeness {
    double luma = 0, chroma = 99;
};
/// Throws BadInput ("photo.broken") when one does not decode, TransientError ("photo.check") when they are not of the same shape.
Likeness likeness(std::string_view original, std::string_view result);

/// "libjpeg-turbo 2.1.5"
std::string jpeg_library();

}  // namespace mediaferry::stages
