#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Who may go: candidates looked up in iCloud, judged one by one, each verdict kept with the asset.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/icloud/client.h"
#include "common/media_db/runs.h"
#include "common/stage/run.h"
#include "stages/icloud_delete/evidence.h"
#include "stages/icloud_delete/harbours.h"
#include "stages/icloud_delete/waiting.h"

namespace mediaferry::stages {

/// An asset that may be deleted as things stand.
struct Accepted {
    media_db::Asset asset;
    std::vector<media_db::MediaItem> items;
    std::string change_tag, resources;
    Bytes bytes;
    media_db::PlanItem plan_item() const { return {asset.id, change_tag, resources, bytes, "planned", std::nullopt}; }
};

class Judgement {
public:
    /// Reads the album once. Throws NeedsPerson ("icloud.album_gone") when there is none of that name any more. `rotate`: see write_down().
    Judgement(stage::Run&, icloud::Client&, Harbours&, bool rotate);

    /// Judges in the given order until `most` are accepted. What can be told at home is asked first, iCloud next, the NAS last. Held ones keep their
    /// reason (asset.hold); those that are no longer in iCloud are returned by gone(). `ours` says whether a deletion of the asset was sent before.
    std::vector<Accepted> accept(const std::vector<media_db::Asset>&, std::size_t most, const std::function<bool(AssetId)>& ours);
    /// Just before a batch is sent: the album and the change tags once more, and last each membership by its name. nullopt: still as judged.
    std::map<AssetId, std::optional<Reason>> once_more(const std::vector<Accepted>&);

    struct Gone {
        media_db::Asset asset;
        bool ours = false;
    };
    const std::vector<Gone>& gone() const { return gone_; }
    const std::map<AssetId, Reason>& held() const { return held_; }

private:
    struct Candidate {
        media_db::Asset asset;
        std::vector<media_db::MediaItem> items;
    };
    std::string find_album() const;  ///< throws NeedsPerson as the constructor
    void read_album();
    std::vector<icloud::Membership> membership(const std::vector<std::string>&);
    std::optional<Reason> why_not_asked(const Candidate&);
    std::optional<Reason> judge(const Candidate&, const icloud::Looked&, icloud::Membership, Accepted&);
    void hold(const Candidate&, const Reason&);
    void write_holds();

    stage::Run& run_;
    icloud::Client& client_;
    Harbours& harbours_;
    bool rotate_;
    std::string album_;
    icloud::AlbumMembers members_;
    std::vector<Gone> gone_;
    std::map<AssetId, Reason> held_;
    std::vector<Kept> to_write_;
};

}  // namespace mediaferry::stages
