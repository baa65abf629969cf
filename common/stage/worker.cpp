// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/stage/worker.h"

#include <set>
#include <type_traits>
#include <utility>

#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/media_db.h"

namespace mediaferry::stage {
namespace {

using media_db::Claim;
using media_db::Conveyor;
using media_db::Verdict;

WorkResult ended(int exit_code, const Error& error) { return {exit_code, Reason{error.code(), full_message(error)}}; }

/// Turns what a whole stage threw into its exit code (DESIGN section 6).
template <class Work>
WorkResult guarded(Work&& work) {
    try {
        return files::in_our_words(work);
    } catch (const SignInRequired& error) {
        return ended(77, error);
    } catch (const Unavailable& error) {
        return ended(69, error);
    } catch (const Interrupted& error) {
        return ended(143, error);
    } catch (const TransientError& error) {
        return ended(75, error);
    } catch (const ConfigError& error) {
        return ended(78, error);
    } catch (const Error& error) {
        return ended(1, error);
    } catch (const std::exception& error) {
        if (out_of_memory(error)) return ended(69, OutOfMemory{});
        return {70, Reason{"internal", full_message(error)}};
    }
}

/// Runs one item's work; a failure of the item becomes its outcome, a failure of the whole stage ends the run.
template <class Work>
Outcome outcome_of(Work&& work) {
    try {
        return files::in_our_words(work);
    } catch (const SignInRequired&) {
        throw;
    } catch (const OutOfMemory& error) {
        return RetryLater{error.reason()};  // may be this file's hunger: the others are not to wait for it
    } catch (const Unavailable&) {
        throw;
    } catch (const Interrupted&) {
        throw;
    } catch (const NeedsPerson& error) {
        if (out_of_memory(error)) return RetryLater{OutOfMemory{}.reason()};
        return NeedsAttention{{error.code(), full_message(error)}};
    } catch (const std::exception& error) {
        if (out_of_memory(error)) return RetryLater{OutOfMemory{}.reason()};
        return RetryLater{{code_of(error), full_message(error)}};
    }
}

Verdict verdict_of(const Outcome& outcome, const Claim& claim, const Backoff& retry, Timestamp now) {
    return std::visit(
        [&](const auto& what) -> Verdict {
            using What = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<What, Done>) {
                return {Verdict::Kind::finished, what.note.value_or(Reason{}), now, false};
            } else if constexpr (std::is_same_v<What, Wait>) {
                return {Verdict::Kind::again, what.reason, now + what.after.value_or(std::chrono::seconds{0}), false};
            } else if constexpr (std::is_same_v<What, RetryLater>) {
                const int failures = claim.attempts + 1;
                const bool counts = what.reason.code != OutOfMemory::kCode;  // says nothing about the file, however often
                if (counts && retry.exhausted(failures)) return {Verdict::Kind::person, what.reason, now, true};
                const auto wait = what.after.value_or(retry.delay(failures, static_cast<std::uint64_t>(claim.item.id.value)));
                return {Verdict::Kind::again, what.reason, now + wait, counts};
            } else {
                return {Verdict::Kind::person, what.reason, now, true};
            }
        },
        outcome);
}

/// One run's walk through the queue.
class Worker {
public:
    Worker(Stage& stage, const pipeline::Step& step, Run& run, const WorkOptions& options)
        : stage_(stage), step_(step), run_(run), options_(options), conveyor_(run.db()) {}

    WorkResult operator()() {
        const auto begun = stage_.begin(run_);
        if (const auto* wait = std::get_if<Wait>(&begun)) {
            run_.tell(std::string(step_.stage) + " waits: " + wait->reason.text);
            return {0, wait->reason};
        }
        if (const auto* retry = std::get_if<RetryLater>(&begun)) return {75, retry->reason};
        if (const auto* person = std::get_if<NeedsAttention>(&begun)) return {1, person->reason};
        if (step_.unit == pipeline::Unit::none) return finished();
        if (options_.item) {
            one_item();
            return finished();
        }
        run_.expect(conveyor_.ready_count(step_.stage, run_.now()));
        bool again = true;
        while (again) {
            drain();
            again = !over() && stage_.after_items(run_);
            seen_.clear();
            if (again) run_.new_round();
        }
        return finished();
    }

private:
    WorkResult finished() const {
        if (run_.stop_requested()) return {143, Reason{"interrupted", "asked to stop"}};
        return {run_.progress().attention > 0 ? 1 : 0, run_.trouble()};
    }

    bool over() const { return run_.stop_requested() || (options_.limit > 0 && handled_ >= options_.limit); }

    void one_item() {
        const auto claim = conveyor_.claim_item(step_.stage, *options_.item, run_.id(), run_.now());
        if (!claim) {
            run_.tell("item " + std::to_string(options_.item->value) + " has nothing to do in " + std::string(step_.stage) + " now (mediaferry why " +
                      std::to_string(options_.item->value) + ")");
            return;
        }
        run_.expect(1);
        handle({*claim});
    }

    /// Works until nothing new is ready. An item that asked to wait is claimable again at once; it stays claimed until the round is over, so that it
    /// is not taken up a second time and does not stand before others that are due in the same second.
    void drain() {
        bool met_again = false;
        while (!over() && stage_.wants_more(run_)) {
            const auto claims = next();
            if (claims.empty()) break;
            if (seen_.contains(claims.front().item.id)) {
                met_again = true;
                continue;
            }
            for (const auto& claim : claims) seen_.insert(claim.item.id);
            handle(claims);
        }
        if (met_again) conveyor_.put_back(run_.id());
    }

    std::vector<Claim> next() {
        if (step_.unit == pipeline::Unit::item) return conveyor_.claim(step_.stage, run_.id(), run_.now(), 1);
        auto groups = conveyor_.claim_assets(step_.stage, run_.id(), run_.now(), 1);
        return groups.empty() ? std::vector<Claim>{} : std::move(groups.front());
    }

    void handle(const std::vector<Claim>& claims) {
        const auto& first = claims.front();
        const log::Scope scope{{{"STAGE", step_.stage}, {"MEDIA_ID", first.item.id.value}}};
        if (options_.arm_deadline) options_.arm_deadline(step_.item_deadline);
        const auto outcome = [&] {
            try {
                return outcome_of([&] { return work_on(claims); });
            } catch (...) {
                if (options_.arm_deadline) options_.arm_deadline(std::chrono::seconds{0});
                conveyor_.put_back(run_.id());
                throw;
            }
        }();
        if (options_.arm_deadline) options_.arm_deadline(std::chrono::seconds{0});
        record(claims, outcome);
        ++handled_;
    }

    Outcome work_on(const std::vector<Claim>& claims) {
        try {
            return ask_stage(claims);
        } catch (...) {
            run_.take_writes();  // evidence of work that was not finished is none
            throw;
        }
    }

    Outcome ask_stage(const std::vector<Claim>& claims) {
        if (step_.unit == pipeline::Unit::item) return stage_.process(claims.front().item, run_);
        std::vector<MediaItem> items;
        items.reserve(claims.size());
        for (const auto& claim : claims) items.push_back(claim.item);
        return stage_.process_asset(items, run_);
    }

    /// Evidence and outcome in one transaction: the step is done and its proof is there, or neither.
    void record(const std::vector<Claim>& claims, const Outcome& outcome) {
        const auto now = run_.now();
        std::vector<Verdict> verdicts;
        try {
            media_db::Transaction transaction{run_.db(), MF_COMMIT("stage.worker.record")};
            for (const auto& write : run_.take_writes()) write(run_.db());
            for (const auto& claim : claims) {
                verdicts.push_back(verdict_of(outcome, claim, run_.settings().retry, now));
                conveyor_.record(claim, verdicts.back(), run_.id(), now);
            }
            transaction.commit();
        } catch (const TransientError& error) {
            if (error.code() != "step.stale") throw;
            log::warning("item was taken over by another run, outcome dropped", {{"TOKEN", claims.front().token}});
            return;
        }
        count(outcome, static_cast<std::int64_t>(claims.size()));
    }

    void count(const Outcome& outcome, std::int64_t items) {
        if (const auto* done = std::get_if<Done>(&outcome)) {
            log::info("item done", {{"ITEMS", items}, {"NOTE", done->note ? done->note->code : ""}});
            run_.finished(items);
        } else if (const auto* wait = std::get_if<Wait>(&outcome)) {
            log::debug("item waits", {{"REASON", wait->reason.code}, {"TEXT", wait->reason.text}});
            run_.waits(wait->reason, items);
        } else if (const auto* retry = std::get_if<RetryLater>(&outcome)) {
            log::warning("item failed, will be tried again", {{"REASON", retry->reason.code}, {"TEXT", retry->reason.text}});
            run_.failed(items);
        } else {
            const auto& person = std::get<NeedsAttention>(outcome);
            log::error("item needs a person", {{"REASON", person.reason.code}, {"TEXT", person.reason.text}});
            run_.failed(items);
        }
    }

    Stage& stage_;
    const pipeline::Step& step_;
    Run& run_;
    const WorkOptions& options_;
    Conveyor conveyor_;
    std::set<MediaId> seen_;
    std::size_t handled_ = 0;
};

WorkResult rehearse(Stage& stage, const pipeline::Step& step, Run& run, const WorkOptions& options) {
    const auto say = [&](const std::string& line) {
        if (options.say) options.say(line);
    };
    if (step.unit == pipeline::Unit::none) {
        for (const auto& line : stage.rehearse_run(run)) say(line);
        return {};
    }
    const std::size_t limit = options.limit > 0 ? options.limit : 1'000'000;
    for (const auto& item : Conveyor(run.db()).ready(step.stage, run.now(), limit)) {
        if (options.item && *options.item != item.id) continue;
        say(stage.rehearse(item, run).value_or(std::string(step.stage) + ": would handle " + item.filename));
    }
    return {};
}

}  // namespace

WorkResult work(Stage& stage, const pipeline::Step& step, Run& run, const WorkOptions& options) {
    if (options.dry_run) return guarded([&] { return rehearse(stage, step, run, options); });
    auto result = guarded([&] { return Worker{stage, step, run, options}(); });
    run.flush_progress();
    return result;
}

}  // namespace mediaferry::stage
