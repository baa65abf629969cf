// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/walk.h"

#include <algorithm>
#include <chrono>
#include <csignal>

#include "common/clock/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "daemon/exit_code.h"
#include "daemon/run_stage.h"
#include "daemon/slots.h"
#include "daemon/stage_module.h"
#include "daemon/stop_signal.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int kSlotTaken = -1, kRestart = -2;  // beside the exit codes of a stage process
constexpr auto kWaitForSlot = 60s;
constexpr auto kRedraw = 200ms;

bool run_alive(const media_db::RunRow& run) { return process_exists(run.pid); }

Timestamp now() { return SystemClock{}.now(); }

}  // namespace

process::Command stage_command(const config::Settings& settings, std::string_view stage, std::map<std::string, std::string> environment,
                               const std::vector<std::string>& more) {
    process::Command command;
    command.argv = {own_binary().string(), "--config", settings.file.string(), "--run-stage", std::string{stage}};
    command.argv.insert(command.argv.end(), more.begin(), more.end());
    command.inherit_environment = true;
    command.environment = std::move(environment);
    return command;
}

Walk::Walk(media_db::MediaDb& db, const config::Settings& settings, WorkflowId workflow, std::vector<const pipeline::Step*> range, Display& display)
    : db_(db), settings_(settings), workflow_(workflow), range_(std::move(range)), display_(display) {}

bool Walk::in_range(std::string_view stage) const {
    return settings_.stage_enabled(stage) && std::ranges::any_of(range_, [&](const auto* step) { return step->stage == stage; });
}

int Walk::operator()() {
    for (const auto* step : range_) {
        const int number = stages::number_of(*step);
        if (!settings_.stage_enabled(step->stage)) {
            display_.line("[" + std::to_string(number) + "/" + std::to_string(stages::house().size()) + "] " + std::string{step->stage} +
                          ": switched off, passed over");
            continue;
        }
        int code = walk_stage(*step);
        if (went_through(code) && step->stage == "pixel_verify") code = repeat_batches();
        if (!went_through(code)) return code;
    }
    return items_failed_ ? kItemsFailed : 0;
}

/// The phone takes a few files at a time: as long as it proves some and others wait, the next batch goes now.
int Walk::repeat_batches() {
    if (!in_range("pixel_sync") || !in_range("pixel_verify")) return 0;
    const auto& sync = *stages::find_stage("pixel_sync");
    const auto& verify = *stages::find_stage("pixel_verify");
    auto before = seen(sync).done;
    while (!stop_signal() && phone_proved_some_ && media_db::Conveyor{db_}.ready_count("pixel_sync", now()) > 0) {
        if (const int code = walk_stage(sync); !went_through(code)) return code;
        const auto after = seen(sync).done;
        if (after == std::exchange(before, after)) return 0;  // nothing fitted: it is not the batch that they wait for
        if (const int code = walk_stage(verify); !went_through(code)) return code;
    }
    return 0;
}

int Walk::walk_stage(const pipeline::Step& step) {
    const std::string head = "[" + std::to_string(stages::number_of(step)) + "/" + std::to_string(stages::house().size()) + "] ";
    display_.line(head + std::string{step.stage} + ": " + std::string{step.does});
    const auto before = seen(step);
    const auto on_the_way = media_db::Evidence{db_}.pixel_undelivered().files;
    const auto began = steady_clock::now();
    int code = run_processes(step);
    for (const auto give_up = began + kWaitForSlot; code == kSlotTaken && steady_clock::now() < give_up && !stop_signal();) {
        display_.line(head + std::string{step.stage} + ": another process is at it, waiting for it to end");
        for (int i = 0; i < 40 && !stop_signal(); ++i) display_.listen();
        code = run_processes(step);
    }
    if (code == kSlotTaken) code = kTryLater;
    if (stop_signal()) code = 128 + stop_signal();
    display_.stage_ended();
    auto after = seen(step);
    const media_db::Runs::Progress made{
        after.total, after.done - before.done, after.waiting, after.attention - before.attention, Bytes{after.bytes.count - before.bytes.count}, ""};
    display_.line(head + summary_line(step.stage, made, std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began)) +
                  (went_through(code) ? "" : ": ended with exit code " + std::to_string(code)));
    if (step.stage == "pixel_verify") phone_proved_some_ = media_db::Evidence{db_}.pixel_undelivered().files < on_the_way;
    items_failed_ = items_failed_ || code == kItemsFailed;
    if (!after.exit_code || !went_through(code)) after.exit_code = code;
    ended_[stages::number_of(step)] = std::move(after);
    return code;
}

void Walk::start(const pipeline::Step& step, std::vector<Worker>& workers) {
    std::map<std::string, std::string> environment{{"MEDIAFERRY_WORKFLOW", std::to_string(workflow_.value)}};
    // One line for each file belongs in the journal of the daemon, not between a person and the progress line.
    if (settings_.log.level == "info") environment["MEDIAFERRY_LOG_LEVEL"] = "warning";
    const Display::Redirected redirected{display_};
    workers.push_back({MF_AROUND("run.start_stage", process::Child{stage_command(settings_, step.stage, std::move(environment))})});
}

int Walk::run_processes(const pipeline::Step& step) {
    std::vector<Worker> workers;
    const auto ready = media_db::Conveyor{db_}.ready_count(step.stage, now());
    const auto wanted = step.unit == pipeline::Unit::none ? 1 : std::clamp<std::int64_t>(ready, 1, settings_.processes(step.stage));
    for (std::int64_t i = 0; i < wanted; ++i) start(step, workers);

    const auto began = steady_clock::now();
    const auto handled_before = seen(step);
    std::vector<int> codes;
    int told = 0;
    steady_clock::time_point drawn{};
    while (std::ranges::any_of(workers, [](const Worker& worker) { return !worker.over; })) {
        display_.listen();
        if (const int signal = stop_signal(); signal && !std::exchange(told, signal))
            for (auto& worker : workers)
                if (!worker.over) worker.child.signal(signal);
        for (std::size_t i = 0; i < workers.size(); ++i) {
            if (workers[i].over) continue;
            const auto exit = workers[i].child.poll();
            if (!exit) continue;
            workers[i].over = true;
            const int code = judge(step, workers[i], *exit);
            if (code == kRestart)
                start(step, workers);
            else
                codes.push_back(code);
        }
        if (steady_clock::now() - drawn < kRedraw) continue;
        drawn = steady_clock::now();
        const auto status = seen(step);
        const auto handled = [](const StageStatus& s) { return s.done + s.waiting + s.attention; };
        const bool again = handled(handled_before) > 0 && step.unit != pipeline::Unit::none;
        display_.progress({stages::number_of(step), static_cast<int>(stages::house().size()), std::string{step.stage},
                           again ? status.done - handled_before.done : handled(status), status.total,
                           Bytes{status.bytes.count - handled_before.bytes.count},
                           std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began), status.activity});
    }
    if (std::ranges::all_of(codes, [](int code) { return code == kSlotTaken; })) return kSlotTaken;
    std::erase(codes, kSlotTaken);
    for (const int code : codes)
        if (!went_through(code)) return code;
    return std::ranges::max(codes);
}

/// What the end of one stage process means; a crash is put into the books here, because only its parent knows the signal.
int Walk::judge(const pipeline::Step& step, Worker& worker, const process::Exit& exit) {
    const auto pid = worker.child.pid();
    if (exit.signal != 0) {
        const auto held = sweep_dead_runs(db_, settings_, step.stage, std::nullopt, now(), pid, exit.signal);
        if (stop_signal()) return 128 + stop_signal();
        display_.line(std::string{step.stage} + ": a process was " + process::to_text(exit) +
                      (held > 0 ? "; what it held is counted as crashed and tried once more" : " before it held a file"));
        items_failed_ = true;
        return held > 0 ? kRestart : kBug;
    }
    if (exit.code == kTryLater && !registered(pid)) return kSlotTaken;
    return exit.code;
}

bool Walk::registered(pid_t pid) const {
    return std::ranges::any_of(media_db::Runs{db_}.of(workflow_), [&](const auto& run) { return run.pid == pid; });
}

StageStatus Walk::seen(const pipeline::Step& step) const {
    std::vector<media_db::RunRow> rows;
    for (auto& run : media_db::Runs{db_}.of(workflow_))
        if (run.stage == step.stage) rows.push_back(std::move(run));
    auto status = summarise(rows, run_alive);
    status.number = stages::number_of(step);
    status.stage = step.stage;
    return status;
}

}  // namespace mediaferry::daemon
