// SPDX-License-Identifier: GPL-3.0-or-later
// The status as a person reads it.

#include <algorithm>
#include <cstdio>
#include <sstream>

#include "daemon/status_report.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

const std::string kRule(60, '=');

std::string icon(const std::string& state) {
    if (state == "completed") return "✅ ";
    if (state == "running") return "🔄 ";
    if (state == "failed" || state == "died") return "❌ ";
    if (state == "waiting") return "⏳ ";
    if (state == "interrupted") return "⏸️ ";
    return "▫️ ";
}

std::string percent_text(double percent) {
    char text[16];
    std::snprintf(text, sizeof text, "%.1f%%", percent);
    return text;
}

std::string counted(std::int64_t n, const char* one, const char* many) { return std::to_string(n) + " " + (n == 1 ? one : many); }

std::string when(Timestamp next, Timestamp now) {
    if (next <= now) return "at the next run";
    return "in " + to_text(std::chrono::milliseconds{next - now});
}

void stage_lines(std::ostream& out, const StageStatus& stage, Timestamp now, StatusStyle style) {
    if (stage.state.empty()) return;  // outside the range that was asked for
    out << "  " << (style.icons ? icon(stage.state) : "") << "Step " << stage.number << ": " << stage.stage << " (" << stage.state << ")\n";
    if (stage.started) {
        if (stage.total > 0) out << "    Files: " << stage.done << "/" << stage.total << "\n";
        out << "    Duration: " << to_text(std::chrono::milliseconds{stage.finished.value_or(now) - *stage.started}) << "\n";
    }
    if (stage.waiting > 0) out << "    Waiting: " << counted(stage.waiting, "file", "files") << "\n";
    if (stage.attention > 0) out << "    Failed: " << counted(stage.attention, "file", "files") << "\n";
    if (!stage.activity.empty()) out << "    Now: " << stage.activity << "\n";
    if (stage.reason) out << (stage.state == "failed" || stage.state == "died" ? "    Error: " : "    Reason: ") << stage.reason->text << "\n";
}

void waiting_lines(std::ostream& out, const StatusReport& report) {
    if (report.waiting.empty()) return;
    out << "\nWaiting:\n";
    for (const auto& row : report.waiting)
        out << "  " << row.stage << ": " << counted(row.files, "file", "files") << ": " << row.reason.text << " (" << when(row.next, report.at)
            << ")\n";
}

void attention_lines(std::ostream& out, const StatusReport& report) {
    std::int64_t all = 0;
    for (const auto& stage : report.stages) all += stage.counts.attention;
    if (all == 0 && report.icloud.resources_attention == 0) return;
    out << "\nNeeds a person: " << counted(all, "file", "files");
    if (report.icloud.resources_attention > 0) out << ", " << report.icloud.resources_attention << " not fetched from iCloud";
    out << " (mediaferry attention)\n";
    for (const auto& row : report.attention)
        out << "  " << row.item.id.value << " " << row.item.filename << ": " << row.step.stage << ": "
            << (row.step.reason ? row.step.reason->text : "") << "\n";
}

void proof_lines(std::ostream& out, const StatusReport& report) {
    Table table{{"place", "proof", ">files", ">bytes"}};
    for (const auto& row : report.proofs) table.add({row.place, row.proof, std::to_string(row.files), to_text(row.bytes)});
    if (!table.empty()) out << "\nCopies:\n" << table.text("  ");
}

void file_lines(std::ostream& out, const StatusReport& report) {
    Table table{{"status", ">files", ">original", ">now"}};
    for (const auto& row : report.files)
        if (row.files > 0) table.add({row.status, std::to_string(row.files), to_text(row.initial), to_text(row.current)});
    if (!table.empty()) out << "\nFiles:\n" << table.text("  ");
    const auto& c = report.icloud;
    if (c.listed + c.deleted + c.gone == 0) return;
    out << "\niCloud: " << counted(c.listed, "asset", "assets") << " listed, " << c.filed << " in the album, " << c.held << " held back, "
        << c.deleted << " deleted";
    if (c.gone > 0) out << ", " << c.gone << " deleted by others";
    if (c.resources_missing > 0) out << ", " << counted(c.resources_missing, "file", "files") << " not fetched yet";
    out << "\n";
}

}  // namespace

std::string status_text(const StatusReport& report, StatusStyle style) {
    std::ostringstream out;
    out.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would go on without what it has no room for
    const bool by_hand = std::ranges::any_of(report.stages, [](const StageStatus& stage) { return stage.started.has_value(); });
    out << kRule << "\nWORKFLOW STATUS: "
        << (report.workflow ? report.workflow->name
            : by_hand       ? "stages run one by one"
                            : "nothing has run yet")
        << "\n"
        << kRule << "\n";
    if (report.workflow) {
        out << "Status: " << report.state << "\nProgress: " << percent_text(report.percent) << "\n";
        if (report.current > 0) out << "Current Step: " << report.current << "\n";
        out << "Files Processed: " << report.files_processed << "\n";
    }
    out << "Daemon: " << (report.daemon_pid ? "running (pid " + std::to_string(*report.daemon_pid) + ")" : "not running") << "\n";
    out << "\nStep Details:\n";
    for (const auto& stage : report.stages) stage_lines(out, stage, report.at, style);
    waiting_lines(out, report);
    attention_lines(out, report);
    file_lines(out, report);
    proof_lines(out, report);
    for (const auto& note : report.notes) out << "\nNote: " << note;
    if (!report.notes.empty()) out << "\n";
    out << kRule << "\n";
    return out.str();
}

}  // namespace mediaferry::daemon
