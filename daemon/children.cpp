// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/children.h"

#include <algorithm>
#include <csignal>
#include <set>

#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/conveyor.h"
#include "daemon/slots.h"
#include "daemon/walk.h"

namespace mediaferry::daemon {

void Children::start(const config::Settings& settings, const std::string& stage) {
    std::map<std::string, std::string> environment{{"MEDIAFERRY_WORKFLOW", std::to_string(workflow_.value)}};
    // The notify socket is ours: a child that spoke on it would vouch for us.
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) environment[name] = "";
    children_.push_back({stage, MF_AROUND("daemon.start_stage", process::Child{stage_command(settings, stage, std::move(environment))})});
    log::debug("stage started", {{"STAGE", stage}, {"CHILD", children_.back().child.pid()}});
}

std::vector<Ended> Children::reap(const config::Settings& settings) {
    std::vector<Ended> result;
    for (auto child = children_.begin(); child != children_.end();) {
        const auto exit = child->child.poll();
        if (!exit) {
            ++child;
            continue;
        }
        result.push_back(ended(settings, *child, *exit));
        child = children_.erase(child);
    }
    return result;
}

Ended Children::ended(const config::Settings& settings, const Started& started, const process::Exit& exit) {
    media_db::Runs runs{db_};
    const auto pid = started.child.pid();
    std::optional<RunId> id;
    for (const auto& run : runs.open(started.stage))
        if (run.pid == pid) id = run.id;
    if (exit.signal != 0) {
        sweep_dead_runs(db_, settings, started.stage, std::nullopt, clock_.now(), pid, exit.signal);
        log::error("stage process crashed", {{"STAGE", started.stage}, {"HOW", process::to_text(exit)}});
    } else if (id) {
        // It ended by itself and yet left its row open: it could not write its last word.
        runs.end(*id, exit.code, std::nullopt, clock_.now());
        media_db::Conveyor{db_}.put_back(*id);
    }
    auto run = id ? runs.run(*id) : runs.latest(started.stage);
    if (run && run->pid != pid) run.reset();
    return {started.stage, exit, std::move(run)};
}

int Children::running(const std::string& stage) const { return static_cast<int>(std::ranges::count(children_, stage, &Started::stage)); }

void Children::signal_all(int number) {
    for (auto& started : children_) started.child.signal(number);
}

void Children::kill_all() {
    std::vector<std::pair<std::string, pid_t>> killed;
    for (auto& started : children_) {
        started.child.kill_group();
        killed.emplace_back(started.stage, started.child.pid());
    }
    children_.clear();  // waits for each to be gone
    media_db::Runs runs{db_};
    for (const auto& [stage, pid] : killed)
        for (const auto& run : runs.open(stage)) {
            if (run.pid != pid) continue;
            media_db::Conveyor{db_}.put_back(run.id);
            runs.ended_by_signal(run.id, SIGKILL, clock_.now());
        }
}

std::string Children::names() const {
    std::set<std::string> stages;
    for (const auto& started : children_) stages.insert(started.stage);
    std::string text;
    for (const auto& stage : stages) text += (text.empty() ? "" : ", ") + stage;
    return text;
}

}  // namespace mediaferry::daemon
