// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/reports.h"

#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

std::map<std::string, StageCounts> Reports::stages() const {
    std::map<std::string, StageCounts> counts;
    Query query(db_, "SELECT stage, status, open, sum(count) FROM step_count GROUP BY stage, status, open");
    while (query.next()) {
        auto& stage = counts[query.text(0)];
        const std::string status = query.text(1);
        auto& place = status == "running"     ? stage.running
                      : status == "done"      ? stage.done
                      : status == "attention" ? stage.attention
                      : query.flag(2)         ? stage.ready
                                              : stage.closed;
        place += query.integer(3);
    }
    return counts;
}

std::vector<StatusCount> Reports::by_status() const {
    Query query(db_, "SELECT status, count, initial_bytes, current_bytes FROM media_count WHERE count > 0");
    return all(query, [](const Query& row) { return StatusCount{row.text(0), row.integer(1), row.bytes(2), row.bytes(3)}; });
}

std::vector<WaitingReason> Reports::waiting(std::size_t limit) const {
    Query query(db_, R"(SELECT stage, reason, sum(count) AS files FROM step_count
                         WHERE status = 'pending' AND open = 1 AND reason <> '' AND count > 0
                         GROUP BY stage, reason
                         ORDER BY files DESC, stage, reason LIMIT :limit)");
    query.with(":limit", limit);
    auto reasons = all(query, [](const Query& row) { return WaitingReason{row.text(0), {row.text(1), ""}, row.integer(2), {}}; });
    for (auto& reason : reasons) {
        Query next(db_, R"(SELECT not_before, reason_text FROM step
                            WHERE stage = :stage AND reason_code = :code AND status = 'pending' AND open = 1 AND reason_code IS NOT NULL
                            ORDER BY not_before LIMIT 1)");
        if (!next.with(":stage", reason.stage).with(":code", reason.reason.code).next()) continue;
        reason.next = next.time(0);
        reason.reason.text = next.text(1);
    }
    return reasons;
}

std::vector<ProofCount> Reports::proofs() const {
    Query query(db_, "SELECT place, proof, count, bytes FROM copy_count WHERE count > 0");
    return all(query, [](const Query& row) { return ProofCount{row.text(0), row.text(1), row.integer(2), row.bytes(3)}; });
}

AssetCounts Reports::assets() const {
    const auto count = [&](const char* sql) { return Query(db_, sql).number(); };
    AssetCounts counts;
    counts.listed = count("SELECT count(*) FROM asset WHERE listed = 1");
    counts.filed = count("SELECT count(*) FROM asset WHERE filed_at IS NOT NULL AND deleted_at IS NULL");
    counts.deleted = count("SELECT count(*) FROM asset WHERE deleted_at IS NOT NULL");
    counts.gone = count("SELECT count(*) FROM asset WHERE gone_at IS NOT NULL AND account <> 'exchange'");
    counts.held = count("SELECT count(*) FROM asset WHERE hold_code IS NOT NULL AND deleted_at IS NULL");
    counts.resources_missing = count("SELECT count FROM resource_count WHERE state = 'missing' AND wanted = 1");
    counts.resources_attention = count("SELECT count FROM resource_count WHERE state = 'attention' AND wanted = 1");
    return counts;
}

std::vector<Reports::ResourceProblem> Reports::resource_attention(std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_ASSET ", " MEDIAFERRY_RESOURCE R"( FROM resource r CROSS JOIN asset a ON a.id = r.asset_id
                      WHERE r.state = 'attention' AND r.state <> 'taken' AND r.wanted = 1
                      ORDER BY r.not_before LIMIT :limit)");
    query.with(":limit", limit);
    return all(query, [](const Query& row) { return ResourceProblem{asset_from(row), resource_from(row, kAssetWidth)}; });
}

}  // namespace mediaferry::media_db
