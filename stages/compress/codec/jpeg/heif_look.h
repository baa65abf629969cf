#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The boxes of a HEIC or AVIF (ISO 14496-12, 23008-12): which pictures it holds besides the one that is shown. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::stages {

struct HeifFacts {
    bool is_heif = false;
    bool avif = false;
    bool raw = false;                     ///< Canon's CR3: the same boxes around a sensor's samples
    bool sequence = false;                ///< frames in a track, as a clip has them
    std::uint32_t width = 0, height = 0;  ///< of the primary item, the tiles of a grid put together
    int depth = 8;
    bool full_chroma = false;          ///< its colours have more samples than one for four pixels
    int quarter_turns = 0;             ///< that the shown picture is turned by, counterclockwise
    bool cropped_or_mirrored = false;  ///< besides
    std::vector<std::string> further;  ///< "a gain map", "a depth map", "an alpha plane", "a matte", "several pictures", "audio or other data"
    bool cut = false;                  ///< a box leads outside the file, or what must be there is not
};

/// Never throws. Boxes below 8 levels and items past 4096 are not looked at.
HeifFacts look_at_heif(std::string_view file);

}  // namespace mediaferry::stages
