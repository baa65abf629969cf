#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How alike two brightness planes look.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mediaferry::stages {

struct Plane {
    const std::uint8_t* data = nullptr;  ///< 8 bits: one byte a pixel; more: two, little-endian
    std::ptrdiff_t stride = 0;           ///< bytes from row to row
    int width = 0, height = 0;
    int bits = 8;  ///< 8 to 12
};

struct Likeness {
    double ssim = 0;  ///< mean over 8x8 windows, one every 4 pixels: what FFmpeg's filter `ssim` says of the plane
    double psnr = 0;  ///< dB; 99 when no pixel differs
};

/// Of two planes of one size and depth. Planes smaller than one window are compared by their means alone.
class Ssim {
public:
    Likeness of(const Plane&, const Plane&);

private:
    std::vector<std::uint32_t> columns_;  ///< sums over four rows: a, b, a²+b², ab
    std::vector<std::uint32_t> blocks_;   ///< sums over 4x4 pixels, the last row of blocks and this one
};

/// The value that `percent` of them do not reach; 0 of none.
double percentile(std::vector<double> values, int percent);

}  // namespace mediaferry::stages
