#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A JPEG made smaller without ever becoming pixels: its DCT coefficients are read, divided by coarser steps and written again. A quarter of a
// decoding's work, a sixth fewer bytes than encoding anew at the same quality, and no second rounding of colours (facts/compression.md 0.2).

#include <memory>
#include <string>
#include <string_view>

#include "stages/compress/codec/photo/ssim.h"

namespace mediaferry::stages {

/// The coefficients of one JPEG in memory: 2 bytes each, so 3 bytes a pixel where chroma is halved both ways. Every function throws BadInput
/// ("photo.broken") for a file that does not decode without a warning.
class Coefficients {
public:
    /// The bytes must live as long.
    explicit Coefficients(std::string_view jpeg);
    ~Coefficients();

    /// How alike brightness would look at `quality` (1-100), on every fourth tile, spread over the whole picture. Nothing is encoded:
    /// the sampled blocks are requantised and painted.
    TileScores sampled(int quality);
    /// Whether `quality` has a coarser step than the photo has already.
    bool changes_at(int quality) const;
    bool is_grey_or_ycc() const;

    /// The JPEG with no quantisation step finer than that of `quality`, its Huffman tables fitted to it, without metadata. Steps that are coarser
    /// already stay. The coefficients are used up: call it once, last.
    std::string requantised(int quality);
    /// The very same coefficients, better packed: every pixel stays what it was. Call it once, last.
    std::string repacked();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// "libjpeg-turbo 2.1.5"
std::string jpeg_library();

}  // namespace mediaferry::stages
