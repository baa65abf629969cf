#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry archive …`: make a directory an archive, read back and heal what lies in it, bring photos home.

#include <string>
#include <vector>

#include "common/config/settings.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// init [--new] · verify … · restore …
int archive_command(const Options&, const config::Settings&);

/// verify [--sample P%|--full] [--older-than D] [--no-heal] · verify --drill N [--seed N]. 0: every copy that was read is good, or good again; 1: one
/// is not.
int archive_verify(const std::vector<std::string>& words, const Options&, const config::Settings&);
/// restore ITEM…|--all|--since DATE --to DIR [--small-copies] [--flat] [--dry-run]. 1: a file could not be restored; 69: because the NAS is away.
int archive_restore(const std::vector<std::string>& words, const Options&, const config::Settings&);

}  // namespace mediaferry::daemon
