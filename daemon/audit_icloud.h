#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The audit of iCloud: what it lists is known here or new, what we called deleted is not listed any more, and of what lies in Recently Deleted
// because of us every file is here. Lists only.

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/icloud/client.h"
#include "daemon/audit_ledger.h"

namespace mediaferry::daemon {

class AuditICloud {
public:
    AuditICloud(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, std::function<bool()> stop)
        : db_(db), settings_(settings), clock_(clock), stop_(std::move(stop)) {}

    /// True: everything was listed. Not reached, or listed short: the ledger says so.
    bool look(Ledger&, const std::function<void(std::int64_t)>& seen);

private:
    void listed(const icloud::Asset&, Ledger&);
    void recently_deleted(const icloud::Asset&, Ledger&);
    std::optional<media_db::Asset> row_of(const icloud::Asset&) const;

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    const Clock& clock_;
    std::function<bool()> stop_;
    std::string zone_;
    std::optional<Timestamp> census_;
};

}  // namespace mediaferry::daemon
