#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The census gate: while iCloud's list and media.db differ and nobody knows why, nothing is deleted from iCloud. The last listing is kept in table
// state under "census", a person's word that a difference is understood under "census.acknowledged".
//
// Explained is what iCloud itself says of a photo by name: deleted, gone, hidden; and what is listed and not here yet or cannot be fetched (each such
// photo is held on its own). Unexplained: photos that iCloud counts and does not list, lists by half, answers with an error, or knows by name while
// its list leaves them out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/types/timestamp.h"

namespace mediaferry::icloud {

struct CensusDifference {
    std::string icloud_id, filename;
    Reason why;
};

struct Census {
    std::int64_t listed = 0, counted = 0;  ///< assets that the listing handed out; iCloud's own count of them
    std::int64_t refused = 0, halves = 0;  ///< records that came as an error; masters without their asset
    std::int64_t gone = 0, hidden = 0;     ///< explained: left iCloud since the listing before; hidden there
    std::int64_t unexplained = 0;          ///< assets that media.db knows, iCloud's list leaves out, and its own word does not explain
    std::vector<CensusDifference> items;   ///< the first of these
    bool complete = false;                 ///< the listing handed out what iCloud counts
    Timestamp at;
};
inline constexpr std::size_t kMostDifferencesNamed = 100;

void keep_census(media_db::MediaDb&, const Census&, Timestamp now);
/// nullopt: iCloud has not been listed yet.
std::optional<Census> last_census(media_db::MediaDb&);

struct Acknowledged {
    std::string by;
    Timestamp at;
};
/// A person's word that exactly the difference of the last listing is understood. nullopt: none, or it was about another difference.
std::optional<Acknowledged> acknowledged(media_db::MediaDb&);
/// Takes the last listing's difference as understood, with an event. False: there is none.
bool acknowledge_census(media_db::MediaDb&, const std::string& by, Timestamp now);

/// Why nothing may be deleted: icloud.no_census, icloud.census_incomplete, icloud.census_unexplained. nullopt: the gate is open.
std::optional<Reason> census_gate(media_db::MediaDb&);
/// Whether a reason is one of the gate's.
bool is_census_gate(const Reason&);

}  // namespace mediaferry::icloud
