#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: the house as last set by whoever runs it, kept in media.db so that every process judges alike, and
// what follows from it for one file.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/connection.h"
#include "common/media_db/conveyor.h"

namespace mediaferry::media_db {

/// The one stage whose step is done by taking a file in.
inline constexpr std::string_view kArrival = "icloud_download";

House house_from_text(const std::string& json);
std::string to_text(const House&);
/// As written by the last set_house(); empty before the first.
House stored_house(const MediaDb&);

/// What the stage waits for is done, and it is switched on.
bool may_open(const HouseRow&, const std::set<std::string>& done);
/// media.status: the word of the last stage that is done and whose predecessors are; never one before `current`, which a stage
/// that is opened again leaves standing.
std::string status_word(const House&, const std::set<std::string>& done, const std::string& current);

/// The step rows of a new file.
void add_steps(MediaDb&, const House&, MediaId, Timestamp taken, Timestamp now);
/// Opens what waited for `stage` and sets media.status, after `stage` was done for this file.
void follow_up(MediaDb&, MediaId, std::string_view stage, Timestamp now);

}  // namespace mediaferry::media_db
