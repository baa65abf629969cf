#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The promise (I1 to I10), held against everything that can be asked: media.db, the folders at home, the NAS, Syncthing and iCloud. Reads only.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/types/bytes.h"
#include "common/types/ids.h"

namespace mediaferry::daemon {

struct Violation {
    std::optional<MediaId> item;
    std::string filename;  ///< "" when it is about no single file
    std::string what;
};

struct Invariant {
    std::string name;     ///< "I1"
    std::string promise;  ///< one line
    std::int64_t checked = 0;
    std::int64_t violations = 0;
    std::vector<Violation> first;  ///< at most a thousand of them
};

/// Part of the world that was to be looked at and could not be.
struct Unreached {
    std::string part;  ///< nas | syncthing | icloud | bytes
    std::string code, text;
    bool sign_in = false;  ///< a person must sign in
};

struct AuditWanted {
    std::set<std::string> without;  ///< parts left out: nas, syncthing, icloud
    int percent = 0;                ///< of the files, whose bytes are read again: local originals, small copies, NAS copies past the page cache
    std::uint64_t seed = 0;         ///< which ones
    std::function<bool()> stop;
    std::function<void(const std::string& doing, std::int64_t done, std::int64_t of)> progress;
};

struct Audit {
    std::vector<Invariant> invariants;
    std::vector<std::string> looked_at;  ///< media.db, folders, and what was reached
    std::vector<Unreached> unreached;
    std::int64_t files_read = 0;  ///< files whose bytes were read, in one place or several
    Bytes bytes_read;
    bool violated() const;
    /// Nothing is violated, and everything that was to be looked at was.
    bool holds() const { return !violated() && unreached.empty(); }
    /// 0 it holds · 1 violated · 77 not violated where it looked, and a person must sign in · 69 not violated where it looked, a part is away.
    int exit_code() const;
};

/// Throws Interrupted.
Audit audit(media_db::MediaDb&, const config::Settings&, const AuditWanted&, const Clock&);

}  // namespace mediaferry::daemon
