#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What an audit writes down: per invariant how much was checked and what was found wrong.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/media_db/rows.h"
#include "daemon/audit.h"

namespace mediaferry::daemon {

class Ledger {
public:
    /// About one file.
    void expect(bool holds, const std::string& invariant, const media_db::MediaItem& item, const std::string& what) {
        write(holds, invariant, {item.id, item.filename, what});
    }
    /// About no single file.
    void expect(bool holds, const std::string& invariant, const std::string& what) { write(holds, invariant, {std::nullopt, "", what}); }
    void checked(const std::string& invariant, std::int64_t more) { rows_[invariant].checked += more; }
    /// Once per part and code.
    void unreached(const Unreached&);

    bool clean() const;
    void add(const Ledger&);
    const std::vector<Unreached>& unreached() const { return unreached_; }
    std::vector<Invariant> invariants() const;  ///< I1 to I10, each with its promise

private:
    void write(bool holds, const std::string& invariant, const Violation&);

    std::map<std::string, Invariant> rows_;
    std::vector<Unreached> unreached_;
};

}  // namespace mediaferry::daemon
