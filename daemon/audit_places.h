#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The audit of what lies in the folders at home and on the NAS: whether it is there, and, for the files that are read, whether the bytes are right.

#include <optional>

#include "common/archive/archive.h"
#include "common/config/settings.h"
#include "daemon/audit_facts.h"
#include "daemon/audit_ledger.h"

namespace mediaferry::daemon {

class AuditPlaces {
public:
    AuditPlaces(const config::Settings& settings, std::function<bool()> stop) : settings_(settings), stop_(std::move(stop)) {}

    /// Opens the NAS for reading. Not reached: the ledger says so.
    void open_nas(media_db::MediaDb&, Ledger&);
    bool nas_reached() const { return archive_.has_value(); }

    void file(const AuditFacts&, bool read_bytes, Ledger&);
    Bytes read() const { return read_; }  ///< so far

private:
    void at_home(const fs::path& path, Bytes size, const Sha256&, const std::string& invariant, const std::string& what, const media_db::MediaItem&,
                 bool read_bytes, Ledger&);
    void on_nas(const AuditFacts&, bool read_bytes, Ledger&);
    void bytes_on_nas(const AuditFacts&, Ledger&);

    const config::Settings& settings_;
    std::function<bool()> stop_;
    std::optional<archive::Archive> archive_;
    Bytes read_;
};

}  // namespace mediaferry::daemon
