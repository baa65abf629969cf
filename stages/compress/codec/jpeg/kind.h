#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a photo is, by its bytes and never by its name: the kind, and what of it a re-encoding would lose (facts/compression.md A.2, tier table).
// Pure; nothing is decoded, every offset is checked before it is followed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "stages/compress/result.h"

namespace mediaferry::stages {

enum class PhotoKind { unknown, jpeg, png, gif, tiff, raw, heic, avif, webp, jpeg_xl };

struct PhotoFacts {
    PhotoKind kind = PhotoKind::unknown;
    std::string format;                   ///< for a person: "JPEG", "animated PNG", "DNG"
    std::uint32_t width = 0, height = 0;  ///< of the main picture; 0: its header does not tell
    int depth = 8;                        ///< bits a sample
    bool animated = false;                ///< more than one frame: APNG, WebP, an image sequence
    bool panorama = false;                ///< XMP GPano, or a camera's own mark
    bool reversible = false;              ///< a JPEG XL that a JPEG can be restored from
    bool full_chroma = false;             ///< a HEIC's colours have more than one sample for four pixels
    int quarter_turns = 0;                ///< a HEIC's, counterclockwise
    bool cropped_or_mirrored = false;     ///< by a HEIC's properties
    std::vector<std::string> further;     ///< pictures besides the main one: "a gain map", "a depth map", "an alpha plane", "several pictures"
    std::optional<std::string> cut;       ///< where its structure leads outside the file, for a person
};

/// Never throws for what the bytes say. A JPEG is told from its segments up to the first scan.
PhotoFacts look_at_photo(std::string_view file);

/// Why a photo of this kind, `bytes` long, keeps them in this tier, with a stable code: photo.gif, photo.tiff, photo.raw, photo.heic, photo.avif,
/// photo.webp, photo.jxl, photo.animated, photo.panorama, photo.depth, photo.size, photo.kind. nullopt: there is a way to make it smaller.
std::optional<Reason> kept_for_its_kind(const PhotoFacts&, std::size_t bytes, const config::PhotoTier&);

/// "it is a JPEG, although its name ends in .HEIC", when the extension (with its dot, any case) belongs to another kind; "" otherwise.
std::string misnamed(const PhotoFacts&, std::string_view extension);

/// What was decided, how large a picture that was about, and that the name speaks of another kind where it does.
Compressed with_its_name(Compressed, const PhotoFacts&, std::string_view extension);

constexpr std::size_t kLargestPhoto = 256U << 20;  ///< bytes; what is larger keeps them

}  // namespace mediaferry::stages
