#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a clip small with libav: the picture is encoded again, everything else (sound, time stamps, rotation, dates, Apple's keys) is carried
// over and checked. What cannot be carried over without loss keeps its bytes (facts/compression.md A.3).

#include <functional>

#include "common/config/settings.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "stages/compress/result.h"

namespace mediaferry::stages {

/// Writes the small copy of `original` to the new file `result`, fsynced and checked by video_check. Stops early (kept, compress.not_worth_it) once
/// the result grows past the original. `stop` true throws Interrupted. Throws BadInput when the original does not decode cleanly from end to end.
Compressed compress_video(const fs::path& original, const fs::path& result, const config::VideoTier&, const std::function<bool()>& stop = {});

/// Extension a tier's result gets: AV1 cannot live in MOV (FFmpeg 5.1), so it goes to MP4; else as the original.
std::string video_extension(const fs::path& original, const config::VideoTier&);

}  // namespace mediaferry::stages
