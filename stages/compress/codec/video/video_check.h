#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A small clip against its original, both decoded from disk, frame by frame.

#include "stages/compress/codec/video/av_io.h"

namespace mediaferry::stages {

/// Same number of frames at the same times, alike to look at, sound bit for bit, rotation, dates and every metadata key the same. Returns the mean
/// luma PSNR in dB. Throws TransientError ("video.check") naming the first difference.
double check_video(av::ByteSource original, av::ByteSource result);

/// Keys of the container's metadata that a muxer writes itself and that say nothing about the photo.
bool is_muxer_key(const char* key);

}  // namespace mediaferry::stages
