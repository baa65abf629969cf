#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How many processes work at one stage: each holds a lock file, so the daemon's and a person's runs share one count, and
// the kernel frees the slot of a process that died.

#include <optional>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/files/files.h"
#include "common/media_db/runs.h"

namespace mediaferry::daemon {

struct Slot {
    int number = 0;
    files::Lock lock;
};

/// The first free slot of the stage; nullopt: all settings.processes(stage) are taken.
std::optional<Slot> take_slot(const config::Settings&, std::string_view stage);
fs::path slot_file(const config::Settings&, std::string_view stage, int number);

/// Everything that could have the database open, for as long as this is held: the daemon's lock and each stage's slots. Throws TryLater
/// ("db.in_use").
std::vector<files::Lock> stop_the_house(const config::Settings&);

/// Whether the process of an unfinished run is still there and holds its slot. `own_slot` is the one we hold ourselves.
bool still_runs(const config::Settings&, const media_db::RunRow&, std::optional<int> own_slot);

/// Closes the runs of the stage whose process is gone and gives back what they held: a death counted, unless `signal` says that it was asked to stop, or its
/// last words that memory ran out.
/// `signal` is how process `pid` ended, when its parent knows. Returns how many items had been held.
std::int64_t sweep_dead_runs(media_db::MediaDb&, const config::Settings&, std::string_view stage, std::optional<int> own_slot, Timestamp now,
                             int pid = 0, int signal = 0);

}  // namespace mediaferry::daemon
