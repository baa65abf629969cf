// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/house_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mediaferry::media_db {

using nlohmann::json;

House house_from_text(const std::string& text) {
    House house;
    for (const auto& row : json::parse(text))
        house.push_back({row.at("stage"), row.at("after").get<std::vector<std::string>>(), row.at("status"), row.at("enabled")});
    return house;
}

std::string to_text(const House& house) {
    json rows = json::array();
    for (const auto& row : house) rows.push_back({{"stage", row.stage}, {"after", row.after}, {"status", row.status}, {"enabled", row.enabled}});
    return rows.dump();
}

House stored_house(const MediaDb& db) {
    Query query(db, "SELECT value FROM state WHERE key = 'house'");
    if (!query.next()) return {};
    const std::string text = query.text(0);
    // Parsed once for as long as it is the same: this is asked for every finished item.
    auto& impl = db.impl();
    if (text != impl.house_text) {
        impl.house = std::make_shared<const House>(house_from_text(text));
        impl.house_text = text;
    }
    return *impl.house;
}

bool may_open(const HouseRow& row, const std::set<std::string>& done) {
    return row.enabled && std::ranges::all_of(row.after, [&](const std::string& stage) { return done.contains(stage); });
}

std::string status_word(const House& house, const std::set<std::string>& done, const std::string& current) {
    std::string word = current;
    bool beyond_current = std::ranges::none_of(house, [&](const HouseRow& row) { return row.status == current; });
    for (const auto& row : house) {
        const bool reached =
            done.contains(row.stage) && std::ranges::all_of(row.after, [&](const std::string& stage) { return done.contains(stage); });
        if (beyond_current && reached && !row.status.empty()) word = row.status;
        if (row.status == current) beyond_current = true;
    }
    return word;
}

void add_steps(MediaDb& db, const House& house, MediaId media, Timestamp taken, Timestamp now) {
    const std::set<std::string> done{std::string(kArrival)};
    for (const auto& row : house) {
        const bool arrival = row.stage == kArrival;
        Query(db, R"(INSERT INTO step (media_id, stage, open, status, finished_at, taken_at)
                     VALUES (:media, :stage, :open, :status, :finished, :taken))")
            .with(":media", media)
            .with(":stage", row.stage)
            .with(":open", may_open(row, done))
            .with(":status", arrival ? "done" : "pending")
            .with(":finished", arrival ? std::optional(now) : std::nullopt)
            .with(":taken", taken)
            .run();
    }
}

void follow_up(MediaDb& db, MediaId media, std::string_view stage, Timestamp now) {
    const House house = stored_house(db);
    std::set<std::string> done;
    {
        Query query(db, "SELECT stage FROM step WHERE media_id = :media AND status = 'done'");
        query.with(":media", media);
        while (query.next()) done.insert(query.text(0));
    }
    for (const auto& row : house) {
        if (std::ranges::find(row.after, stage) == row.after.end() || !may_open(row, done)) continue;
        Query(db, "UPDATE step SET open = 1 WHERE media_id = :media AND stage = :stage AND open = 0")
            .with(":media", media)
            .with(":stage", row.stage)
            .run();
    }
    Query current(db, "SELECT status FROM media WHERE id = :media");
    if (!current.with(":media", media).next()) return;
    const std::string before = current.text(0);
    const std::string after = status_word(house, done, before);
    if (after == before) return;
    Query(db, "UPDATE media SET status = :status, last_updated = :now WHERE id = :media")
        .with(":status", after)
        .with(":now", to_iso(now))
        .with(":media", media)
        .run();
}

}  // namespace mediaferry::media_db
