#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A drill: files drawn by lot are restored from the NAS, end to end, and compared with what they were on arrival. A backup that was never
// restored is a hope.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/types/ids.h"

namespace mediaferry::restore {

struct Drill {
    std::uint64_t seed = 0;
    std::int64_t files = 0, good = 0;
    Bytes bytes;
    struct Bad {
        MediaId id;
        std::string filename, what;
    };
    std::vector<Bad> bad;
    bool passed() const { return files > 0 && bad.empty(); }
};

/// Restores `count` files (all there are, when fewer) into `scratch`, which must not exist and is gone afterwards, and writes down how it went.
/// The draw depends on `seed` alone. Throws Interrupted; nothing is written down then.
Drill drill(media_db::MediaDb&, const config::Settings&, const Clock&, archive::Archive&, std::int64_t count, std::uint64_t seed,
            const fs::path& scratch, const archive::Stop&);

/// When the last drill passed; nullopt: none ever did.
std::optional<Timestamp> last_good_drill(media_db::MediaDb&);
/// A sentence when there was none within 90 days, and there is something to restore; "" otherwise.
std::string drill_nudge(media_db::MediaDb&, const config::Settings&, Timestamp now);

}  // namespace mediaferry::restore
