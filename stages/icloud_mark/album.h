#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Files assets into the album DeletePending, a batch at a time, and remembers what was read back.

#include <map>
#include <string>
#include <vector>

#include "common/errors/errors.h"
#include "common/icloud/client.h"
#include "common/media_db/rows.h"

namespace mediaferry::stages {

/// What came of filing one asset.
struct Filing {
    enum class State { filed, gone, not_yet } state = State::not_yet;
    std::string change_tag;  ///< read right before filing
    Reason why;              ///< not_yet
};

class Album {
public:
    Album(icloud::Client& client, std::string name) : client_(client), name_(std::move(name)) {}

    bool knows(AssetId asset) const { return filings_.contains(asset); }
    /// Files those assets that iCloud shows live, unhidden and unchanged since the census; reads the album back.
    void file(const std::vector<media_db::Asset>&);
    const Filing& filing(AssetId asset) const { return filings_.at(asset); }

private:
    icloud::Client& client_;
    std::string name_;
    std::map<AssetId, Filing> filings_;
};

}  // namespace mediaferry::stages
