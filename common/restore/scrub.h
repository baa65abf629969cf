#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Reading everything again, the least recently read first: copies on the NAS past the page cache, and of the same files what lies at home. What has
// rotted is told, and healed when a healer is given.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/restore/heal.h"

namespace mediaferry::restore {

struct Finding {
    MediaId id;
    std::string filename;
    std::string place;  ///< nas | local | library
    fs::path path;
    Reason reason;
    std::optional<Healed> healed;
    std::optional<Reason> not_healed;
};

struct ScrubWanted {
    int percent = 100;                               ///< of the files
    std::optional<std::chrono::seconds> older_than;  ///< only those not read for so long
    std::function<Healer&()> healer;                 ///< asked at the first damage; absent: nothing is healed
    std::function<void(const Finding&)> found;
    std::function<void(std::int64_t done, std::int64_t of)> progress;
    archive::Stop stop;
};

struct Scrub {
    std::int64_t archived = 0;  ///< files that are, or were, on the NAS
    std::int64_t read = 0;      ///< copies on the NAS that were looked for
    std::int64_t good = 0;      ///< of them
    std::int64_t at_home = 0;   ///< originals and small copies read
    std::int64_t healed = 0;
    Bytes bytes;  ///< read on the NAS
    std::vector<Finding> findings;
    std::int64_t unhealed() const { return static_cast<std::int64_t>(findings.size()) - healed; }
};

/// A copy that is bad stops counting at once, healed or not: media.db is told before anything else happens. Throws Interrupted, and Unavailable when
/// the archive goes away.
Scrub scrub(media_db::MediaDb&, const config::Settings&, const Clock&, archive::Archive&, const ScrubWanted&);

}  // namespace mediaferry::restore
