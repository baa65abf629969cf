// SPDX-License-Identifier: GPL-3.0-or-later
// The boxes of a clip: what is read of them lies in the file, and what is written of them says the same.
#include <algorithm>
#include <cstring>

#include "stages/compress/codec/video/carried.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using namespace mediaferry::stages;
using fuzz::require;

FUZZ(movie) {
    const av::ByteSource source{input.size(), [&](std::uint64_t at, char* to, std::size_t most) {
                                    const auto count =
                                        std::min<std::size_t>(most, at < input.size() ? input.size() - static_cast<std::size_t>(at) : 0);
                                    std::memcpy(to, input.data() + at, count);
                                    return count;
                                }};
    try {
        const auto header = mov::read_header(source);
        for (const auto& track : header.tracks)
            for (const auto& chunk : track.chunks)
                require(chunk.at <= input.size() && chunk.size <= input.size() - chunk.at, "a chunk outside the file");
        const auto bytes = header.movie.moov.bytes();
        require(mov::boxes_in(bytes).at(0).bytes() == bytes, "an index that is read otherwise than it was written");
        const auto converted = mov::as_mp4(header.movie.moov);
        require(mov::as_mp4(converted).bytes() == converted.bytes(), "an MP4's index that is changed once more");
        if (!mov::not_carried(source, header).empty()) return;
        for (const auto& piece : mov::carried_pieces(source, header)) require(piece.size() <= input.size(), "a piece larger than the file");
    } catch (const BadInput&) {
    }
}
