#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 2: fills the phone's next batch, by putting copies into the Syncthing folder that is the phone's outbox.

#include <optional>
#include <string>
#include <vector>

#include "common/media_db/evidence.h"
#include "common/stage/stage.h"
#include "common/syncthing/road.h"

namespace mediaferry::stages {

using media_db::MediaItem;

class PixelSync final : public stage::Stage {
public:
    explicit PixelSync(const config::Settings& settings) : settings_(settings) {}

    stage::Outcome begin(stage::Run&) override;
    stage::Outcome process_asset(const std::vector<MediaItem>&, stage::Run&) override;
    bool wants_more(stage::Run&) override;
    bool after_items(stage::Run&) override;
    std::optional<std::string> rehearse(const MediaItem&, stage::Run&) override;

private:
    struct Staged {
        std::string name, how;  ///< how: reflink | link | copy | adopted
        std::string receipt;
    };

    bool is_sent(const MediaItem&) const;
    bool on_its_way(const MediaItem&, stage::Run&);
    bool is_used(const std::string& name, const MediaItem&, stage::Run&);
    Staged stage_file(const MediaItem&, const std::string& name, stage::Run&);
    std::optional<std::string> stray(const MediaItem&, const std::string& name, stage::Run&);
    std::string receipt(const MediaItem&, const std::string& name) const;
    Reason full(const media_db::Evidence::Load&) const;
    bool is_full(const media_db::Evidence::Load&) const;

    const config::Settings& settings_;
    std::optional<syncthing::Road> road_;
    std::vector<std::string> in_outbox_;  ///< names found there when the run began
    bool full_ = false;
};

}  // namespace mediaferry::stages
