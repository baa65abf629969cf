#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A small copy that lost nothing: a JPEG XL out of which the very JPEG can be restored. The codec program does that, behind its walls
// (stages/compress/codec); what comes back is believed only for its checksum.

#include "common/config/settings.h"
#include "common/files/files.h"

namespace mediaferry::restore {

/// Whether a small copy of that name may be one.
bool may_be_reversible(const fs::path& small_copy);

/// Writes the JPEG that was packed into the open JPEG XL `from` (of that size and checksum) into the new file `to`. At most `size` bytes: the
/// original's. Throws TransientError ("restore.codec") when none comes out. The caller holds the bytes against the original's checksum.
void restore_jpeg(int from, const files::Digests& of, const fs::path& to, Bytes size, const config::Compress&);

}  // namespace mediaferry::restore
