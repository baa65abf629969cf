#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How alike two grey pictures look: structural similarity in windows of 8 x 8 at every fourth pixel, averaged over tiles of 64 x 64. What counts of a
// photo is its worst part, so the tiles' 5th percentile is the measure (facts/compression.md E). Pure.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mediaferry::stages {

constexpr int kTile = 64;

/// Part of a grey picture.
struct Grey {
    const std::uint8_t* pixels = nullptr;
    std::size_t stride = 0;
    int width = 0, height = 0;
};

/// Mean SSIM of the windows that lie wholly inside both, which must be of one size, at least 8 x 8. 1 for equal pictures.
double ssim(const Grey& a, const Grey& b);

/// Where tile number `index` of a row (or column) of pixels begins and how long it is. There are max(1, length / 64); the last one takes what is left
/// over.
struct Span {
    int begin = 0, length = 0;
};
int tiles_in(int length);
Span tile_at(int index, int length);

/// What a picture's tiles come to. Pictures that are smaller than a window have none: 1.
struct TileScores {
    std::vector<double> tiles;
    double mean() const;
    double worst() const;  ///< the 5th percentile: one tile in twenty is no better
};

}  // namespace mediaferry::stages
