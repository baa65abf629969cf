// SPDX-License-Identifier: GPL-3.0-or-later
// The status for scripts and for Prometheus. Keys and metric names are stable.

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/status_report.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

json_t time_or_null(const std::optional<Timestamp>& at) { return at ? json_t(to_iso(*at)) : json_t(nullptr); }
json_t reason_or_null(const std::optional<Reason>& reason) {
    return reason ? json_t{{"code", reason->code}, {"text", reason->text}} : json_t(nullptr);
}
template <class T>
json_t or_null(const std::optional<T>& value) {
    return value ? json_t(*value) : json_t(nullptr);
}

json_t workflow_json(const StatusReport& report) {
    if (!report.workflow) return nullptr;
    const auto& workflow = *report.workflow;
    const std::string current = report.current > 0 ? report.stages[static_cast<std::size_t>(report.current - 1)].stage : "";
    return {{"name", workflow.name},
            {"status", report.state},
            {"started_by", workflow.started_by},
            {"started_at", to_iso(workflow.started)},
            {"finished_at", time_or_null(workflow.finished)},
            {"exit_code", or_null(workflow.exit_code)},
            {"first_stage", workflow.first_stage},
            {"last_stage", workflow.last_stage},
            {"progress_percent", std::round(report.percent * 10) / 10},
            {"current_step", report.current},
            {"current_stage", current},
            {"files_processed", report.files_processed}};
}

json_t stage_json(const StageStatus& stage, Timestamp now) {
    json_t duration = nullptr;
    if (stage.started) duration = (stage.finished.value_or(now) - *stage.started).count();
    const auto& c = stage.counts;
    return {{"number", stage.number},
            {"stage", stage.stage},
            {"enabled", stage.enabled},
            {"status", stage.state.empty() ? "not asked for" : stage.state},
            {"files", {{"done", stage.done}, {"total", stage.total}, {"waiting", stage.waiting}, {"failed", stage.attention}}},
            {"bytes", stage.bytes.count},
            {"started_at", time_or_null(stage.started)},
            {"finished_at", time_or_null(stage.finished)},
            {"duration_seconds", duration},
            {"activity", stage.activity},
            {"exit_code", or_null(stage.exit_code)},
            {"reason", reason_or_null(stage.reason)},
            {"all_files", {{"ready", c.ready}, {"closed", c.closed}, {"running", c.running}, {"done", c.done}, {"attention", c.attention}}}};
}

json_t attention_json(const StatusReport& report) {
    std::int64_t all = 0;
    for (const auto& stage : report.stages) all += stage.counts.attention;
    json_t first = json_t::array();
    for (const auto& row : report.attention)
        first.push_back(
            {{"id", row.item.id.value}, {"filename", row.item.filename}, {"stage", row.step.stage}, {"reason", reason_or_null(row.step.reason)}});
    return {{"files", all}, {"resources", report.icloud.resources_attention}, {"first", first}};
}

}  // namespace

std::string status_json(const StatusReport& report, int indent) {
    json_t out{{"version", report.version}, {"at", to_iso(report.at)}, {"workflow", workflow_json(report)}};
    out["daemon"] = {{"running", report.daemon_pid.has_value()}, {"pid", or_null(report.daemon_pid)}};
    out["stages"] = json_t::array();
    out["errors"] = json_t::array();
    for (const auto& stage : report.stages) {
        out["stages"].push_back(stage_json(stage, report.at));
        if (stage.reason && (stage.state == "failed" || stage.state == "died"))
            out["errors"].push_back({{"stage", stage.stage}, {"code", stage.reason->code}, {"text", stage.reason->text}});
    }
    out["waiting"] = json_t::array();
    for (const auto& row : report.waiting)
        out["waiting"].push_back(
            {{"stage", row.stage}, {"code", row.reason.code}, {"text", row.reason.text}, {"files", row.files}, {"next_at", to_iso(row.next)}});
    out["attention"] = attention_json(report);
    out["files"] = json_t::array();
    for (const auto& row : report.files)
        out["files"].push_back(
            {{"status", row.status}, {"files", row.files}, {"initial_bytes", row.initial.count}, {"current_bytes", row.current.count}});
    out["proofs"] = json_t::array();
    for (const auto& row : report.proofs)
        out["proofs"].push_back({{"place", row.place}, {"proof", row.proof}, {"files", row.files}, {"bytes", row.bytes.count}});
    const auto& c = report.icloud;
    out["icloud"] = {{"listed", c.listed},
                     {"filed", c.filed},
                     {"deleted", c.deleted},
                     {"gone", c.gone},
                     {"held", c.held},
                     {"resources_missing", c.resources_missing},
                     {"resources_attention", c.resources_attention}};
    out["notes"] = report.notes;
    return out.dump(indent, ' ', false, json_t::error_handler_t::replace);
}

std::string status_metrics(const StatusReport& report) {
    std::ostringstream out;
    out.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would go on without what it has no room for
    const auto metric = [&](const char* name, const char* help) { out << "# HELP " << name << " " << help << "\n# TYPE " << name << " gauge\n"; };
    metric("mediaferry_info", "Version, as a label.");
    out << "mediaferry_info{version=\"" << report.version << "\"} 1\n";
    metric("mediaferry_stage_files", "Files by stage and state of their step.");
    for (const auto& stage : report.stages) {
        const auto& c = stage.counts;
        const auto row = [&](const char* state, std::int64_t n) {
            out << "mediaferry_stage_files{stage=\"" << stage.stage << "\",state=\"" << state << "\"} " << n << "\n";
        };
        row("ready", c.ready), row("closed", c.closed), row("running", c.running), row("done", c.done), row("attention", c.attention);
    }
    metric("mediaferry_stage_last_exit_code", "Exit code of the stage's last finished run.");
    for (const auto& stage : report.stages)
        if (stage.exit_code) out << "mediaferry_stage_last_exit_code{stage=\"" << stage.stage << "\"} " << *stage.exit_code << "\n";
    metric("mediaferry_stage_last_start_seconds", "When the stage last began, Unix time.");
    for (const auto& stage : report.stages)
        if (stage.started)
            out << "mediaferry_stage_last_start_seconds{stage=\"" << stage.stage << "\"} " << stage.started->time_since_epoch().count() << "\n";
    metric("mediaferry_files", "Files by status.");
    for (const auto& row : report.files) out << "mediaferry_files{status=\"" << row.status << "\"} " << row.files << "\n";
    metric("mediaferry_original_bytes", "Size of the originals by status.");
    for (const auto& row : report.files) out << "mediaferry_original_bytes{status=\"" << row.status << "\"} " << row.initial.count << "\n";
    metric("mediaferry_current_bytes", "Size of what is kept at home by status.");
    for (const auto& row : report.files) out << "mediaferry_current_bytes{status=\"" << row.status << "\"} " << row.current.count << "\n";
    metric("mediaferry_copies", "Copies by place and how far they are proven.");
    for (const auto& row : report.proofs)
        out << "mediaferry_copies{place=\"" << row.place << "\",proof=\"" << row.proof << "\"} " << row.files << "\n";
    metric("mediaferry_icloud_assets", "Assets as iCloud counts them.");
    const auto& c = report.icloud;
    out << "mediaferry_icloud_assets{state=\"listed\"} " << c.listed << "\nmediaferry_icloud_assets{state=\"filed\"} " << c.filed
        << "\nmediaferry_icloud_assets{state=\"deleted\"} " << c.deleted << "\nmediaferry_icloud_assets{state=\"held\"} " << c.held << "\n";
    metric("mediaferry_icloud_resources_missing", "Files that iCloud lists and the house does not have yet.");
    out << "mediaferry_icloud_resources_missing " << c.resources_missing << "\n";
    return out.str();
}

}  // namespace mediaferry::daemon
