#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A small clip against its original, both decoded from disk, frame by frame.

#include "stages/compress/codec/video/suited.h"

namespace mediaferry::stages {

struct Verified {
    double ssim_p5 = 0;    ///< of the frames' luma SSIM: 95 of 100 are at least so alike
    double ssim_mean = 0;  ///< of all frames
    double psnr = 0;       ///< mean, dB
};

/// Same number of frames at the same times, alike to look at, sound packet for packet, bit for bit; size, depth, colours, rotation, dates, language
/// and every metadata key the same. Throws TransientError ("video.check") naming the first difference. Whether it is alike enough is for the
/// caller to say; what is no picture of the original at all is a difference.
Verified check_video(const av::ByteSource& original, const mov::Header&, const av::ByteSource& result, const Look&, const config::VideoTier&);

}  // namespace mediaferry::stages
