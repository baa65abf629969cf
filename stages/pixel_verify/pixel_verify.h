#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 3: asks Syncthing until the phone has exactly these bytes, then until the asked proof level, and goes on watching for `freed`.

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "common/stage/stage.h"
#include "common/syncthing/proof_now.h"
#include "common/syncthing/road.h"

namespace mediaferry::stages {

using media_db::MediaItem;

class PixelVerify final : public stage::Stage {
public:
    explicit PixelVerify(const config::Settings& settings) : settings_(settings) {}

    stage::Outcome begin(stage::Run&) override;
    stage::Outcome process(const MediaItem&, stage::Run&) override;
    bool after_items(stage::Run&) override;
    std::optional<std::string> rehearse(const MediaItem&, stage::Run&) override;

private:
    stage::Outcome without_copy(const MediaItem&, stage::Run&);
    stage::Outcome by_level(const MediaItem&, syncthing::PixelCopy&, stage::Run&);
    stage::Outcome done(const MediaItem&, stage::Run&);
    stage::Outcome gone_there(const MediaItem&, const syncthing::PixelCopy&, const syncthing::Road::Look&, stage::Run&);
    stage::Outcome send_again(const MediaItem&, const syncthing::PixelCopy&, const Reason&, stage::Run&);
    bool is_stale(const syncthing::Receipt&, stage::Run&) const;
    void notice_changes(const syncthing::Phone&, stage::Run&);
    void prove_again(stage::Run&);
    bool anything_arrived(stage::Run&);

    const config::Settings& settings_;
    std::optional<syncthing::Road> road_;
    std::chrono::steady_clock::time_point began_{};
    std::map<MediaId, syncthing::Receipt> awaited_;  ///< on their way to the phone when last looked at
    int not_freed_ = 0;
};

}  // namespace mediaferry::stages
