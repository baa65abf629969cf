#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A PNG taken apart into its chunks, and a new one put together: the pixels packed anew, every other chunk as it was and where it was. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::stages {

struct PngParts {
    struct Chunk {
        std::string_view type, bytes;  ///< `bytes`: length, type and checksum included
        std::string_view body() const { return bytes.substr(8, bytes.size() - 12); }
    };
    std::vector<Chunk> chunks;  ///< from IHDR to IEND
    std::string_view trailer;   ///< what follows IEND
    std::uint32_t width = 0, height = 0;
    int depth = 8, colour = 0;  ///< bits a sample; 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha
    bool interlaced = false;

    int channels() const { return colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1; }
    std::uint64_t row_bytes() const { return (std::uint64_t{width} * static_cast<unsigned>(channels() * depth) + 7) / 8; }
};

/// Views into `file`, which must live as long. Throws BadInput ("photo.broken") for anything that is not a whole PNG: each checksum is computed.
PngParts take_png_apart(std::string_view file);

/// Only what says how to draw the pixels, and the pixels: what a decoder needs, and no metadata for it to stumble over.
std::string png_pixels_only(const PngParts&);

/// `original` with the packed pixels (IDAT chunks) of `packed`, a PNG of the same picture without interlacing. Apple's iDOT goes: it says where in
/// the old packed bytes the lower half begins, and would be a lie.
std::string put_png_together(const PngParts& original, const PngParts& packed);

/// Whether everything besides the packed pixels is the same, chunk by chunk.
bool same_but_for_packing(const PngParts& original, const PngParts& result);

}  // namespace mediaferry::stages
