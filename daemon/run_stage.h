#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `--run-stage`: the only way work happens, for the daemon, for `run` and for a person alike. Takes a slot, clears up after
// runs that died, loads the module, lets it work, says what became of it.

#include <string>

#include "common/config/settings.h"
#include "common/stage/run.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// Exit code of DESIGN section 6. Throws UsageError for an unknown stage, BadInput for an unknown item, TryLater when every slot is taken.
int run_stage(const Options&, const config::Settings&);

/// "nas_archive: 12 done, 1 waiting, 0 need a person, 34.1 MiB in 2.3s"
std::string summary_line(std::string_view stage, const media_db::Runs::Progress&, std::chrono::milliseconds);

}  // namespace mediaferry::daemon
