#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How alike two JPEGs of one shape look, decoded in full, a band at a time.

#include <string_view>

#include "stages/compress/codec/photo/ssim.h"

namespace mediaferry::stages {

struct Likeness {
    double worst = 1;    ///< SSIM of brightness, 5th percentile of the tiles (ssim.h)
    double mean = 1;     ///< of all tiles
    double luma = 99;    ///< peak signal-to-noise ratio in dB; 99 for equal pictures
    double chroma = 99;  ///< the same of both colour channels as they are stored, not spread over all pixels
};

/// Memory for a band of each, however large the pictures are (a progressive one keeps its coefficients, 2 bytes each).
/// Throws BadInput ("photo.broken") when one does not decode to its end without a warning, TransientError ("photo.check") when they are not of one shape.
Likeness likeness(std::string_view original, std::string_view result);

}  // namespace mediaferry::stages
