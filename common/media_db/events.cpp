// SPDX-License-Identifier: GPL-3.0-or-later
// The log of everything that happened. Each row's hash covers its predecessor's, so that a row changed or taken out shows.
#include <nlohmann/json.hpp>

#include "common/files/files.h"
#include "common/media_db/evidence.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

#define MEDIAFERRY_EVENT "id, at, media_id, asset_id, run_id, stage, what, detail"

Event event_from(const Query& row) {
    return {row.integer(0), row.time(1), row.maybe_id<MediaId>(2), row.maybe_id<AssetId>(3), row.maybe_id<RunId>(4), row.text(5),
            row.text(6),    row.text(7)};
}

std::string hash_after(const std::string& previous, const Event& event) {
    const auto id_or_null = [](const auto& id) { return id ? nlohmann::json(id->value) : nlohmann::json(nullptr); };
    const nlohmann::json row{event.id,
                             event.at.time_since_epoch().count(),
                             id_or_null(event.media),
                             id_or_null(event.asset),
                             id_or_null(event.run),
                             event.stage,
                             event.what,
                             event.detail};
    return to_hex(files::digest_bytes(previous + row.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)).sha256);
}

}  // namespace

void Events::add(const Event& given) {
    Transaction transaction(db_, MF_COMMIT("db.events.add"));  // IMMEDIATE: nobody else can write between reading the last row and adding the next
    Event event = given;
    if (event.detail.empty()) event.detail = "{}";
    std::string previous;
    {
        Query last(db_, "SELECT id, hash FROM event ORDER BY id DESC LIMIT 1");
        event.id = 1;
        if (last.next()) {
            event.id = last.integer(0) + 1;
            previous = last.text(1);
        }
    }
    Query(db_, "INSERT INTO event (" MEDIAFERRY_EVENT R"(, hash) VALUES (:id, :at, :media, :asset, :run, :stage, :what, :detail, :hash))")
        .with(":id", event.id)
        .with(":at", event.at)
        .with(":media", event.media)
        .with(":asset", event.asset)
        .with(":run", event.run)
        .with(":stage", event.stage)
        .with(":what", event.what)
        .with_json(":detail", event.detail)
        .with(":hash", hash_after(previous, event))
        .run();
    transaction.commit();
}

std::vector<Event> Events::of(MediaId media) const {
    // Of its asset only what concerns all of it: a sibling's own story is told with the sibling.
    Query query(db_, "SELECT " MEDIAFERRY_EVENT " FROM event WHERE media_id = :media UNION ALL SELECT " MEDIAFERRY_EVENT R"( FROM event
                      WHERE asset_id = (SELECT asset_id FROM media WHERE id = :media) AND asset_id IS NOT NULL AND media_id IS NULL
                      ORDER BY id)");
    query.with(":media", media);
    return all(query, [](const Query& row) { return event_from(row); });
}

std::optional<std::int64_t> Events::broken_at() const {
    Query query(db_, "SELECT " MEDIAFERRY_EVENT ", hash FROM event ORDER BY id", Keep::once);
    std::string previous;
    std::int64_t expected = 1;
    while (query.next()) {
        const Event event = event_from(query);
        const std::string hash = query.text(8);
        if (event.id != expected || hash != hash_after(previous, event)) return event.id;
        previous = hash;
        ++expected;
    }
    return std::nullopt;
}

std::int64_t Events::count() const { return Query(db_, "SELECT coalesce(max(id), 0) FROM event").number(); }  // gap-free from 1

}  // namespace mediaferry::media_db
