// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/judgement.h"

#include <algorithm>

#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {
namespace {

using icloud::Looked;
using media_db::Catalogue;

constexpr std::size_t kLookedAtOnce = 100;

std::vector<icloud::AssetName> names_of(const auto& assets, auto&& asset_of) {
    std::vector<icloud::AssetName> names;
    for (const auto& one : assets) names.push_back({asset_of(one).record_name, asset_of(one).master_name});
    return names;
}

/// The file's step for icloud_mark is done.
bool is_marked(media_db::MediaDb& db, MediaId id) {
    const auto steps = media_db::Conveyor(db).steps(id);
    const auto mark = std::ranges::find(steps, "icloud_mark", &media_db::StepRow::stage);
    return mark != steps.end() && mark->status == pipeline::StepStatus::done;
}

}  // namespace

Judgement::Judgement(stage::Run& run, icloud::Client& client, Harbours& harbours) : run_(run), client_(client), harbours_(harbours) { read_album(); }

void Judgement::read_album() {
    const auto album = client_.find_album(run_.settings().icloud.album);
    members_ = album ? client_.members(*album) : icloud::AlbumMembers{};
    if (!members_.complete()) throw Unavailable{"icloud.album_incomplete", "iCloud showed only a part of the album; nothing is deleted until it shows all"};
}

std::vector<Accepted> Judgement::accept(const std::vector<media_db::Asset>& candidates, std::size_t most, const std::function<bool(AssetId)>& ours) {
    std::vector<Accepted> accepted;
    for (std::size_t at = 0; at < candidates.size() && accepted.size() < most; at += kLookedAtOnce) {
        const std::vector<media_db::Asset> some(candidates.begin() + static_cast<std::ptrdiff_t>(at),
                                                candidates.begin() + static_cast<std::ptrdiff_t>(std::min(at + kLookedAtOnce, candidates.size())));
        const auto looked = client_.lookup(names_of(some, [](const auto& asset) -> const auto& { return asset; }));
        for (std::size_t i = 0; i < some.size() && accepted.size() < most; ++i) {
            if (run_.stop_requested()) throw Interrupted{"interrupted", "asked to stop while judging"};
            if (looked[i].state == Looked::State::deleted || looked[i].state == Looked::State::gone) {
                gone_.push_back({some[i], ours(some[i].id)});
                continue;
            }
            Accepted one;
            if (const auto reason = judge(some[i], looked[i], one)) {
                hold(some[i], *reason);
                continue;
            }
            Catalogue(run_.db()).set_hold(some[i].id, std::nullopt);
            accepted.push_back(std::move(one));
        }
    }
    return accepted;
}

std::optional<Reason> Judgement::judge(const media_db::Asset& asset, const Looked& looked, Accepted& accepted) {
    Catalogue catalogue{run_.db()};
    const Case it{asset, looked, members_.contains(asset.record_name), catalogue.resources(asset.id), catalogue.items_of(asset.id)};
    if (auto reason = why_not_yet(it, run_.settings().icloud_delete, run_.now())) return reason;

    // Every file of the asset is asked, also those of edits that iCloud lists no more: they are one photo with one fate.
    std::vector<FileProof> proofs;
    for (const auto& item : it.items) proofs.push_back(harbours_.ask(item, is_marked(run_.db(), item.id)));
    if (auto reason = why_not_proven(proofs, run_.settings().icloud_delete)) return reason;
    accepted = {asset, it.items, looked.asset->change_tag, fingerprint(it.resources), {}};
    for (const auto& resource : it.resources) accepted.bytes += resource.size;
    return std::nullopt;
}

void Judgement::hold(const media_db::Asset& asset, const Reason& reason) {
    held_[asset.id] = reason;
    Catalogue catalogue{run_.db()};
    if (asset.hold != reason) catalogue.set_hold(asset.id, reason);
    if (reason.code == "vetoed" && !asset.vetoed) {
        catalogue.set_vetoed(asset.id, run_.now());
        media_db::Events(run_.db()).add({0, run_.now(), {}, asset.id, run_.id(), "icloud_delete", "vetoed", "{}"});
    }
}

std::map<AssetId, std::optional<Reason>> Judgement::once_more(const std::vector<Accepted>& batch) {
    read_album();
    const auto looked = client_.lookup(names_of(batch, [](const auto& one) -> const auto& { return one.asset; }));
    std::map<AssetId, std::optional<Reason>> result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Catalogue catalogue{run_.db()};
        const Case it{batch[i].asset, looked[i], members_.contains(batch[i].asset.record_name), catalogue.resources(batch[i].asset.id), batch[i].items};
        const auto reason = why_not_yet(it, run_.settings().icloud_delete, run_.now());
        if (reason) hold(batch[i].asset, *reason);
        result[batch[i].asset.id] = reason;
    }
    return result;
}

}  // namespace mediaferry::stages
