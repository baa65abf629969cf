// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 8: deletes from iCloud exactly what is approved and, at this moment, proven. Everything that is not certain is a reason to keep.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "common/icloud/census_gate.h"
#include "common/icloud/client.h"
#include "common/icloud/require_session.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/exchange.h"
#include "common/media_db/runs.h"
#include "common/stage/stage.h"
#include "stages/icloud_delete/execution.h"
#include "stages/icloud_delete/farewell.h"
#include "stages/icloud_delete/judgement.h"
#include "stages/icloud_delete/waiting.h"

namespace mediaferry::stages {
namespace {

using config::ICloudDelete;
using media_db::Catalogue;
using media_db::MediaItem;
using media_db::Plans;
using stage::Outcome;
using stage::Run;

/// Set by `mediaferry plan`: judge and propose, delete nothing.
bool plan_only() { return std::getenv("MEDIAFERRY_PLAN_ONLY") != nullptr; }

std::string photos(std::size_t count) { return std::to_string(count) + (count == 1 ? " photo" : " photos"); }

class IcloudDelete final : public stage::Stage {
public:
    explicit IcloudDelete(const config::Settings& settings) : settings_(settings) {}

    Outcome begin(Run& run) override {
        auto work = waiting(run);
        const auto approved = plan_only() ? std::nullopt : approved_plan(work, run);
        if (!plan_only()) finish_leftovers(work, run);
        if (plan_only()) leave_out_approved(work, run);
        if (work.in_icloud.empty()) return Plans(run.db()).withdraw(run.now()), stage::Done{};
        if (const auto reason = icloud::census_gate(run.db())) return stage::Wait{*reason};

        const auto lock = icloud::SessionLock::take(settings_.icloud.cookie_directory, icloud::SessionLock::kPatience);
        icloud::Client client{lock, settings_.icloud, clock_, {}, run.stop()};
        icloud::SignInState state{run.db(), settings_.icloud, clock_};
        icloud::require_session(client, state);
        Harbours harbours{run};
        Judgement judgement{run, client, harbours, !work.all};

        const auto most = cap(settings_.icloud_delete, Catalogue(run.db()).listed_assets());
        const auto candidates = approved ? planned_ones(*approved, work.in_icloud) : work.in_icloud;
        const auto accepted = judgement.accept(candidates, most, [&](AssetId asset) { return approved && was_sent(*approved, asset); });
        settle_gone(judgement, approved, run);
        leave_for_next_plan(work.in_icloud, accepted, judgement, most, run);
        if (approved) {
            execute(run, client, judgement, *approved, accepted);
        } else if (!accepted.empty()) {
            propose(run, client, judgement, accepted);
        } else {
            Plans(run.db()).withdraw(run.now());
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
        const Catalogue catalogue{run.db()};
        for (const auto& [id, items] : work.deleted) {
            const auto asset = catalogue.asset(id);
            complete(
                run, items,
                asset && asset->listed ? Reason{"icloud.recovered", "it was deleted once and somebody took it back: it stays in iCloud"} : Reason{});
        }
        for (const auto& [id, items] : work.gone) {
            const auto asset = catalogue.asset(id);
            complete(run, items,
                     asset && asset->account == media_db::kFromExchange ? Reason{"icloud.not_listed", "it came from another archive, not from iCloud"}
                                                                        : Reason{"icloud.already_gone", "it is no longer in iCloud"});
        }
        if (!work.never_there.empty()) complete(run, work.never_there, {"icloud.not_listed", "iCloud never listed this file"});
    }

    /// The plan to carry out. Items whose asset is no longer waiting (deleted meanwhile, taken back by a person) are closed, so that no plan stays
    /// open for ever. What was sent is looked at whatever its steps say: only iCloud knows what became of it.
    static std::optional<media_db::Plan> approved_plan(Waiting& work, Run& run) {
        Plans plans{run.db()};
        const auto plan = plans.open_plan("approved");
        if (!plan) return std::nullopt;
        bool open = false;
        for (const auto& item : plan->items) {
            if (item.status != "planned" && item.status != "sent") continue;
            const auto asset = Catalogue(run.db()).asset(item.asset).value();
            const bool sent = item.status == "sent";
            if (asset.deleted) {
                plans.item_status(plan->id, item.asset, "deleted", std::nullopt);
            } else if (asset.gone && sent) {  // the listing noticed our deletion before we could
                const auto items = Catalogue(run.db()).items_of(asset.id);
                note_deleted(run, asset, items, [&](media_db::MediaDb& db) { Plans(db).item_status(plan->id, asset.id, "deleted", std::nullopt); });
                if (auto mine = work.gone.extract(asset.id)) work.deleted.insert(std::move(mine));
            } else if (std::ranges::find(work.in_icloud, asset.id, &media_db::Asset::id) != work.in_icloud.end()) {
                open = true;
            } else if (sent && !asset.gone) {
                work.in_icloud.push_back(asset);
                open = true;
            } else {
                plans.item_status(plan->id, item.asset, "held", Reason{"not_waiting", "it does not wait for deletion any more"});
            }
        }
        if (open) return plans.plan(plan->id);
        plans.finish(plan->id, run.now());
        return std::nullopt;
    }

    /// What a person has said yes to is not asked about a second time.
    static void leave_out_approved(Waiting& work, Run& run) {
        const auto approved = Plans(run.db()).open_plan("approved");
        if (!approved) return;
        for (const auto& asset : planned_ones(*approved, work.in_icloud))
            std::erase_if(work.in_icloud, [&](const media_db::Asset& one) { return one.id == asset.id; });
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
            if (plan_only()) continue;
            const auto items = catalogue.items_of(one.asset.id);
            if (one.ours) {
                note_deleted(run, one.asset, items,
                             [&](media_db::MediaDb& db) { Plans(db).item_status(approved->id, one.asset.id, "deleted", std::nullopt); });
                complete(run, items, {});
                continue;
            }
            catalogue.mark_gone(one.asset.id, run.now());
            const Reason note{"icloud.already_gone", "it is no longer in iCloud"};
            if (approved) Plans(run.db()).item_status(approved->id, one.asset.id, "held", note);
            complete(run, items, note);
        }
    }

    static void leave_for_next_plan(const std::vector<media_db::Asset>& all, const std::vector<Accepted>& accepted, const Judgement& judgement,
                                    std::size_t most, Run& run) {
        std::set<AssetId> looked_at;
        for (const auto& one : accepted) looked_at.insert(one.asset.id);
        for (const auto& one : judgement.gone()) looked_at.insert(one.asset.id);
        for (const auto& [asset, reason] : judgement.held()) looked_at.insert(asset);
        std::vector<media_db::Asset> left;
        std::ranges::copy_if(all, std::back_inserter(left), [&](const media_db::Asset& asset) { return !looked_at.contains(asset.id); });
        if (left.empty()) return;
        waits_its_turn(
            run, left,
            {"plan.next", "the next plan looks at it: one takes at most " + photos(most) + " (icloud_delete.max_per_run, icloud_delete.max_share)"});
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
        std::vector<std::pair<media_db::Asset, std::vector<MediaItem>>> approvable;
        for (const auto& one : accepted) approvable.emplace_back(one.asset, one.items);
        waits_for_approval(
            run, approvable,
            {"plan.approval", "it may be deleted from iCloud as soon as a person approves plan " + number + " (mediaferry approve " + number + ")"});
        run.tell("plan " + number + ": " + photos(items.size()) + " may be deleted from iCloud. Look: mediaferry plan. Approve: mediaferry approve " +
                 number);
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
