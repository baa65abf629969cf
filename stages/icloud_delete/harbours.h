#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Asks the harbours, now, whether they hold a file: the NAS by reading it back, Google by Syncthing's answers and the stored receipt.

#include <optional>

#include "common/archive/archive.h"
#include "common/stage/run.h"
#include "common/syncthing/road.h"
#include "stages/icloud_delete/evidence.h"

namespace mediaferry::stages {

class Harbours {
public:
    /// Opens those that icloud_delete.require names. Throws Unavailable when a required one is away: then nothing is deleted.
    explicit Harbours(stage::Run&);

    /// Both answers for one file; reads the NAS copy when its last reading is not fresh.
    FileProof ask(const media_db::MediaItem&, bool marked);
    /// Google's answer alone, when it is required: it costs no reading. nullopt: nothing is missing there.
    std::optional<Reason> missing_at_google(const media_db::MediaItem&);

private:
    bool is_sent(const media_db::MediaItem&) const;
    std::optional<Reason> ask_nas(const media_db::MediaItem&);
    std::optional<Reason> ask_google(const media_db::MediaItem&);

    stage::Run& run_;
    std::optional<archive::Archive> archive_;
    std::optional<syncthing::Road> road_;
};

}  // namespace mediaferry::stages
