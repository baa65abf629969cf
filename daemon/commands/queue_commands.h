#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of `mediaferry queue`; each returns its exit code.

#include <string>
#include <vector>

#include "common/config/settings.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// Works through the queue. Throws TryLater when another run is at it.
int queue_run(const std::vector<std::string>& words, const Options&, const config::Settings&);
/// Brings back from the archive's trash what lay at these paths or below them; without any, tells what is there.
int queue_restore(const std::vector<std::string>& words, const Options&, const config::Settings&);

/// A pull puts files there, and trash relies on what lies there: not a folder that the ferry itself empties. Throws ConfigError.
void refuse_working_folders(const config::Settings&, const fs::path& local);
/// The folder here: compare.local, else the originals in backup.
fs::path queue_local(const config::Settings&);

}  // namespace mediaferry::daemon
