// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/status_report.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "common/icloud/census_gate.h"
#include "common/restore/drill.h"
#include "daemon/exit_code.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using media_db::RunRow;
using media_db::WorkflowRow;

constexpr std::size_t kShown = 10;

bool run_alive(const RunRow& run) { return process_exists(run.pid); }

std::string state_of(const RunRow& run, bool alive) {
    if (!run.finished) return alive ? "running" : "died";
    if (run.end_signal) return "died";
    const int code = run.exit_code.value_or(0);
    if (code == 130 || code == 143) return "interrupted";
    if (!went_through(code)) return "failed";
    return run.reason && run.done == 0 && run.attention == 0 ? "waiting" : "completed";
}

std::string state_of(const WorkflowRow& workflow) {
    if (!workflow.finished) return process_exists(workflow.pid) ? "running" : "died";
    const int code = workflow.exit_code.value_or(0);
    if (code == 130 || code == 143) return "interrupted";
    return went_through(code) ? "completed" : "failed";
}

double share_done(const StageStatus& stage) {
    if (stage.state == "completed" || stage.state == "waiting") return 1;
    if (stage.state != "running" || stage.total <= 0) return 0;
    return std::min(1.0, static_cast<double>(stage.done + stage.waiting + stage.attention) / static_cast<double>(stage.total));
}

/// A walk is as far as its stages; the daemon, which never ends, as far as the files.
double percent_of(const StatusReport& report) {
    if (!report.workflow) return 0;
    if (report.workflow->started_by == "daemon") {
        std::int64_t done = 0, all = 0;
        for (const auto& stage : report.stages) {
            if (!stage.enabled) continue;
            const auto& c = stage.counts;
            done += c.done;
            all += c.done + c.ready + c.closed + c.running + c.attention;
        }
        return all == 0 ? 100 : 100.0 * static_cast<double>(done) / static_cast<double>(all);
    }
    double sum = 0;
    int stages = 0;
    for (const auto& stage : report.stages) {
        if (stage.state == "off" || stage.state.empty()) continue;
        ++stages;
        sum += share_done(stage);
    }
    return stages == 0 ? 100 : 100.0 * sum / stages;
}

void fill_stage(StageStatus& status, const std::vector<RunRow>& rows) {
    auto found = summarise(rows, run_alive);
    found.number = status.number;
    found.stage = status.stage;
    found.enabled = status.enabled;
    found.counts = status.counts;
    status = std::move(found);
}

void fill_stages(StatusReport& report, media_db::MediaDb& db, const config::Settings& settings) {
    const media_db::Runs runs{db};
    const auto counts = media_db::Reports{db}.stages();
    const bool walk = report.workflow && report.workflow->started_by == "run";
    const auto rows = walk ? runs.of(report.workflow->id) : std::vector<RunRow>{};
    const auto* first = walk ? stages::find_stage(report.workflow->first_stage) : nullptr;
    const auto* last = walk ? stages::find_stage(report.workflow->last_stage) : nullptr;
    for (const auto& step : stages::house()) {
        StageStatus status;
        status.number = stages::number_of(step);
        status.stage = step.stage;
        status.enabled = settings.stage_enabled(step.stage);
        if (const auto found = counts.find(status.stage); found != counts.end()) status.counts = found->second;
        std::vector<RunRow> own;
        std::ranges::copy_if(rows, std::back_inserter(own), [&](const RunRow& run) { return run.stage == step.stage; });
        if (!walk)
            if (auto latest = runs.latest(step.stage)) own.push_back(std::move(*latest));
        fill_stage(status, own);
        const bool beside = (first && status.number < stages::number_of(*first)) || (last && status.number > stages::number_of(*last));
        if (own.empty()) status.state = !status.enabled ? "off" : beside ? "" : "pending";
        report.files_processed += status.done;
        report.stages.push_back(std::move(status));
    }
}

/// The stage that runs now, else the one that began last.
int current_stage(const std::vector<StageStatus>& stages) {
    const StageStatus* found = nullptr;
    for (const auto& stage : stages) {
        if (stage.state == "running") return stage.number;
        if (stage.started && (!found || *stage.started >= *found->started)) found = &stage;
    }
    return found ? found->number : 0;
}

std::optional<int> living_daemon(media_db::MediaDb& db) {
    const auto text = media_db::Facts{db}.get(kDaemonFact);
    if (!text) return std::nullopt;
    const int pid = std::atoi(text->c_str());
    return pid > 0 && process_exists(pid) ? std::optional{pid} : std::nullopt;
}

void add_notes(StatusReport& report, const config::Settings& settings, media_db::MediaDb* db) {
    if (!settings.icloud_delete.enabled) report.notes.emplace_back("deletion from iCloud is switched off (icloud_delete.enabled)");
    if (!db) return;
    if (const auto gate = settings.icloud_delete.enabled ? icloud::census_gate(*db) : std::nullopt; gate && gate->code != "icloud.no_census")
        report.notes.push_back("nothing is deleted from iCloud: " + gate->text);
    if (const auto nudge = restore::drill_nudge(*db, settings, report.at); !nudge.empty())
        report.notes.push_back(nudge);
    else if (const auto last = restore::last_good_drill(*db))
        report.notes.push_back("the last restore drill passed on " + to_iso(*last).substr(0, 10));
    // Written by pixel_verify, which finds it out.
    if (const auto weakness = media_db::Facts{*db}.get("syncthing.weakness"); weakness && !weakness->empty())
        report.notes.push_back("'delivered' is weaker proof here: " +
                               (*weakness == "before_1_20" ? "this Syncthing is older than 1.20 ('freed' is not affected)" : *weakness));
}

}  // namespace

bool process_exists(int pid) { return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM); }

StageStatus summarise(const std::vector<RunRow>& rows, bool (*alive)(const RunRow&)) {
    StageStatus status;
    for (const auto& run : rows) {
        status.done += run.done;
        status.attention += run.attention;
        status.waiting = std::max(status.waiting, run.waiting);
        status.total = std::max(status.total, run.total);
        status.bytes += run.bytes;
        status.started = std::min(status.started.value_or(run.started), run.started);
        status.finished = run.finished ? std::max(status.finished.value_or(*run.finished), *run.finished) : std::optional<Timestamp>{};
    }
    if (rows.empty()) return status;
    // Several processes each count what was in sight when they began: together they cannot have less in sight than they handled.
    status.total = std::max(status.total, status.done + status.waiting + status.attention);
    const auto running = std::ranges::find_if(rows, [&](const RunRow& run) { return !run.finished && alive(run); });
    const auto& shown = running != rows.end() ? *running : rows.back();
    if (running != rows.end()) status.finished.reset();
    status.state = state_of(shown, running != rows.end());
    status.activity = shown.finished ? "" : shown.activity;
    status.exit_code = shown.exit_code;
    status.reason = shown.reason;
    return status;
}

StatusReport gather_status(media_db::MediaDb& db, const config::Settings& settings, Timestamp now) {
    StatusReport report;
    report.at = now;
    report.version = MEDIAFERRY_VERSION;
    report.workflow = media_db::Runs{db}.latest_workflow();
    report.state = report.workflow ? state_of(*report.workflow) : "";
    fill_stages(report, db, settings);
    report.current = current_stage(report.stages);
    report.percent = percent_of(report);
    report.daemon_pid = living_daemon(db);
    const media_db::Reports reports{db};
    report.files = reports.by_status();
    report.waiting = reports.waiting(kShown);
    report.proofs = reports.proofs();
    report.icloud = reports.assets();
    report.attention = media_db::Conveyor{db}.attention(kShown);
    add_notes(report, settings, &db);
    return report;
}

StatusReport empty_status(const config::Settings& settings, Timestamp now) {
    StatusReport report;
    report.at = now;
    report.version = MEDIAFERRY_VERSION;
    for (const auto& step : stages::house()) {
        StageStatus status;
        status.number = stages::number_of(step);
        status.stage = step.stage;
        status.enabled = settings.stage_enabled(step.stage);
        status.state = status.enabled ? "pending" : "off";
        report.stages.push_back(std::move(status));
    }
    add_notes(report, settings, nullptr);
    return report;
}

}  // namespace mediaferry::daemon
