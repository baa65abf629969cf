#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The codec programs (stages/compress/codec), as whoever has something decoded starts them: where they lie, and what they get of ours, which is
// next to nothing.

#include <array>
#include <string_view>

#include "common/process/process.h"
#include "common/types/fs.h"

namespace mediaferry::codec {

/// For a JPEG that stays one; for every other photo; for clips.
inline constexpr std::string_view kJpeg = "jpeg-codec", kPhoto = "photo-codec", kVideo = "video-codec";
inline constexpr std::array kPrograms{kJpeg, kPhoto, kVideo};

/// lib/mediaferry, beside bin/. A test may name another place (MEDIAFERRY_CODECS_DIR).
fs::path directory();
/// That program, in no folder of ours, ended at once when it has to be (it has nothing to tidy up); of our environment only what the loader, the
/// sanitizers and a fault campaign need: a password may be in the rest.
process::Command command(std::string_view program);

}  // namespace mediaferry::codec
