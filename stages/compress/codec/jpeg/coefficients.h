#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A JPEG made smaller without ever becoming pixels: its DCT coefficients are read, divided by coarser steps and written again. A quarter of a
// decoding's work, a sixth fewer bytes than encoding anew at the same quality, and no second rounding of colours (facts/compression.md 0.2).

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stages/compress/codec/jpeg/likeness.h"
#include "stages/compress/codec/jpeg/picture.h"
#include "stages/compress/codec/jpeg/ssim.h"

namespace mediaferry::stages {

/// The coefficients of one picture in memory: 2 bytes each, so 3 bytes a pixel where chroma is halved both ways. They stay what they are, however
/// many copies are written of them. Every function throws BadInput ("photo.broken") for a file that does not decode without a warning.
class Coefficients {
public:
    enum class Generation { original, copy };
    /// Of a JPEG, as it was quantised; a `copy` has been made coarser once already. Its bytes are not needed any more once this returns.
    explicit Coefficients(std::string_view jpeg, Generation = Generation::original);
    /// Of pixels, grey or YCbCr, at the finest steps.
    explicit Coefficients(std::vector<Picture> planes);
    ~Coefficients();

    /// How alike brightness would look at `quality` (1-100), on every fourth tile, spread over the whole picture. Nothing is encoded:
    /// the sampled blocks are requantised and painted.
    TileScores sampled(int quality);
    /// Whether `quality` has a coarser step than the photo has already.
    bool changes_at(int quality) const;
    bool is_grey_or_ycc() const;

    /// A JPEG with no quantisation step finer than that of `quality`, its Huffman tables fitted to it, without metadata. Steps that are coarser
    /// already stay.
    std::string requantised(int quality) const;
    /// A JPEG of the very same coefficients, better packed: every pixel stays what it was.
    std::string repacked() const;

    /// How alike that JPEG, decoded in full, and this picture look. Throws TransientError ("photo.check") when they are not of one shape.
    Likeness likeness_of(std::string_view jpeg) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// "libjpeg-turbo 2.1.5"
std::string jpeg_library();

}  // namespace mediaferry::stages
