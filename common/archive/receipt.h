#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What is written down of a proof, so that it can be told later: how, when, through which archive and mount.

#include <string>

#include "common/archive/archive.h"
#include "common/media_db/rows.h"

namespace mediaferry::archive {

/// JSON for a copy that was read back on its way into the archive.
std::string first_receipt(const Archive&, const Stored&, Timestamp now);
/// The copy's receipt with its latest reading added.
std::string later_receipt(const media_db::Copy&, const Archive&, const Proof&, Timestamp now);
/// uuid of the archive the copy was proven in; "" when the receipt does not say.
std::string archive_of(const media_db::Copy&);
/// False: it was read back from a server that nobody made flush it (files::Store::flushes); until it settled it may lie in a memory alone.
bool was_flushed(const media_db::Copy&);

}  // namespace mediaferry::archive
