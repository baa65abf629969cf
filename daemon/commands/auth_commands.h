#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry auth status|login`: the iCloud session, for a person.

#include "common/config/settings.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

/// auth status [--check] [--json]: what is known without asking Apple; --check validates the session. Exit 0 when all is well, 77 when a person must
/// act. auth login [--fresh] [--code-file FILE]: logs in with the configured password; the code comes from the terminal (or stdin), or from the
/// file's first line. --fresh forgets the present session first, so that Apple trusts us for another month. Exit 0, 77, 75 (throttled, or the session
/// is in use), 69.
int auth_command(const Options&, const config::Settings&);

}  // namespace mediaferry::daemon
