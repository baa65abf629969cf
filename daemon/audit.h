#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The promise (I1 to I10), held against everything that media.db, the folders and the NAS tell now. Reads only.

#include <map>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/types/timestamp.h"

namespace mediaferry::daemon {

struct Invariant {
    std::string name;     ///< "I1"
    std::string promise;  ///< one line
    std::int64_t checked = 0;
    std::int64_t violations = 0;
    std::vector<std::string> first;  ///< some of them, a sentence each
};

struct Audit {
    std::vector<Invariant> invariants;
    std::string not_asked;  ///< why the folders or the NAS were not looked at; "" when they were
    bool holds() const;
};

/// `offline`: media.db alone.
Audit audit(media_db::MediaDb&, const config::Settings&, bool offline, Timestamp now);

}  // namespace mediaferry::daemon
