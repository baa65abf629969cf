#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry db restore [BACKUP] [--yes]`.

#include <iosfwd>

#include "common/config/settings.h"
#include "common/types/fs.h"
#include "common/types/timestamp.h"

namespace mediaferry::daemon {

struct RestoreWish {
    fs::path backup;    ///< a path, or a name in <state directory>/backups; empty: the newest. The database itself: goes on with it as it is
    bool sure = false;  ///< --yes: does not ask
    bool json = false;
};

/// Checks the backup, moves what is there aside, puts a copy in its place, then reads off the world what happened since. Throws TryLater
/// ("db.in_use") while a daemon or a stage runs, BadInput ("db.backup").
int db_restore(const config::Settings&, const RestoreWish&, Timestamp now, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace mediaferry::daemon
