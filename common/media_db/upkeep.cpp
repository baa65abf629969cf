// SPDX-License-Identifier: GPL-3.0-or-later
// Backups of media.db, and whether it is whole.
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

/// Rows that stand in the counter but not in the scan, or the other way round.
std::int64_t differences(const MediaDb& db, const std::string& counters, const std::string& scan) {
    return Query(db,
                 "SELECT count(*) FROM (SELECT * FROM (" + counters + " EXCEPT " + scan + ") UNION ALL SELECT * FROM (" + scan + " EXCEPT " +
                     counters + "))",
                 Keep::once)
        .number();
}

std::vector<std::string> wrong_counters(const MediaDb& db) {
    struct Counter {
        const char* table;
        const char* counters;
        const char* scan;
    };
    static constexpr Counter kCounters[]{
        {"step_count", "SELECT stage, status, open, reason, count FROM step_count WHERE count <> 0",
         "SELECT stage, status, open, coalesce(reason_code, ''), count(*) FROM step GROUP BY 1, 2, 3, 4"},
        {"media_count", "SELECT status, count, initial_bytes, current_bytes FROM media_count WHERE count <> 0",
         "SELECT status, count(*), sum(initial_size), sum(current_size) FROM media GROUP BY 1"},
        {"resource_count", "SELECT state, wanted, count FROM resource_count WHERE count <> 0",
         "SELECT state, wanted, count(*) FROM resource GROUP BY 1, 2"},
        {"copy_count", "SELECT place, proof, count, bytes FROM copy_count WHERE count <> 0",
         "SELECT place, proof, count(*), sum(size) FROM copy WHERE removed_at IS NULL OR proof = 'freed' GROUP BY 1, 2"},
    };
    std::vector<std::string> found;
    for (const auto& counter : kCounters)
        if (const auto wrong = differences(db, counter.counters, counter.scan); wrong > 0)
            found.push_back(std::string(counter.table) + " differs from what it counts in " + std::to_string(wrong) + " rows");
    return found;
}

std::vector<std::string> broken_references(const MediaDb& db) {
    std::vector<std::string> found;
    Query query(db, "PRAGMA foreign_key_check", Keep::once);
    while (query.next())
        found.push_back("row " + query.text(1) + " of " + query.text(0) + " names a row of " + query.text(2) + " that does not exist");
    return found;
}

}  // namespace

Bytes Upkeep::backup_to(const fs::path& target) {
    return translated(db_.file(), [&] { return write_backup(*db_.impl().db, db_.file(), target); });
}

std::vector<std::string> Upkeep::check() const {
    auto found = translated(db_.file(), [&] { return damage(*db_.impl().db, false); });
    if (!found.empty()) return found;  // what a damaged file says of itself is worth nothing
    for (auto& line : broken_references(db_)) found.push_back(std::move(line));
    for (auto& line : wrong_counters(db_)) found.push_back(std::move(line));
    if (const auto broken = Events(db_).broken_at())
        found.push_back("the history was changed: event " + std::to_string(*broken) + " does not follow from the one before it");
    return found;
}

}  // namespace mediaferry::media_db
