#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The directories of a TIFF, which is also what EXIF and most camera RAW files are made of. Pure.

#include <cstdint>
#include <string_view>

namespace mediaferry::stages {

struct TiffFacts {
    bool is_tiff = false;
    bool dng = false;                     ///< DNGVersion
    bool raw = false;                     ///< a sensor's samples somewhere in it, or a first directory that is only a preview of another
    std::uint32_t width = 0, height = 0;  ///< of the first directory
    int depth = 8;
    bool panorama = false;  ///< CustomRendered 6, as iPhones mark theirs
    bool cut = false;       ///< a directory leads outside the file
};

/// Never throws. Follows at most 64 directories, each once.
TiffFacts look_at_tiff(std::string_view file);

}  // namespace mediaferry::stages
