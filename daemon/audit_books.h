#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The audit of media.db by itself: what the rows claim is proven by other rows.

#include <set>

#include "common/config/settings.h"
#include "daemon/audit_facts.h"
#include "daemon/audit_ledger.h"

namespace mediaferry::daemon {

class AuditBooks {
public:
    AuditBooks(media_db::MediaDb& db, const config::Settings& settings, Timestamp now) : db_(db), settings_(settings), now_(now) {}

    void file(const AuditFacts&, Ledger&);
    /// Of one that is deleted from iCloud: every resource matched and proven.
    void asset(AssetId, Ledger&);
    /// The chain of events, and what is about no single file.
    void whole(Ledger&);

private:
    void nas(const AuditFacts&, Ledger&);
    void phone(const AuditFacts&, Ledger&);
    void library(const AuditFacts&, Ledger&);
    void steps(const AuditFacts&, Ledger&);
    void history(const AuditFacts&, Ledger&);
    bool held_by_somebody(const std::string& stage) const;

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    Timestamp now_;
};

}  // namespace mediaferry::daemon
