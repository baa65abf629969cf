#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How alike two pictures of one shape look, a line at a time.

#include <string_view>

#include "stages/compress/codec/jpeg/ssim.h"

namespace mediaferry::stages {

struct Likeness {
    double worst = 1;    ///< SSIM of brightness, 5th percentile of the tiles (ssim.h)
    double mean = 1;     ///< of all tiles
    double luma = 99;    ///< peak signal-to-noise ratio in dB; 99 for equal pictures
    double chroma = 99;  ///< the same of both colour channels as they are stored, not spread over all pixels
};

/// Two pictures, line beside line.
class LikenessMeter {
public:
    LikenessMeter(int width, int height);
    /// The next line of brightness of both.
    void add_luma(const std::uint8_t* a, const std::uint8_t* b);
    void add_chroma(const std::uint8_t* a, const std::uint8_t* b, int width);
    Likeness result() const;

private:
    /// Squares of differences, summed.
    struct Difference {
        std::uint64_t sum = 0, count = 0;
        void add(const std::uint8_t* a, const std::uint8_t* b, int width);
        double psnr() const;
    };
    void measure();

    int width_, height_, row_ = 0, line_ = 0;
    std::vector<std::uint8_t> left_, right_;  ///< lines of brightness until a row of tiles is whole
    TileScores scores_;
    Difference luma_, chroma_;
};

/// Of two JPEGs, decoded in full. Memory for a band of each, however large the pictures are (a progressive one keeps its coefficients, 2 bytes each).
/// Throws BadInput ("photo.broken") when one does not decode to its end without a warning, TransientError ("photo.check") when they are not of one
/// shape.
Likeness likeness(std::string_view original, std::string_view result);

}  // namespace mediaferry::stages
