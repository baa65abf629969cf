// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/waiting.h"

#include <algorithm>
#include <set>

#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "stages/icloud_delete/farewell.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::Conveyor;
using media_db::MediaItem;

constexpr std::size_t kMostFiles = 50'000;  // looked at in one run

/// The file's step waits with this reason, without a time: it is asked again at the next run.
void step_waits(stage::Run& run, const MediaItem& item, const Reason& reason, bool rotate) {
    Conveyor conveyor{run.db()};
    const auto steps = conveyor.steps(item.id);
    const auto step = std::ranges::find(steps, kIcloudDelete, &media_db::StepRow::stage);
    if (step == steps.end() || !step->open || step->status != pipeline::StepStatus::pending || (step->reason == reason && !rotate)) return;
    if (const auto claim = conveyor.claim_item(kIcloudDelete, item.id, run.id(), run.now()))
        conveyor.record(*claim, {media_db::Verdict::Kind::again, reason, run.now(), false}, run.id(), run.now());
}

}  // namespace

Waiting waiting(stage::Run& run) {
    Catalogue catalogue{run.db()};
    Waiting result;
    std::set<AssetId> seen;
    auto ready = Conveyor(run.db()).ready(kIcloudDelete, run.now(), kMostFiles);
    result.all = ready.size() < kMostFiles;
    for (auto& item : ready) {
        if (!item.asset) {
            result.never_there.push_back(std::move(item));
            continue;
        }
        const auto asset = catalogue.asset(*item.asset).value();
        if (asset.deleted)
            result.deleted[asset.id].push_back(std::move(item));
        else if (asset.gone)
            result.gone[asset.id].push_back(std::move(item));
        else if (asset.filed && seen.insert(asset.id).second)
            result.in_icloud.push_back(asset);
    }
    std::ranges::stable_sort(result.in_icloud, {}, [](const media_db::Asset& asset) { return *asset.filed; });
    return result;
}

void write_down(stage::Run& run, const std::vector<Kept>& all, bool rotate) {
    if (all.empty()) return;
    media_db::Transaction transaction{run.db(), MF_COMMIT("icloud_delete.waiting.write_down")};
    Catalogue catalogue{run.db()};
    for (const auto& [asset, items, reason] : all) {
        if (asset.hold != reason) catalogue.set_hold(asset.id, reason);
        if (reason.code == "vetoed" && !asset.vetoed) {
            catalogue.set_vetoed(asset.id, run.now());
            media_db::Events(run.db()).add({0, run.now(), {}, asset.id, run.id(), std::string(kIcloudDelete), "vetoed", "{}"});
        }
        for (const auto& item : items) {
            step_waits(run, item, reason, rotate);
            if (reason.code == "icloud.changed") Conveyor(run.db()).reopen(item.id, "icloud_mark", reason, run.id(), run.now());
        }
    }
    transaction.commit();
}

void waits_for_approval(stage::Run& run, const std::vector<std::pair<media_db::Asset, std::vector<MediaItem>>>& all, const Reason& reason) {
    media_db::Transaction transaction{run.db(), MF_COMMIT("icloud_delete.waiting.waits_for_approval")};
    for (const auto& [asset, items] : all) {
        if (asset.hold) Catalogue(run.db()).set_hold(asset.id, std::nullopt);
        for (const auto& item : items) step_waits(run, item, reason, false);
    }
    transaction.commit();
}

void waits_its_turn(stage::Run& run, const std::vector<media_db::Asset>& assets, const Reason& reason) {
    media_db::Transaction transaction{run.db(), MF_COMMIT("icloud_delete.waiting.waits_its_turn")};
    for (const auto& asset : assets)
        for (const auto& item : Catalogue(run.db()).items_of(asset.id)) step_waits(run, item, reason, false);
    transaction.commit();
}

}  // namespace mediaferry::stages
