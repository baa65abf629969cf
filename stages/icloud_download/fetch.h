#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What icloudpd left out, cut short or cannot fetch: edited movies, sidecars, the second asset of a master, starved files.

#include <cstdint>

#include "common/icloud/client.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

struct Fetched {
    std::int64_t files = 0;
    std::int64_t failed = 0;
};

/// Downloads every listed resource that has no file and is due, each verified against Apple's checksum before it is taken in. A file that fails waits
/// with the configured backoff, then needs a person. Throws Busy/Unavailable when iCloud as a whole turns us away, TransientError when the disk is
/// full.
Fetched fetch_missing(icloud::Client&, stage::Run&);

}  // namespace mediaferry::stages
