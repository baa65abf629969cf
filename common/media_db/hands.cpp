// SPDX-License-Identifier: GPL-3.0-or-later
// What a person sees and does: attention, release, redo.
#include <algorithm>
#include <set>

#include "common/media_db/conveyor.h"
#include "common/media_db/house_rules.h"
#include "common/media_db/row_reading.h"
#include "common/media_db/step_events.h"

namespace mediaferry::media_db {

namespace {

/// Releases what of this file is in attention. Returns how many steps.
std::size_t release_steps(MediaDb& db, MediaId media, Timestamp now) {
    std::vector<std::string> stages;
    {
        Query query(db, "SELECT stage FROM step WHERE media_id = :media AND status = 'attention'");
        query.with(":media", media);
        stages = all(query, [](const Query& row) { return row.text(0); });
    }
    for (const auto& stage : stages) {
        Query(
            db,
            R"(UPDATE step SET status = 'pending', attempts = 0, deaths = 0, not_before = 0, reason_code = NULL, reason_text = NULL, finished_at = NULL
                      WHERE media_id = :media AND stage = :stage)")
            .with(":media", media)
            .with(":stage", stage)
            .run();
        tell(db, media, std::nullopt, stage, "released", std::nullopt, now);
    }
    return stages.size();
}

void reopen_step(MediaDb& db, MediaId media, std::string_view stage, bool open) {
    Query(
        db,
        R"(UPDATE step SET status = 'pending', open = :open, attempts = 0, deaths = 0, not_before = 0, reason_code = NULL, reason_text = NULL, finished_at = NULL
                  WHERE media_id = :media AND stage = :stage AND status = 'done')")
        .with(":open", open)
        .with(":media", media)
        .with(":stage", stage)
        .run();
}

void forget_filing(MediaDb& db, MediaId media) {
    Query(db, R"(UPDATE asset SET vetoed_at = NULL, filed_at = NULL, filed_tag = NULL, hold_code = NULL, hold_text = NULL
                  WHERE id = (SELECT asset_id FROM media WHERE id = :media) AND deleted_at IS NULL)")
        .with(":media", media)
        .run();
}

std::set<std::string> stages_done(const std::vector<StepRow>& steps) {
    std::set<std::string> done;
    for (const auto& step : steps)
        if (step.status == pipeline::StepStatus::done) done.insert(step.stage);
    return done;
}

}  // namespace

std::vector<StepRow> Conveyor::steps(MediaId media) const {
    Query query(db_, "SELECT " MEDIAFERRY_STEP " FROM step s WHERE s.media_id = :media");
    query.with(":media", media);
    auto rows = all(query, [](const Query& row) { return step_from(row); });
    const House house = stored_house(db_);
    const auto position = [&](const StepRow& step) { return std::ranges::find(house, step.stage, &HouseRow::stage) - house.begin(); };
    std::ranges::stable_sort(rows, {}, position);
    return rows;
}

std::vector<Conveyor::Waiting> Conveyor::attention(std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM ", " MEDIAFERRY_STEP R"( FROM step s CROSS JOIN media m ON m.id = s.media_id
                      WHERE s.status = 'attention' AND s.finished_at >= 0
                      ORDER BY s.finished_at LIMIT :limit)");
    query.with(":limit", limit);
    return all(query, [](const Query& row) { return Waiting{item_from(row), step_from(row, kItemWidth)}; });
}

bool Conveyor::release(MediaId media, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.release"));
    const auto steps = release_steps(db_, media, now);
    const auto resources = Query(db_, R"(UPDATE resource SET state = 'missing', attempts = 0, not_before = 0, reason_code = NULL, reason_text = NULL
                                          WHERE asset_id = (SELECT asset_id FROM media WHERE id = :media) AND state = 'attention')")
                               .with(":media", media)
                               .run();
    transaction.commit();
    return steps > 0 || resources > 0;
}

std::int64_t Conveyor::release_all(Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.release_all"));
    std::vector<MediaId> waiting;
    {
        Query query(db_, "SELECT media_id FROM step WHERE status = 'attention' AND finished_at >= 0");
        waiting = all(query, [](const Query& row) { return MediaId{row.integer(0)}; });
    }
    std::int64_t released = 0;
    for (const auto media : waiting) released += static_cast<std::int64_t>(release_steps(db_, media, now));
    released += Query(db_, R"(UPDATE resource SET state = 'missing', attempts = 0, not_before = 0, reason_code = NULL, reason_text = NULL
                               WHERE state = 'attention' AND state <> 'taken' AND wanted = 1)")
                    .run();
    transaction.commit();
    return released;
}

void Conveyor::redo(MediaId media, std::string_view stage, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.redo"));
    const House house = stored_house(db_);
    const auto row = std::ranges::find(house, stage, &HouseRow::stage);
    const std::string name(stage);
    if (row == house.end()) throw BadInput("step.unknown", "there is no stage '" + name + "' that works on files; `mediaferry stages` lists them");
    if (stage == kArrival)
        throw BadInput("step.arrival", name + " cannot be done again for a file that is here already; `mediaferry audit` checks its bytes");
    const auto done = stages_done(steps(media));
    if (!done.contains(name))
        throw BadInput("step.not_done", name + " is not done for file " + std::to_string(media.value) +
                                            ", so it cannot be done again; `mediaferry why " + std::to_string(media.value) +
                                            "` says where it stands");
    if (stage == "icloud_delete") {
        Query gone(db_,
                   "SELECT 1 FROM media JOIN asset ON asset.id = media.asset_id WHERE media.id = :media AND (deleted_at IS NOT NULL OR gone_at IS "
                   "NOT NULL)");
        gone.with(":media", media);
        if (gone.next())
            throw BadInput("step.final", "file " + std::to_string(media.value) + " is not in iCloud any more; there is nothing to delete again");
    }
    reopen_step(db_, media, stage, may_open(*row, done));
    if (stage == "icloud_mark") forget_filing(db_, media);
    tell(db_, media, std::nullopt, name, "redo", std::nullopt, now);
    transaction.commit();
}

void Conveyor::reopen(MediaId media, std::string_view stage, const Reason& reason, RunId run, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.conveyor.reopen"));
    const House house = stored_house(db_);
    const auto row = std::ranges::find(house, stage, &HouseRow::stage);
    const auto done = stages_done(steps(media));
    if (row != house.end() && done.contains(std::string(stage))) {
        reopen_step(db_, media, stage, may_open(*row, done));
        tell(db_, media, run, std::string(stage), "reopened", reason, now);
    }
    transaction.commit();
}

}  // namespace mediaferry::media_db
