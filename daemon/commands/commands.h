#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of the command line, one file each. Every one returns its exit code; failures are exceptions.

#include "common/config/settings.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

int run_command(const Options&, const config::Settings&);
int status_command(const Options&, const config::Settings&);
int stages_command(const Options&, const config::Settings&);
int plan_command(const Options&, const config::Settings&);
int approve_command(const Options&, const config::Settings&);
int why_command(const Options&, const config::Settings&);
int history_command(const Options&, const config::Settings&);
int attention_command(const Options&, const config::Settings&);
int release_command(const Options&, const config::Settings&);
int redo_command(const Options&, const config::Settings&);
int redo_changed_policy(const Options&, const config::Settings&);  ///< redo compress --policy-changed
int compress_command(const Options&, const config::Settings&);
int audit_command(const Options&, const config::Settings&);
int doctor_command(const Options&, const config::Settings&);
int compare_command(const Options&, const config::Settings&);
int queue_command(const Options&, const config::Settings&);

}  // namespace mediaferry::daemon
