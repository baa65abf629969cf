#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The planes of a JPEG as they are stored, a band at a time: no colour is converted, no chroma spread out.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stages/compress/codec/jpeg/jpeg_handles.h"

namespace mediaferry::stages {

struct Plane {
    int width = 0, height = 0;                   ///< of the whole picture in this component
    int rows = 0;                                ///< lines of one band
    std::size_t stride = 0;                      ///< at least the width
    int across_sampling = 1, down_sampling = 1;  ///< samples of this component in one MCU, counted in blocks
    std::vector<std::uint8_t> pixels;            ///< of one band

    const std::uint8_t* line(int y) const { return pixels.data() + static_cast<std::size_t>(y) * stride; }
};

/// Throws BadInput ("photo.broken") for a picture that does not decode without a warning, or has more than three components.
class Planes {
public:
    /// The bytes must live as long. `eighths`: the scale of the pixels, done on the coefficients (8: as they are).
    explicit Planes(std::string_view jpeg, unsigned eighths = 8);

    int count() const { return count_; }
    const Plane& plane(int index) const { return planes_[static_cast<std::size_t>(index)]; }
    /// Whether the next band is there.
    bool more();
    /// Lines of each plane that lie below the picture's last one are filled up, too.
    void next_band();
    /// Throws when there is less than a whole picture.
    void finish();
    bool is_grey_or_ycc();

private:
    JpegDecoder decoder_;
    int count_ = 0;
    std::array<Plane, 3> planes_;
};

}  // namespace mediaferry::stages
