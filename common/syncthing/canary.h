#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A small text file in the outbox that Google Photos cannot own: when the phone deletes it, the phone deletes whatever lies there, and no deletion
// proves an upload (facts/syncthing.md D.5). Kept in table state under pixel.canary, pixel.alarm and pixel.distrusted_since.

#include <optional>
#include <string>

#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/syncthing/road.h"

namespace mediaferry::syncthing {

/// Makes the canary if there is none; returns its name in the outbox. Runs that come here at once, or after one that died in between, end with the
/// same one. When a person removed it to end an alarm, the alarm ends, a new canary is made under a new name, and deliveries proven before now count
/// no longer. Throws NeedsPerson ("pixel.canary") while an alarm is on.
std::string ensure_canary(media_db::MediaDb&, Road&, Timestamp now);
/// The alarm, if one is on: nothing the phone deletes is believed.
std::optional<Reason> canary_alarm(media_db::MediaDb&);
/// Raises it, with an event.
Reason raise_canary_alarm(media_db::MediaDb&, const std::string& what_was_deleted, Timestamp now);

/// Deliveries proven before this count no longer until they are proven again.
Timestamp distrusted_since(media_db::MediaDb&);
/// The phone's Syncthing was reset, or the folder was shared anew: proofs before now are stale.
void distrust(media_db::MediaDb&, const std::string& why, Timestamp now);

}  // namespace mediaferry::syncthing
