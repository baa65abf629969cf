#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What happened after a backup of media.db was made, read off the world itself: the working folders and the NAS. Nothing is believed unhashed, and
// nothing is deleted but empty placeholders and unfinished downloads. What iCloud and the phone know is asked by the stages as always: a photo
// that is gone from iCloud counts as gone, one that may be on the phone already is sent once more.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/types/timestamp.h"

namespace mediaferry::daemon {

struct Newer {
    std::int64_t moved = 0;         ///< originals found in another working folder
    std::int64_t brought_home = 0;  ///< originals that had been released, taken home from the NAS so that every proof can be made anew
    std::int64_t sent_again = 0;    ///< files that left the outbox meanwhile: their proof is lost with the history, they go to the phone once more
    std::int64_t unknown = 0;       ///< files in the working folders that no row knows: the next icloud_download takes them in again
    std::int64_t placeholders = 0;  ///< placeholders of those, removed
    std::vector<std::string> lost;  ///< originals found nowhere; a sentence each
    std::string nas;                ///< why the NAS was not asked; "" when it was, or nothing had to be
};

Newer find_newer(media_db::MediaDb&, const config::Settings&, Timestamp now);

}  // namespace mediaferry::daemon
