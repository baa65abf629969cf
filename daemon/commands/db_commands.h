#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry db adopt|backup|check`.

#include <iosfwd>

#include "common/config/settings.h"
#include "common/types/fs.h"
#include "common/types/timestamp.h"

namespace mediaferry::daemon {

/// Takes over a media.db of the earlier Python scripts, in place; empty `file` means the configured one. The backup FILE.before-adoption is made
/// first.
int db_adopt(const config::Settings&, const fs::path& file, bool json, Timestamp now, std::ostream& out, std::ostream& err);
/// Writes a checked copy; empty `target` means a new name in <state directory>/backups. Never overwrites.
int db_backup(const config::Settings&, const fs::path& target, bool json, Timestamp now, std::ostream& out, std::ostream& err);
/// Integrity, references, counters, history. 0, or 65 and what is wrong, one a line, on `out`.
int db_check(const config::Settings&, bool json, std::ostream& out, std::ostream& err);

}  // namespace mediaferry::daemon
