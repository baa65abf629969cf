#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// "mvhd", "tkhd" and "mdhd": version 1 has wider times than version 0, and so everything lies elsewhere. (ISO 14496-12, 8.2.2, 8.3.2, 8.4.2)

#include "stages/compress/codec/video/boxes.h"

namespace mediaferry::stages::mov {

struct Field {
    std::size_t at = 0, size = 0;  ///< bytes in the payload
};

/// Where things lie in that box. Throws BadInput ("video.broken") when it has no version.
struct Places {
    explicit Places(const Box& header);
    Field created, changed, timescale, track, duration, language;
    Field width_and_height;  ///< of "tkhd": its end
};

std::uint64_t get(const Box&, Field);
/// Cut to the field's size.
void set(Box&, Field, std::uint64_t value);

/// The original's header with the new duration; of a track also with the new size, when the pictures were `resized`.
Box movie_header(const Box& original, const Box& made);
Box track_header(const Box& original, const Box& made, bool resized);
/// The new header with the dates and the language of the original.
Box media_header(const Box& original, const Box& made);

}  // namespace mediaferry::stages::mov
