#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a deletion was right, at the moment it takes effect: by the true library, by its own reading of the NAS folder, by the phone's own record.
// media.db is not asked.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "tests/property/lying_icloud/apple.h"
#include "tests/property/lying_icloud/phone.h"
#include "tests/support/manual_clock.h"

namespace mediaferry::lying {

class Judge {
public:
    Judge(const config::Settings& settings, const Apple& apple, const Phone& phone, const test::ManualClock& clock)
        : settings_(settings), apple_(apple), phone_(phone), clock_(clock) {}

    /// To be called after each thing that happens: what lies on the NAS now, and since when by the house's clock.
    void look_at_nas();
    bool nas_is_away = false;  ///< told by the driver: what lies there now is not the archive, and must stay empty
    /// The clock was put back: nothing is older than now.
    void clock_went_back();
    void run_begins() { deeds_ = 0; }
    /// A person has said yes to this asset as it was shown.
    void approved(const std::string& asset, const std::string& tag, const std::string& fingerprint) {
        approved_.insert({asset, tag + " " + fingerprint});
    }
    /// The last listing handed out fewer assets than were counted.
    bool census_short = false;
    std::string census_numbers;

    void deletion(const Deed&);

    std::vector<std::string> violations;
    std::int64_t deletions = 0;
    /// Whether these bytes lie on the NAS at this moment, and for how long.
    std::optional<Timestamp> on_nas_since(const std::string& sha256) const;
    const std::map<std::string, std::pair<std::string, Timestamp>>& nas() const { return nas_; }

private:
    void check_file(const Deed&, const std::string& what, const Content&);
    void wrong(const Deed&, const std::string& what);

    const config::Settings& settings_;
    const Apple& apple_;
    const Phone& phone_;
    const test::ManualClock& clock_;
    std::map<std::string, std::pair<std::string, Timestamp>> nas_;  ///< path -> sha256, since
    std::set<std::pair<std::string, std::string>> approved_;
    int deeds_ = 0;
};

/// Regular files below `root` that are nobody's scratch.
std::vector<fs::path> files_below(const fs::path& root);

}  // namespace mediaferry::lying
