#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A frame's brightness, for comparing.

#include "stages/compress/codec/video/suited.h"
#include "stages/compress/codec/video/ssim.h"

namespace mediaferry::stages {

/// Its luma plane as it lies there.
Plane luma_of(const AVFrame*);

/// The luma of frames at the size of the small copy, by the same filter that made that one; the other planes are not touched.
class LumaScaler {
public:
    explicit LumaScaler(const Look& look) : look_(look) {}
    /// Valid until the next call, or the frame's end. Throws BadInput when the frame is not of the size or depth that the clip began with.
    Plane of(const AVFrame*);

private:
    const Look& look_;
    std::vector<std::uint8_t> pixels_;
    av::Scaler scaler_;
};

}  // namespace mediaferry::stages
