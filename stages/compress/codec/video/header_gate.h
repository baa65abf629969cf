#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a clip says of itself, held against what can be true, before any library believes it.

#include "stages/compress/codec/video/boxes.h"

namespace mediaferry::stages::mov {

struct Chunk {
    std::uint64_t at = 0, size = 0;  ///< bytes in the file
};

struct Track {
    std::uint32_t id = 0;
    std::string handler;        ///< "vide", "soun", "meta", "tmcd", …
    std::string kind;           ///< first sample description: "avc1", "mebx", …
    int kinds = 0;              ///< sample descriptions
    std::uint64_t samples = 0;  ///< pictures, sound packets
    std::uint64_t bytes = 0;    ///< of all samples
    double seconds = 0;
    std::vector<Chunk> chunks;
};

struct Header {
    Movie movie;
    std::vector<Track> tracks;  ///< in the order of the trak boxes
    std::uint32_t timescale = 0;
    bool fragmented = false;
};

/// Throws BadInput: those of read_movie(), "video.header" when sizes, counts or durations cannot be true, "video.broken" when a sample would lie
/// behind the end of the file.
Header read_header(const av::ByteSource&);

}  // namespace mediaferry::stages::mov
