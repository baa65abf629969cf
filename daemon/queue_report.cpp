// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/queue_report.h"

#include <nlohmann/json.hpp>

#include "common/queue/runner.h"
#include "common/types/timestamp.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

using Json = nlohmann::ordered_json;

int handled_percent(const media_db::QueuedAction& action) {
    const auto handled = action.counts.copied + action.counts.skipped + action.counts.errors;
    if (action.total > 0) return static_cast<int>(handled * 100 / action.total);
    return action.finished ? 100 : 0;
}

std::string in_words(const media_db::Cse& cse) {
    return std::to_string(cse.copied) + "/" + std::to_string(cse.skipped) + "/" + std::to_string(cse.errors);
}

Json json_row(const QueueReport::Row& row) {
    const auto& action = row.action;
    auto classes = Json::object();
    for (const auto& [name, cse] : row.classes) classes[name] = {{"copied", cse.copied}, {"skipped", cse.skipped}, {"errors", cse.errors}};
    return {{"target", action.target},
            {"action", action.action},
            {"options", Json::parse(action.options)},
            {"status", action.status},
            {"progress", handled_percent(action)},
            {"files", action.total},
            {"copied", action.counts.copied},
            {"skipped", action.counts.skipped},
            {"errors", action.counts.errors},
            {"classes", classes},
            {"reason", action.reason ? Json{{"code", action.reason->code}, {"text", action.reason->text}} : Json(nullptr)},
            {"queued", to_iso(action.queued)},
            {"finished", action.finished ? Json(to_iso(*action.finished)) : Json(nullptr)}};
}

}  // namespace

QueueReport gather_queue(media_db::MediaDb& db) {
    const media_db::Queue queue{db};
    QueueReport report;
    for (auto& action : queue.all()) {
        auto classes = queue.by_class(action.id);
        report.rows.push_back({std::move(action), std::move(classes)});
    }
    if (const auto waiting = queue.waiting(); !waiting.empty()) report.next = waiting.front().target;
    return report;
}

std::string queue_json(const QueueReport& report) {
    auto rows = Json::array();
    for (const auto& row : report.rows) rows.push_back(json_row(row));
    return Json{{"queue", rows}, {"next", report.next.empty() ? Json(nullptr) : Json(report.next)}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string queue_table(const QueueReport& report) {
    if (report.rows.empty()) return "the queue is empty\n";
    Table table{{">#", "Action", "Target", "Options", "Status", ">Progress", ">Copied", ">Skipped", ">Errors", "By class C/S/E"}};
    std::int64_t number = 0;
    for (const auto& [action, by_class] : report.rows) {
        std::string classes;
        for (const auto& [name, cse] : by_class) classes += (classes.empty() ? "" : ", ") + name + " " + in_words(cse);
        table.add({std::to_string(++number), action.action, action.target, queue::in_words(queue::wish_from_json(action.options)),
                   action.status + (action.reason ? ": " + action.reason->text : ""), std::to_string(handled_percent(action)) + "%",
                   std::to_string(action.counts.copied), std::to_string(action.counts.skipped), std::to_string(action.counts.errors), classes});
    }
    return table.text() + (report.next.empty() ? "Next: nothing\n" : "Next: " + report.next + "\n");
}

}  // namespace mediaferry::daemon
