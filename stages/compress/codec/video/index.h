#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The index of a small clip: of its pictures and its sound it says what libav wrote, everything else as the original says it, byte for byte.
// (ISO 14496-12; Apple's QuickTime File Format.)

#include <functional>

#include "stages/compress/codec/video/carried.h"

namespace mediaferry::stages::mov {

/// Makes the small copy of what libav's muxer leaves behind `result` (index last, tracks numbered as in the original): the index in front, with all
/// that the original says, and the samples of the tracks that are carried. `container`: "mov" or "mp4". Throws TransientError ("video.check") when
/// libav wrote something else than expected, and as write_at().
void finish(const av::ByteSource& original_bytes, const Header& original, int result, const std::string& container, bool resized);

/// Changes where a track's chunks lie. `wide`: into numbers of 64 bits, for a file that reaches past 4 GiB.
void place_chunks(Box& trak, bool wide, const std::function<std::uint64_t(std::size_t chunk, std::uint64_t at)>& where);

/// Holds every box that must be as it was, and every sample that was carried, against the original's. Throws TransientError ("video.check") naming
/// the first difference.
void check_carried(const av::ByteSource& original_bytes, const Header& original, const av::ByteSource& result_bytes, const Header& result,
                   bool resized);

}  // namespace mediaferry::stages::mov
