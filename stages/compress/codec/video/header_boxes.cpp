// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/header_boxes.h"

namespace mediaferry::stages::mov {

Places::Places(const Box& header) {
    const bool wide = number(header.payload, 0, 1) == 1;
    const std::size_t time = wide ? 8 : 4;
    created = {4, time};
    changed = {4 + time, time};
    const std::size_t next = 4 + 2 * time;
    if (header.type == "tkhd") {
        track = {next, 4};
        duration = {next + 8, time};
        width_and_height = {header.payload.size() - std::min<std::size_t>(8, header.payload.size()), 8};
    } else {
        timescale = {next, 4};
        duration = {next + 4, time};
        language = {duration.at + time, 2};  // of "mdhd"
    }
}

std::uint64_t get(const Box& box, Field field) { return number(box.payload, field.at, field.size); }
void set(Box& box, Field field, std::uint64_t value) { set_number(box.payload, field.at, field.size, value); }

Box movie_header(const Box& original, const Box& made) {
    auto header = original;
    set(header, Places{original}.duration, get(made, Places{made}.duration));
    return header;
}

Box track_header(const Box& original, const Box& made, bool resized) {
    auto header = original;
    const Places here{original}, there{made};
    set(header, here.duration, get(made, there.duration));
    if (resized) set(header, here.width_and_height, get(made, there.width_and_height));
    return header;
}

Box media_header(const Box& original, const Box& made) {
    auto header = made;
    const Places from{original}, to{made};
    set(header, to.created, get(original, from.created));
    set(header, to.changed, get(original, from.changed));
    set(header, to.language, get(original, from.language));
    return header;
}

}  // namespace mediaferry::stages::mov
