#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a compression came to.

#include <optional>
#include <string>

#include "common/errors/errors.h"

namespace mediaferry::stages {

/// A small copy that was made and passed every check, or the reason why the original bytes stay.
struct Compressed {
    std::optional<Reason> kept;  ///< set: no small copy; compress.tier, compress.kind, photo.…, video.…, compress.not_worth_it
    std::string extension;       ///< of the small copy, with its dot; "" = as the original's
    std::string how;             ///< "jpeg q82", "hevc crf 26 fast"
    double psnr = 0;             ///< of the decoded copy against the decoded original, luma, dB
    std::string tools;           ///< "libvips 8.14.1"
};

inline Compressed keep(std::string code, std::string text) { return {Reason{std::move(code), std::move(text)}, "", "", 0, ""}; }

}  // namespace mediaferry::stages
