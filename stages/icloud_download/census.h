#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The census: what iCloud lists, written into the catalogue, and what became of what it lists no more.

#include <string>

#include "common/icloud/client.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

struct Census {
    icloud::Listing listing;
    std::int64_t new_resources = 0;
    std::int64_t gone = 0;  ///< assets that iCloud says are deleted, and not by us
    bool complete = false;
};

/// The Apple account as the catalogue writes it. Apple takes names in any case; one account must not become two.
std::string account_of(const config::Settings&);

/// Lists the whole library into the catalogue. Only a listing that iCloud's own count confirms unlists anything; an incomplete one is remembered
/// (state "census") and stops deletion until a complete one. Throws as icloud::Client::list().
Census take_census(icloud::Client&, stage::Run&);

}  // namespace mediaferry::stages
