#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The audit of secrets (I9): who may read the files they are in, and whether one is in media.db or on the command line of a process.

#include "common/config/settings.h"
#include "daemon/audit_ledger.h"

namespace mediaferry::daemon {

void audit_secrets(const config::Settings&, Ledger&);

}  // namespace mediaferry::daemon
