#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The daily backup of media.db, in <state directory>/backups; the last seven are kept.

#include <vector>

#include "common/stage/run.h"
#include "common/types/fs.h"

namespace mediaferry::stages {

bool backup_is_due(stage::Run&);
/// Writes one and returns its path.
fs::path write_backup(stage::Run&);
/// Daily backups beyond the newest seven, and those that a killed run, or a killed `mediaferry db backup`, did not finish. Others in that directory are not
/// ours to count.
std::vector<fs::path> surplus_backups(stage::Run&);

}  // namespace mediaferry::stages
