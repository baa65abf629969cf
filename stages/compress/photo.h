#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a photo small with libvips. Only JPEG is re-encoded: for every other kind a re-encoding would lose something (facts/compression.md
// F, tier table), so those keep their bytes.

#include "common/config/settings.h"
#include "common/types/fs.h"
#include "stages/compress/result.h"

namespace mediaferry::stages {

/// Writes the small copy of `original` to the new file `result`, fsynced, decoded again from there and compared; every metadata segment is the
/// original's, byte for byte, and the orientation with it. When the answer is `kept` there is no result file.
/// Throws TransientError or BadInput when the original cannot be read as what it says it is.
Compressed compress_photo(const fs::path& original, const fs::path& result, const config::PhotoTier&);

/// Before the first photo: libvips without untrusted loaders, caches or threads of its own.
void start_libvips();

}  // namespace mediaferry::stages
