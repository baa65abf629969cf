#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The archive this house knows: its marker's uuid is remembered at first use, so that a foreign disk at the same path is never written to.

#include <optional>
#include <string>

#include "common/archive/archive.h"
#include "common/media_db/media_db.h"
#include "common/types/ids.h"

namespace mediaferry::archive {

/// The uuid remembered; nullopt before first use.
std::optional<std::string> known_uuid(media_db::MediaDb&);
void remember(media_db::MediaDb&, const Marker&, Timestamp now);

/// Opens the archive and remembers it at first use; without a writer, this process is one. Throws what Archive::open throws.
Archive open_known(media_db::MediaDb&, const config::Archive&, Timestamp now, Writer = {});
/// The writer that a run of this house is. Files of its runs that have ended are nobody's any more.
Writer writer_of(media_db::MediaDb&, RunId, Timestamp now);

}  // namespace mediaferry::archive
