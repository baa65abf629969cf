// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 8: deletes from iCloud exactly what is approved and, at this moment, proven. Everything that is not certain is a reason to keep.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/icloud/client.h"
#include "common/icloud/require_session.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/runs.h"
#include "common/stage/stage.h"
#include "stages/icloud_delete/execution.h"
#include "stages/icloud_delete/farewell.h"
#include "stages/icloud_delete/judgement.h"

namespace mediaferry::stages {
namespace {

using config::ICloudDelete;
using media_db::Catalogue;
using media_db::MediaItem;
using media_db::Plans;
using stage::Outcome;
using stage::Run;

constexpr std::string_view kStage = "icloud_delete";
constexpr std::size_t kMostFiles = 50'000;  // looked at in one run

/// The files whose turn it is, by asset; those of no asset under 0.
struct Waiting {
    std::vector<media_db::Asset> in_icloud;                      ///< filed, neither deleted nor gone: oldest filing first
    std::map<AssetId, std::vector<MediaItem>> deleted, gone;     ///< left over: their asset is no longer in iCloud
    std::vector<MediaItem> never_there;
};

Waiting waiting(Run& run) {
    Catalogue catalogue{run.db()};
    Waiting result;
    std::set<AssetId> seen;
    for (auto& item : media_db::Conveyor(run.db()).ready(kStage, run.now(), kMostFiles)) {
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
    std::ranges::sort(result.in_icloud, {}, [](const media_db::Asset& asset) { return *asset.filed; });
    return result;
}

/// Set by `mediaferry plan`: judge and propose, delete nothing.
bool plan_only() { return std::getenv("MEDIAFERRY_PLAN_ONLY") != nullptr; }

std::string photos(std::size_t count) { return std::to_string(count) + (count == 1 ? " photo" : " photos"); }

class IcloudDelete final : public stage::Stage {
public:
    explicit IcloudDelete(const config::Settings& settings) : settings_(settings) {}

    Outcome begin(Run& run) override {
        const auto work = waiting(run);
        finish_leftovers(work, run);
        const auto approved = plan_only() ? std::nullopt : approved_plan(work, run);
        if (work.in_icloud.empty()) return stage::Done{};
        if (const auto reason = census_forbids(run)) return stage::Wait{*reason};

        const auto lock = icloud::SessionLock::take(settings_.icloud.cookie_directory);
        icloud::Client client{lock, settings_.icloud, clock_, {}, run.stop()};
        icloud::SignInState state{run.db(), settings_.icloud, clock_};
        icloud::require_session(client, state);
        Harbours harbours{run};
        Judgement judgement{run, client, harbours};

        const auto most = cap(settings_.icloud_delete, Catalogue(run.db()).listed_assets());
        const auto candidates = approved ? planned_ones(*approved, work.in_icloud) : work.in_icloud;
        const auto accepted = judgement.accept(candidates, most, [&](AssetId asset) { return approved && was_sent(*approved, asset); });
        settle_gone(judgement, approved, run);
        if (approved) {
            execute(run, client, judgement, *approved, accepted);
        } else if (!accepted.empty()) {
            propose(run, client, judgement, accepted);
        }
        tell_held(judgement, run);
        return stage::Done{};
    }

    std::vector<std::string> rehearse_run(Run& run) override {
        const auto work = waiting(run);
        return {"icloud_delete: " + photos(work.in_icloud.size()) + " filed in " + settings_.icloud.album +
                " would be judged against the proofs now (mediaferry plan shows the verdicts and deletes nothing)"};
    }

private:
    /// What an earlier run deleted and did not finish, and what left iCloud without us.
    static void finish_leftovers(const Waiting& work, Run& run) {
        for (const auto& [asset, items] : work.deleted) complete(run, items, {});
        for (const auto& [asset, items] : work.gone) complete(run, items, {"icloud.already_gone", "it is no longer in iCloud"});
        if (!work.never_there.empty()) complete(run, work.never_there, {"icloud.not_listed", "iCloud never listed this file"});
    }

    /// An iCloud that shows fewer photos than it counts is not one to delete from.
    static std::optional<Reason> census_forbids(Run& run) {
        const auto fact = media_db::Facts(run.db()).get("census");
        if (!fact) return Reason{"icloud.no_census", "iCloud has not been listed yet; run icloud_download first"};
        const auto census = nlohmann::json::parse(*fact, nullptr, false);
        if (census.is_object() && census.value("complete", false)) return std::nullopt;
        return Reason{"icloud.census_incomplete", "the last listing of iCloud was incomplete; nothing is deleted until icloud_download gets a complete one"};
    }

    /// The plan to carry out. Items whose asset is no longer waiting (deleted meanwhile, taken back by a person) are closed, so that no plan stays open
    /// for ever.
    static std::optional<media_db::Plan> approved_plan(const Waiting& work, Run& run) {
        Plans plans{run.db()};
        const auto plan = plans.open_plan("approved");
        if (!plan) return std::nullopt;
        bool open = false;
        for (const auto& item : plan->items) {
            if (item.status != "planned" && item.status != "sent") continue;
            if (std::ranges::find(work.in_icloud, item.asset, &media_db::Asset::id) != work.in_icloud.end()) {
                open = true;
                continue;
            }
            const auto asset = Catalogue(run.db()).asset(item.asset);
            const bool deleted = asset && asset->deleted;
            plans.item_status(plan->id, item.asset, deleted ? "deleted" : "held",
                              deleted ? std::nullopt : std::optional<Reason>{{"not_waiting", "it does not wait for deletion any more"}});
        }
        if (open) return plans.plan(plan->id);
        plans.finish(plan->id, run.now());
        return std::nullopt;
    }

    static std::vector<media_db::Asset> planned_ones(const media_db::Plan& plan, const std::vector<media_db::Asset>& candidates) {
        std::set<AssetId> planned;
        for (const auto& item : plan.items)
            if (item.status == "planned" || item.status == "sent") planned.insert(item.asset);
        std::vector<media_db::Asset> result;
        std::ranges::copy_if(candidates, std::back_inserter(result), [&](const media_db::Asset& asset) { return planned.contains(asset.id); });
        return result;
    }

    static bool was_sent(const media_db::Plan& plan, AssetId asset) {
        return std::ranges::any_of(plan.items, [&](const auto& item) { return item.asset == asset && item.status == "sent"; });
    }

    /// Assets found deleted while judging: by us in a run that was cut off, or by somebody else.
    static void settle_gone(const Judgement& judgement, const std::optional<media_db::Plan>& approved, Run& run) {
        Catalogue catalogue{run.db()};
        for (const auto& one : judgement.gone()) {
            const auto items = catalogue.items_of(one.asset.id);
            if (one.ours) {
                note_deleted(run, one.asset, items, [&](media_db::MediaDb& db) { Plans(db).item_status(approved->id, one.asset.id, "deleted", std::nullopt); });
                complete(run, items, {});
                continue;
            }
            catalogue.mark_gone(one.asset.id, run.now());
            const Reason note{"icloud.already_gone", "it is no longer in iCloud"};
            if (approved) Plans(run.db()).item_status(approved->id, one.asset.id, "held", note);
            complete(run, items, note);
        }
    }

    void propose(Run& run, icloud::Client& client, Judgement& judgement, const std::vector<Accepted>& accepted) const {
        std::vector<media_db::PlanItem> items;
        std::ranges::transform(accepted, std::back_inserter(items), &Accepted::plan_item);
        Plans plans{run.db()};
        const auto id = plans.propose(items, run.now());
        if (!plan_only() && settings_.icloud_delete.approval == ICloudDelete::Approval::automatic) {
            plans.approve(id, "icloud_delete.approval: automatic", run.now());
            execute(run, client, judgement, *plans.plan(id), accepted);
            return;
        }
        const auto number = std::to_string(id.value);
        run.tell("plan " + number + ": " + photos(items.size()) + " may be deleted from iCloud. Look: mediaferry plan. Approve: mediaferry approve " + number);
    }

    static void tell_held(const Judgement& judgement, Run& run) {
        std::map<std::string, std::size_t> by_code;
        for (const auto& [asset, reason] : judgement.held()) ++by_code[reason.code];
        for (const auto& [code, count] : by_code) run.tell("kept in iCloud (" + code + "): " + photos(count));
        run.waits({}, static_cast<std::int64_t>(judgement.held().size()));
    }

    const config::Settings& settings_;
    SystemClock clock_;
};

}  // namespace
}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::IcloudDelete)
