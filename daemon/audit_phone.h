#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The audit of what counts as at Google: whether the receipts still say so, and whether Syncthing still agrees. Asks, and never has it scan.

#include <optional>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/syncthing/road.h"
#include "daemon/audit_facts.h"
#include "daemon/audit_ledger.h"

namespace mediaferry::daemon {

class AuditPhone {
public:
    AuditPhone(const config::Settings& settings, const Clock& clock) : settings_(settings), clock_(clock) {}

    /// Not reached: the ledger says so, and only the receipts are looked at.
    void open(Ledger&);
    bool reached() const { return road_.has_value(); }
    void file(const AuditFacts&, Ledger&);

private:
    void ask(const media_db::MediaItem&, const media_db::Copy&, const syncthing::Receipt&, Ledger&);
    void still_delivered(const media_db::MediaItem&, const syncthing::Receipt&, Ledger&);

    const config::Settings& settings_;
    const Clock& clock_;
    std::optional<syncthing::Road> road_;
};

}  // namespace mediaferry::daemon
