// SPDX-License-Identifier: GPL-3.0-or-later
// The house as data, and what becomes of an item.
#include "common/media_db/conveyor.h"

#include <nlohmann/json.hpp>

#include "common/media_db/evidence.h"
#include "common/media_db/house_rules.h"
#include "common/media_db/row_reading.h"
#include "common/media_db/step_events.h"

namespace mediaferry::media_db {

namespace {

void write_needs(MediaDb& db, const House& house) {
    db.impl().run("DELETE FROM need");
    for (const auto& row : house)
        for (const auto& after : row.after)
            Query(db, "INSERT INTO need (stage, after) VALUES (:stage, :after)", Keep::once).with(":stage", row.stage).with(":after", after).run();
}

void add_missing_steps(MediaDb& db, const HouseRow& row) {
    const bool arrival = row.stage == kArrival;
    Query(db, R"(INSERT INTO step (media_id, stage, status, finished_at, taken_at)
                 SELECT m.id, :stage, :status, CASE :status WHEN 'done' THEN unixepoch(m.last_updated) END, m.taken_at FROM media m
                  WHERE NOT EXISTS (SELECT 1 FROM step s WHERE s.media_id = m.id AND s.stage = :stage))",
          Keep::once)
        .with(":stage", row.stage)
        .with(":status", arrival ? "done" : "pending")
        .run();
}

void recompute_open(MediaDb& db, const HouseRow& row) {
    Query(db, R"(WITH due AS (
                   SELECT s.media_id, :enabled AND NOT EXISTS (
                            SELECT 1 FROM need n
                             WHERE n.stage = :stage
                               AND NOT EXISTS (SELECT 1 FROM step p WHERE p.media_id = s.media_id AND p.stage = n.after AND p.status = 'done')) AS open
                     FROM step s WHERE s.stage = :stage)
                 UPDATE step SET open = due.open FROM due
                  WHERE step.media_id = due.media_id AND step.stage = :stage AND step.open <> due.open)",
          Keep::once)
        .with(":enabled", row.enabled)
        .with(":stage", row.stage)
        .run();
}

/// What a verdict makes of the step row.
struct Ending {
    const char* status;
    const char* event;  ///< nullptr: nothing worth telling happened
};
Ending ending_of(const Verdict& verdict) {
    switch (verdict.kind) {
        case Verdict::Kind::finished: return {"done", "done"};
        case Verdict::Kind::again: return {"pending", verdict.counts_as_failure ? "failed" : "waits"};
        case Verdict::Kind::person: return {"attention", "attention"};
        case Verdict::Kind::unchanged: break;
    }
    return {"pending", nullptr};
}

[[noreturn]] void throw_stale(const Claim& claim) {
    throw TransientError("step.stale", claim.item.filename + ": " + claim.stage + " was taken over by another run; nothing of this one is kept");
}

}  // namespace

void Conveyor::set_house(const House& house) {
    const std::string wanted = to_text(house);
    const auto stored = [&] {
        Query query(db_, "SELECT value FROM state WHERE key = 'house'");
        return query.next() ? query.text(0) : std::string();
    };
    if (stored() == wanted) return;
    Transaction transaction(db_, MF_COMMIT("db.conveyor.set_house"));
    if (stored() == wanted) {  // another process was first
        transaction.commit();
        return;
    }
    write_needs(db_, house);
    for (const auto& row : house) add_missing_steps(db_, row);
    for (const auto& row : house) recompute_open(db_, row);
    // A stage that is no longer in the house keeps its rows, closed, so that nothing claims them.
    Query(db_, "UPDATE step SET open = 0 WHERE open = 1 AND stage NOT IN (SELECT j.value ->> 'stage' FROM json_each(:house) j)", Keep::once)
        .with(":house", wanted)
        .run();
    Query(db_, R"(INSERT INTO state (key, value, at) VALUES ('house', :value, unixepoch())
                  ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at)",
          Keep::once)
        .with(":value", wanted)
        .run();
    transaction.commit();
}

void Conveyor::record(const Claim& claim, const Verdict& verdict, RunId run, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.record"));
    std::string earlier_code;
    {
        Query held(db_, "SELECT reason_code FROM step WHERE media_id = :media AND stage = :stage AND status = 'running' AND token = :token");
        if (!held.with(":media", claim.item.id).with(":stage", claim.stage).with(":token", claim.token).next()) throw_stale(claim);
        earlier_code = held.text(0);
    }
    using Kind = Verdict::Kind;
    const Ending ending = ending_of(verdict);
    if (verdict.kind == Kind::unchanged) {
        Query(db_, "UPDATE step SET status = 'pending', run_id = NULL WHERE media_id = :media AND stage = :stage")
            .with(":media", claim.item.id)
            .with(":stage", claim.stage)
            .run();
        transaction.commit();
        return;
    }
    const bool failure = verdict.kind != Kind::finished && verdict.counts_as_failure;
    const auto reason = verdict.reason.code.empty() ? std::nullopt : std::optional(verdict.reason);
    const auto changed = Query(db_, R"(UPDATE step SET status = :status, run_id = NULL, deaths = 0, not_before = :not_before, finished_at = :finished,
                                              attempts = CASE WHEN :finished_well THEN 0 ELSE attempts + :failure END,
                                              reason_code = :code, reason_text = :text
                                        WHERE media_id = :media AND stage = :stage AND status = 'running' AND token = :token)")
                             .with(":status", ending.status)
                             .with(":not_before", verdict.kind == Kind::again ? verdict.not_before : Timestamp{})
                             .with(":finished", verdict.kind == Kind::again ? std::nullopt : std::optional(now))
                             .with(":finished_well", verdict.kind == Kind::finished)
                             .with(":failure", failure)
                             .with(":code", reason ? std::optional(reason->code) : std::nullopt)
                             .with(":text", reason ? std::optional(reason->text) : std::nullopt)
                             .with(":media", claim.item.id)
                             .with(":stage", claim.stage)
                             .with(":token", claim.token)
                             .run();
    if (changed != 1) throw_stale(claim);
    const bool same_wait = verdict.kind == Kind::again && !verdict.counts_as_failure && earlier_code == verdict.reason.code;
    if (!same_wait) tell(db_, claim.item.id, run, claim.stage, ending.event, reason, now);
    if (verdict.kind == Kind::finished) follow_up(db_, claim.item.id, claim.stage, now);
    transaction.commit();
}

}  // namespace mediaferry::media_db
