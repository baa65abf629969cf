// SPDX-License-Identifier: GPL-3.0-or-later
// Who takes what: by file, by asset, one by name; and what is left by runs that ended.
#include <algorithm>
#include <set>

#include "common/media_db/conveyor.h"
#include "common/media_db/row_reading.h"
#include "common/media_db/step_events.h"

namespace mediaferry::media_db {

namespace {

// What is ready, in the order of the index step_ready: oldest due first, then newest photo first.
#define MEDIAFERRY_READY "s.stage = :stage AND s.status = 'pending' AND s.open = 1 AND s.not_before <= :now"
#define MEDIAFERRY_READY_ORDER "ORDER BY s.not_before, s.taken_at DESC, s.media_id DESC"

Claim claim_from(const Query& row, std::string_view stage) {
    return {item_from(row), std::string(stage), row.integer(kItemWidth) + 1, static_cast<int>(row.integer(kItemWidth + 1))};
}

/// Inside the IMMEDIATE transaction that found the items ready, so nobody can have taken them since.
void take(MediaDb& db, const std::vector<Claim>& claims, RunId run, Timestamp now) {
    for (const auto& claim : claims)
        Query(db, R"(UPDATE step SET status = 'running', run_id = :run, token = :token, started_at = :now
                      WHERE media_id = :media AND stage = :stage)")
            .with(":run", run)
            .with(":token", claim.token)
            .with(":now", now)
            .with(":media", claim.item.id)
            .with(":stage", claim.stage)
            .run();
}

/// A file whose asset can be claimed as a whole, or that has none.
struct Found {
    MediaId media;
    std::optional<AssetId> asset;
};

std::vector<Found> whole_assets(MediaDb& db, std::string_view stage, Timestamp now, std::size_t limit) {
    Query query(db, "SELECT m.id, m.asset_id FROM step s CROSS JOIN media m ON m.id = s.media_id WHERE " MEDIAFERRY_READY R"(
                       AND (m.asset_id IS NULL OR NOT EXISTS (
                              SELECT 1 FROM media o CROSS JOIN step t ON t.media_id = o.id AND t.stage = :stage
                               WHERE o.asset_id = m.asset_id AND t.status <> 'done'
                                 AND NOT (t.status = 'pending' AND t.open = 1 AND t.not_before <= :now)))
                     )" MEDIAFERRY_READY_ORDER);
    query.with(":stage", stage).with(":now", now);
    std::vector<Found> found;
    std::set<AssetId> seen;
    while (found.size() < limit && query.next()) {
        const Found next{MediaId{query.integer(0)}, query.maybe_id<AssetId>(1)};
        if (next.asset && !seen.insert(*next.asset).second) continue;  // a sibling of one already found
        found.push_back(next);
    }
    return found;
}

std::vector<Claim> pending_of(MediaDb& db, const Found& found, std::string_view stage) {
    Query query(db, found.asset ? "SELECT " MEDIAFERRY_ITEM R"(, t.token, t.attempts FROM media m CROSS JOIN step t ON t.media_id = m.id
                                    WHERE m.asset_id = :which AND t.stage = :stage AND t.status = 'pending' ORDER BY m.id)"
                                : "SELECT " MEDIAFERRY_ITEM R"(, t.token, t.attempts FROM media m CROSS JOIN step t ON t.media_id = m.id
                                    WHERE m.id = :which AND t.stage = :stage AND t.status = 'pending')");
    query.with(":which", found.asset ? found.asset->value : found.media.value).with(":stage", stage);
    return all(query, [&](const Query& row) { return claim_from(row, stage); });
}

}  // namespace

std::vector<Claim> Conveyor::claim(std::string_view stage, RunId run, Timestamp now, std::size_t limit) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.claim"));
    std::vector<Claim> claims;
    {
        Query query(db_, "SELECT " MEDIAFERRY_ITEM ", s.token, s.attempts FROM step s CROSS JOIN media m ON m.id = s.media_id WHERE " MEDIAFERRY_READY
                         " " MEDIAFERRY_READY_ORDER " LIMIT :limit");
        query.with(":stage", stage).with(":now", now).with(":limit", limit);
        claims = all(query, [&](const Query& row) { return claim_from(row, stage); });
    }
    take(db_, claims, run, now);
    transaction.commit();
    return claims;
}

std::vector<std::vector<Claim>> Conveyor::claim_assets(std::string_view stage, RunId run, Timestamp now, std::size_t limit) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.claim_assets"));
    std::vector<std::vector<Claim>> groups;
    for (const auto& found : whole_assets(db_, stage, now, limit)) {
        groups.push_back(pending_of(db_, found, stage));
        take(db_, groups.back(), run, now);
    }
    transaction.commit();
    return groups;
}

std::optional<Claim> Conveyor::claim_item(std::string_view stage, MediaId media, RunId run, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.claim_item"));
    std::vector<Claim> claims;
    {
        Query query(db_, "SELECT " MEDIAFERRY_ITEM R"(, s.token, s.attempts FROM step s CROSS JOIN media m ON m.id = s.media_id
                          WHERE s.media_id = :media AND s.stage = :stage AND s.open = 1 AND s.status IN ('pending', 'attention'))");
        query.with(":media", media).with(":stage", stage);
        claims = all(query, [&](const Query& row) { return claim_from(row, stage); });
    }
    take(db_, claims, run, now);
    transaction.commit();
    if (claims.empty()) return std::nullopt;
    return claims.front();
}

std::vector<MediaItem> Conveyor::ready(std::string_view stage, Timestamp now, std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM step s CROSS JOIN media m ON m.id = s.media_id WHERE " MEDIAFERRY_READY
                     " " MEDIAFERRY_READY_ORDER " LIMIT :limit");
    return items(query.with(":stage", stage).with(":now", now).with(":limit", limit));
}

std::int64_t Conveyor::ready_count(std::string_view stage, Timestamp now) const {
    // All that is open, which is counted already, less what is not due: of the two parts the small one.
    return Query(db_, R"(SELECT coalesce((SELECT sum(count) FROM step_count WHERE stage = :stage AND status = 'pending' AND open = 1), 0)
                              - (SELECT count(*) FROM step WHERE stage = :stage AND status = 'pending' AND open = 1 AND not_before > :now))")
        .with(":stage", stage)
        .with(":now", now)
        .number();
}

std::optional<Timestamp> Conveyor::next_due(std::string_view stage) const {
    Query query(db_, R"(SELECT not_before FROM step WHERE stage = :stage AND status = 'pending' AND open = 1
                         ORDER BY not_before LIMIT 1)");
    if (!query.with(":stage", stage).next()) return std::nullopt;
    return query.time(0);
}

void Conveyor::put_back(RunId run) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.put_back"));
    // The stages come from the small counter table, so that the index (stage, run_id) serves.
    Query(db_, R"(UPDATE step SET status = 'pending', run_id = NULL
                   WHERE status = 'running' AND run_id = :run AND stage IN (SELECT stage FROM step_count))")
        .with(":run", run)
        .run();
    transaction.commit();
}

std::int64_t Conveyor::sweep(std::string_view stage, const std::vector<RunId>& alive, const std::string& how_it_died, Timestamp now) {
    constexpr int kDeathsAllowed = 2;
    struct Orphan {
        MediaId media;
        std::optional<RunId> run;
        int deaths = 0;
    };
    Transaction transaction(db_, MF_COMMIT("db.conveyor.sweep"));
    std::vector<Orphan> orphans;
    {
        // A run that is not over began after `alive` was looked up: the caller ends the dead ones first.
        Query query(db_, R"(SELECT media_id, run_id, deaths FROM step
                             WHERE stage = :stage AND status = 'running'
                               AND NOT EXISTS (SELECT 1 FROM run WHERE run.id = step.run_id AND run.finished_at IS NULL))");
        query.with(":stage", stage);
        while (query.next()) {
            const auto run = query.maybe_id<RunId>(1);
            if (run && std::ranges::find(alive, *run) != alive.end()) continue;
            orphans.push_back({MediaId{query.integer(0)}, run, static_cast<int>(query.integer(2)) + 1});
        }
    }
    const Reason reason{"crashed", "the process that worked on it died: " + how_it_died};
    for (const auto& orphan : orphans) {
        const bool set_aside = orphan.deaths >= kDeathsAllowed;
        Query(db_, R"(UPDATE step SET status = :status, run_id = NULL, deaths = :deaths, not_before = :now, reason_code = :code, reason_text = :text,
                             finished_at = CASE :status WHEN 'attention' THEN :now END
                       WHERE media_id = :media AND stage = :stage)")
            .with(":status", set_aside ? "attention" : "pending")
            .with(":deaths", orphan.deaths)
            .with(":now", now)
            .with(":code", reason.code)
            .with(":text", reason.text)
            .with(":media", orphan.media)
            .with(":stage", stage)
            .run();
        tell(db_, orphan.media, orphan.run, std::string(stage), "crashed", reason, now);
    }
    transaction.commit();
    return static_cast<std::int64_t>(orphans.size());
}

}  // namespace mediaferry::media_db
