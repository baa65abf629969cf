#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the owner's albums a photo is in: kept for the capsules in the archive, for after a deletion nobody else knows.

#include "common/icloud/client.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// Lists the albums and their members into media.db, at most once in 12 hours: it takes a request or more an album. The album of pending deletions
/// is ours and left out. Trouble is logged and stops nothing; what was known stays then.
void read_albums(icloud::Client&, stage::Run&);

}  // namespace mediaferry::stages
