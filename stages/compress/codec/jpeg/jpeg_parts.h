#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A JPEG file taken apart into its segments, and a new one put together: the pixels of one, every byte of metadata of the other. Pure.
// libvips cannot carry Apple's MakerNote (facts/compression.md 0.1); copying the segments verbatim carries everything.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::stages {

struct JpegSegment {
    std::uint8_t marker = 0;  ///< 0xE1 for APP1, 0xFE for COM, …
    std::string_view bytes;   ///< marker and length included
};

struct JpegParts {
    std::vector<JpegSegment> metadata;  ///< APP0 to APP15 and COM before the first scan, in order
    std::vector<JpegSegment> tables;    ///< DQT, SOF, DHT, DRI, … before the first scan
    std::string_view scans;             ///< from the first SOS to the last EOI
    std::string_view trailer;           ///< what follows EOI: a gain map, a Motion Photo's movie, junk
    std::uint32_t width = 0, height = 0;
    int components = 0, precision = 8;
    int scan_count = 0;        ///< 1 for most cameras, about 10 for a progressive photo
    std::uint8_t frame = 0;    ///< the SOF marker: 0xC0 baseline, 0xC1, 0xC2 progressive; others are exotic
    bool full_chroma = false;  ///< 4:4:4 or 4:2:2: chroma is not halved in both directions
};

/// Views into `file`, which must live as long. Throws BadInput ("photo.broken") for anything that is not a whole JPEG.
JpegParts take_apart(std::string_view file);

/// A file with the pixels of `encoded` and everything else of `original`: the metadata segments, and behind the pixels its trailer; a list of the
/// pictures in the trailer (multi_picture.h) leads to where they lie now. What the encoder itself wrote (its JFIF header) is left out unless the
/// original has no metadata at all.
std::string put_together(const JpegParts& original, const JpegParts& encoded);

}  // namespace mediaferry::stages
