// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/execution.h"

#include <algorithm>
#include <exception>
#include <set>
#include <thread>

#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "stages/icloud_delete/farewell.h"
#include "stages/icloud_delete/waiting.h"

namespace mediaferry::stages {
namespace {

using icloud::Deleted;
using icloud::Looked;
using media_db::Plans;

constexpr std::size_t kBatch = 25;                   // well below the 50 that facts/icloud.md C allows
constexpr std::chrono::milliseconds kBetween{3000};  // iCloud throttles deletions that come too fast

/// The plan's items that are accepted today as they were planned; the others are noted as held.
std::vector<Accepted> still_good(stage::Run& run, const Judgement& judgement, const media_db::Plan& plan, const std::vector<Accepted>& accepted) {
    Plans plans{run.db()};
    std::vector<Accepted> good;
    for (const auto& item : plan.items) {
        if (item.status != "planned" && item.status != "sent") continue;
        const auto found = std::ranges::find_if(accepted, [&](const Accepted& one) { return one.asset.id == item.asset; });
        if (found == accepted.end()) {
            const auto held = judgement.held().find(item.asset);
            if (held != judgement.held().end()) plans.item_status(plan.id, item.asset, "held", held->second);
            continue;
        }
        if (found->change_tag != item.change_tag || found->resources != item.resources) {
            const Reason reason{"plan.outdated", "the photo was changed after the plan was made; a later plan looks at it anew"};
            plans.item_status(plan.id, item.asset, "held", reason);
            write_down(run, {{found->asset, found->items, reason}}, false);
            continue;
        }
        good.push_back(*found);
    }
    return good;
}

class Execution {
public:
    Execution(stage::Run& run, icloud::Client& client, Judgement& judgement, const media_db::Plan& plan)
        : run_(run), client_(client), judgement_(judgement), plan_(plan.id), plans_(run.db()) {
        for (const auto& item : plan.items)
            if (item.status == "sent") sent_before_.insert(item.asset);
    }

    void send(const std::vector<Accepted>& candidates) {
        const auto batch = sieve(candidates);
        if (batch.empty()) return;
        std::vector<icloud::Deletion> deletions;
        for (const auto& one : batch) {
            MF_AROUND("icloud_delete.intent",
                      plans_.item_status(plan_, one.asset.id, "sent", std::nullopt));  // the intent first: a crash from here on is settled by looking
            deletions.push_back({one.asset.record_name, one.change_tag});
        }
        std::vector<Deleted> answers;
        std::exception_ptr failure;
        try {
            answers = MF_AROUND("icloud_delete.send", client_.delete_assets(deletions));
        } catch (const Error& error) {
            log::warning("deletion request failed, looking what became of it", {{"REASON", error.code()}});
            failure = std::current_exception();
        }
        read_back(batch, answers, failure != nullptr);
        if (failure) std::rethrow_exception(failure);
    }

private:
    std::vector<Accepted> sieve(const std::vector<Accepted>& candidates) {
        const auto verdicts = judgement_.once_more(candidates);
        std::vector<Accepted> good;
        for (const auto& one : candidates) {
            if (const auto& reason = verdicts.at(one.asset.id))
                plans_.item_status(plan_, one.asset.id, "held", *reason);
            else
                good.push_back(one);
        }
        return good;
    }

    /// iCloud's word after the deed decides, not its answer to it: acknowledged and not done, and done but not acknowledged, both happen.
    void read_back(const std::vector<Accepted>& batch, const std::vector<Deleted>& answers, bool failed) {
        std::vector<icloud::AssetName> names;
        for (const auto& one : batch) names.push_back({one.asset.record_name, one.asset.master_name});
        const auto looked = client_.lookup(names);
        std::string unexpected;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (looked[i].state == Looked::State::deleted || looked[i].state == Looked::State::gone) {
                deleted(batch[i]);
                continue;
            }
            const auto answer = i < answers.size() ? answers[i] : Deleted{};
            const auto reason = why_not_deleted(answer);
            const bool clear = answer.answer == Deleted::Answer::changed || answer.answer == Deleted::Answer::refused;
            // Without a clear no it stays "sent": what shows up late is still known as ours, what does not is sent once more. A second yes without a
            // deed is not believed a third time, or the plan would never end.
            const bool tried_enough = !failed && sent_before_.contains(batch[i].asset.id);
            if (clear || tried_enough) plans_.item_status(plan_, batch[i].asset.id, "held", reason);
            write_down(run_, {{batch[i].asset, batch[i].items, reason}}, false);
            run_.waits(reason, static_cast<std::int64_t>(batch[i].items.size()));
            if (answer.answer == Deleted::Answer::refused) unexpected = reason.text;
        }
        if (!unexpected.empty()) throw Unavailable{"icloud.refused_delete", unexpected};
    }

    void deleted(const Accepted& one) {
        const auto in_plan = [&](media_db::MediaDb& db) { Plans(db).item_status(plan_, one.asset.id, "deleted", std::nullopt); };
        MF_AROUND("icloud_delete.note", note_deleted(run_, one.asset, one.items, in_plan));
        MF_AROUND("icloud_delete.complete", complete(run_, one.items, {}));
        log::info("deleted from iCloud", {{"ASSET_ID", one.asset.id.value}, {"FILES", one.items.size()}});
    }

    static Reason why_not_deleted(const Deleted& answer) {
        switch (answer.answer) {
            case Deleted::Answer::changed: return {"icloud.changed", "the photo was changed in iCloud in the last moment; it is looked at anew"};
            case Deleted::Answer::refused:
                return {"icloud.refused_delete", "iCloud refused to delete it: " + answer.error.code + " " + answer.error.reason};
            case Deleted::Answer::accepted: return {"icloud.not_done", "iCloud said it deleted the photo, but still shows it"};
            case Deleted::Answer::gone:
            case Deleted::Answer::unanswered: break;
        }
        return {"icloud.unanswered", "iCloud did not say what became of the deletion, and still shows the photo"};
    }

    stage::Run& run_;
    icloud::Client& client_;
    Judgement& judgement_;
    PlanId plan_;
    Plans plans_;
    std::set<AssetId> sent_before_;  ///< in an earlier run, and still in iCloud
};

/// Waits between two batches, but not against a stop.
void pause(const stage::Run& run) {
    for (auto waited = std::chrono::milliseconds{0}; waited < kBetween && !run.stop_requested(); waited += std::chrono::milliseconds{100})
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
}

}  // namespace

void execute(stage::Run& run, icloud::Client& client, Judgement& judgement, const media_db::Plan& plan, const std::vector<Accepted>& accepted) {
    const auto good = still_good(run, judgement, plan, accepted);
    Execution execution{run, client, judgement, plan};
    for (std::size_t at = 0; at < good.size(); at += kBatch) {
        if (at > 0) pause(run);
        if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop between two batches"};
        run.activity("deleting from iCloud");
        execution.send(
            {good.begin() + static_cast<std::ptrdiff_t>(at), good.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBatch, good.size()))});
    }
    const auto after = Plans(run.db()).plan(plan.id).value();
    const bool open = std::ranges::any_of(after.items, [](const auto& item) { return item.status == "planned" || item.status == "sent"; });
    if (!open) MF_AROUND("icloud_delete.finish_plan", Plans(run.db()).finish(plan.id, run.now()));
}

}  // namespace mediaferry::stages
