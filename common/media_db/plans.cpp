// SPDX-License-Identifier: GPL-3.0-or-later
// Deletion plans, and small facts.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/media_db/evidence.h"
#include "common/media_db/row_reading.h"
#include "common/media_db/runs.h"

namespace mediaferry::media_db {

namespace {

bool same_content(const std::vector<PlanItem>& a, const std::vector<PlanItem>& b) {
    return std::ranges::equal(a, b, [](const PlanItem& x, const PlanItem& y) {
        return x.asset == y.asset && x.change_tag == y.change_tag && x.resources == y.resources && x.bytes == y.bytes;
    });
}

void tell(MediaDb& db, const char* what, const nlohmann::json& detail, Timestamp now) {
    Event event;
    event.at = now;
    event.stage = "icloud_delete";
    event.what = what;
    event.detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    Events(db).add(event);
}

}  // namespace

PlanId Plans::propose(const std::vector<PlanItem>& proposed, Timestamp now) {
    std::vector<PlanItem> items = proposed;
    std::ranges::sort(items, {}, &PlanItem::asset);
    Transaction transaction(db_, MF_COMMIT("db.plans.propose"));
    if (const auto earlier = open_plan("proposed")) {
        if (same_content(earlier->items, items)) {
            transaction.commit();
            return earlier->id;
        }
        Query(db_, "UPDATE plan SET status = 'superseded', finished_at = :now WHERE id = :id").with(":now", now).with(":id", earlier->id).run();
    }
    Query(db_, "INSERT INTO plan (created_at, status) VALUES (:now, 'proposed')").with(":now", now).run();
    const PlanId plan{db_.impl().last_id()};
    for (const auto& item : items)
        Query(db_, "INSERT INTO plan_item (plan_id, asset_id, change_tag, resources, bytes) VALUES (:plan, :asset, :tag, :resources, :bytes)")
            .with(":plan", plan)
            .with(":asset", item.asset)
            .with(":tag", item.change_tag)
            .with(":resources", item.resources)
            .with(":bytes", item.bytes)
            .run();
    transaction.commit();
    return plan;
}

void Plans::withdraw(Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.plans.withdraw"));
    Query(db_, "UPDATE plan SET status = 'superseded', finished_at = :now WHERE status = 'proposed'").with(":now", now).run();
    transaction.commit();
}

std::optional<Plan> Plans::plan(PlanId id) const {
    Query head(db_, "SELECT id, created_at, status, approved_at, approved_by FROM plan WHERE id = :id");
    if (!head.with(":id", id).next()) return std::nullopt;
    Plan plan{PlanId{head.integer(0)}, head.time(1), head.text(2), head.maybe_time(3), head.text(4), {}};
    Query rows(
        db_, "SELECT asset_id, change_tag, resources, bytes, status, reason_code, reason_text FROM plan_item WHERE plan_id = :id ORDER BY asset_id");
    rows.with(":id", id);
    plan.items = all(rows, [](const Query& row) {
        return PlanItem{AssetId{row.integer(0)}, row.text(1), row.text(2), row.bytes(3), row.text(4), reason_from(row, 5)};
    });
    return plan;
}

std::optional<Plan> Plans::open_plan(std::string_view status) const {
    Query query(db_, "SELECT id FROM plan WHERE status = :status ORDER BY id DESC LIMIT 1");
    if (!query.with(":status", status).next()) return std::nullopt;
    return plan(PlanId{query.integer(0)});
}

void Plans::approve(PlanId id, const std::string& by, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.plans.approve"));
    const auto found = plan(id);
    const std::string name = "plan " + std::to_string(id.value);
    if (!found) throw BadInput("plan.unknown", "there is no " + name + "; `mediaferry plan` shows the one that can be approved");
    if (found->status != "proposed")
        throw BadInput("plan.not_proposed", name + " is " + found->status + " and cannot be approved; `mediaferry plan` shows the one that can");
    Query(db_, "UPDATE plan SET status = 'approved', approved_at = :now, approved_by = :by WHERE id = :id")
        .with(":now", now)
        .with(":by", by)
        .with(":id", id)
        .run();
    tell(db_, "plan_approved", {{"plan", id.value}, {"by", by}, {"assets", found->items.size()}}, now);
    transaction.commit();
}

void Plans::item_status(PlanId plan, AssetId asset, std::string_view status, const std::optional<Reason>& reason) {
    Transaction transaction(db_, MF_COMMIT("db.plans.item_status"));
    Query(db_, "UPDATE plan_item SET status = :status, reason_code = :code, reason_text = :text WHERE plan_id = :plan AND asset_id = :asset")
        .with(":status", status)
        .with(":code", reason ? std::optional(reason->code) : std::nullopt)
        .with(":text", reason ? std::optional(reason->text) : std::nullopt)
        .with(":plan", plan)
        .with(":asset", asset)
        .run();
    transaction.commit();
}

void Plans::finish(PlanId id, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.plans.finish"));
    Query(db_, "UPDATE plan SET status = 'finished', finished_at = :now WHERE id = :id").with(":now", now).with(":id", id).run();
    transaction.commit();
}

// ---- Facts -----------------------------------------------------------------------------------------------------------------

std::optional<std::string> Facts::get(std::string_view key) const {
    Query query(db_, "SELECT value FROM state WHERE key = :key");
    if (!query.with(":key", key).next()) return std::nullopt;
    return query.text(0);
}

std::optional<Timestamp> Facts::written(std::string_view key) const {
    Query query(db_, "SELECT at FROM state WHERE key = :key");
    if (!query.with(":key", key).next()) return std::nullopt;
    return query.time(0);
}

void Facts::set(std::string_view key, const std::string& value, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.facts.set"));
    Query(db_, R"(INSERT INTO state (key, value, at) VALUES (:key, :value, :now)
                  ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at)")
        .with(":key", key)
        .with(":value", value)
        .with(":now", now)
        .run();
    transaction.commit();
}

void Facts::forget(std::string_view key) {
    Transaction transaction(db_, MF_COMMIT("db.facts.forget"));
    Query(db_, "DELETE FROM state WHERE key = :key").with(":key", key).run();
    transaction.commit();
}

}  // namespace mediaferry::media_db
