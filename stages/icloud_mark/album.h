#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Files assets into the album DeletePending, a batch at a time, and remembers what was read back.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/errors/errors.h"
#include "common/icloud/client.h"
#include "common/media_db/rows.h"

namespace mediaferry::stages {

/// What came of filing one asset.
struct Filing {
    enum class State {
        filed,
        gone,    ///< iCloud has it no more
        vetoed,  ///< it had been filed before, and a person has taken it out since
        not_yet,
    } state = State::not_yet;
    std::string change_tag;  ///< read right before filing
    Reason why;              ///< not_yet
};

class Album {
public:
    /// `in_use`: whether photos have been filed that are still to be deleted. Then a missing album is a person's doing and is not made again.
    Album(icloud::Client& client, std::string name, std::function<bool()> in_use)
        : client_(client), name_(std::move(name)), in_use_(std::move(in_use)) {}

    bool knows(AssetId asset) const { return filings_.contains(asset); }
    /// Files those assets that iCloud shows live, unhidden and unchanged since the census; reads the album back. An asset that was filed before is
    /// not put in a second time, only looked for: its absence is a veto. What failed in between is remembered of none of them.
    void file(const std::vector<media_db::Asset>&);
    const Filing& filing(AssetId asset) const { return filings_.at(asset); }

private:
    using Filings = std::map<AssetId, Filing>;
    Filings look_and_file(const std::vector<media_db::Asset>&);
    void put_in(const std::string& album, const std::vector<media_db::Asset>&, Filings&);
    void look_for(const std::string& album, const std::vector<media_db::Asset>&, Filings&);

    icloud::Client& client_;
    std::string name_;
    std::function<bool()> in_use_;
    Filings filings_;
};

}  // namespace mediaferry::stages
