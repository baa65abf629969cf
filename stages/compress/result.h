#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a compression came to.

#include <map>
#include <optional>
#include <string>

#include "common/errors/errors.h"
#include "common/types/bytes.h"

namespace mediaferry::stages {

/// A small copy that was made and passed every check, or the reason why the original bytes stay.
struct Compressed {
    std::optional<Reason> kept;  ///< set: no small copy; compress.tier, compress.kind, photo.…, video.…, compress.not_worth_it
    std::string extension;       ///< of the small copy, with its dot; "" = as the original's
    std::string how;             ///< "jpeg q82", "hevc crf 26 fast"
    double psnr = 0;             ///< of the decoded copy against the decoded original, luma, dB
    std::string tools;           ///< "libvips 8.14.1"
    /// What its codec measured, also of a file that is kept, by names such as ssim_p5 (5th percentile of 64x64 tiles, or of frames), ssim,
    /// quality (the one chosen), megapixels, seconds (of a clip). They are written down with the copy.
    std::map<std::string, double> measures = {};
    double cpu_seconds = 0;  ///< of its codec program, counted by us
    double seconds = 0;      ///< and by the clock on the wall
    Bytes peak_memory;       ///< and its largest resident set
};

inline Compressed keep(std::string code, std::string text) { return {Reason{std::move(code), std::move(text)}, "", "", 0, "", {}, 0, 0, {}}; }

}  // namespace mediaferry::stages
