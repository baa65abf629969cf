#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The boxes of a MOV or MP4 file, by our own reading: what libav has no place for is carried over by them, and lies in them are seen before libav
// believes them. (ISO 14496-12; Apple's QuickTime File Format.)

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stages/compress/codec/video/av_io.h"

namespace mediaferry::stages::mov {

/// A box: either its payload as bytes, or the boxes in it (moov, trak, mdia, minf, stbl, tref are taken apart).
struct Box {
    std::string type;  ///< four characters
    std::string payload;
    std::vector<Box> boxes;

    const Box* find(std::string_view type) const;
    Box* find(std::string_view type);
    /// "mdia/minf/stbl"
    const Box* at(std::string_view path) const;
    Box* at(std::string_view path);
    std::string bytes() const;
};

/// A box at the top of a file; what it holds is not read.
struct Piece {
    std::string type;
    std::uint64_t at = 0, header = 8, size = 0;  ///< bytes; `size` includes the header
};

struct Movie {
    std::vector<Piece> pieces;
    Box moov;
};

/// Throws BadInput: "video.container" (no MOV or MP4), "video.header" (too large to be true), "video.broken" (a box reaches past its end).
Movie read_movie(const av::ByteSource&);
/// What `bytes` hold, taken apart. Throws BadInput ("video.broken").
std::vector<Box> boxes_in(std::string_view bytes, int depth = 0);

/// Big-endian numbers; reading past the end throws BadInput ("video.broken").
std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size);
void set_number(std::string& bytes, std::size_t at, std::size_t size, std::uint64_t value);
void add_number(std::string& bytes, std::size_t size, std::uint64_t value);

}  // namespace mediaferry::stages::mov
