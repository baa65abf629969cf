#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Which JPEGs keep their bytes, and what must be the same in a small copy. Pure.

#include <optional>

#include "stages/compress/codec/jpeg/jpeg_parts.h"
#include "stages/compress/result.h"

namespace mediaferry::stages {

/// Why this JPEG keeps its bytes, if it does: photo.exotic, photo.deep, photo.cmyk, photo.trailer, photo.size.
std::optional<Compressed> exotic(const JpegParts&);

/// Bytes that its coefficients take in memory, about.
std::size_t coefficient_bytes(double megapixels, bool full_chroma);

/// The small copy has every metadata segment and the trailer of the original; only a list of pictures may have moved. Throws TransientError
/// ("photo.check").
void check_metadata(const JpegParts& original, const JpegParts& result);

/// How many bytes before its end a photo says that a movie or further pictures begin (Motion Photo: XMP's MicroVideoOffset, or the lengths of its
/// Container's items); 0: it says nothing of the kind.
std::uint64_t promised_behind(const JpegParts&);

}  // namespace mediaferry::stages
