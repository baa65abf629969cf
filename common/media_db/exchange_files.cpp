// SPDX-License-Identifier: GPL-3.0-or-later
// Files on their way in from another archive, and what Syncthing brought.
#include "common/media_db/exchange.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

#define MEDIAFERRY_SYNC_FILE "f.id, f.operation_id, f.image_id, f.file_path, f.file_hash, f.status, f.error_message"

SyncFile file_from(const Query& row) {
    return {row.integer(0), row.text(1), row.maybe_id<MediaId>(2), row.text(3), sha256_from_hex(row.text(4)).value_or(Sha256{}),
            row.text(5),    row.text(6)};
}

}  // namespace

std::int64_t Exchange::placing(const std::string& operation, const fs::path& path, const Sha256& sha256) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.placing"));
    Query(db_, "INSERT INTO sync_files (operation_id, file_path, file_hash, status) VALUES (:operation, :path, :hash, 'placing')")
        .with(":operation", operation)
        .with(":path", path)
        .with(":hash", sha256)
        .run();
    const auto row = db_.impl().last_id();
    transaction.commit();
    return row;
}

void Exchange::settle(std::int64_t row, std::string_view status, std::optional<MediaId> media, const std::string& error) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.settle"));
    Query(db_, "UPDATE sync_files SET status = :status, image_id = :media, error_message = :error WHERE id = :row")
        .with(":status", status)
        .with(":media", media)
        .with(":error", error.empty() ? std::nullopt : std::optional(error))
        .with(":row", row)
        .run();
    transaction.commit();
}

std::vector<SyncFile> Exchange::files_of(const std::string& operation, std::string_view status) const {
    Query query(db_, "SELECT " MEDIAFERRY_SYNC_FILE " FROM sync_files f WHERE f.operation_id = :operation AND f.status = :status ORDER BY f.id");
    return all(query.with(":operation", operation).with(":status", status), file_from);
}

std::vector<SyncFile> Exchange::unsettled(std::string_view kind) const {
    Query query(db_, "SELECT " MEDIAFERRY_SYNC_FILE R"( FROM sync_files f CROSS JOIN sync_operations o ON o.operation_id = f.operation_id
                      WHERE f.status = 'placing' AND o.kind = :kind ORDER BY f.id)");
    return all(query.with(":kind", kind), file_from);
}

bool Exchange::explains(const fs::path& path) const {
    return Query(db_, "SELECT 1 FROM sync_files WHERE file_path = :path AND status = 'placing'").with(":path", path).next();
}

std::optional<SyncRecord> Exchange::record(const std::string& source, const std::string& path) const {
    Query query(db_, R"(SELECT remote_source, remote_path, status, file_hash, size, modified, image_id, error_message FROM sync_records
                         WHERE remote_source = :source AND remote_path = :path)");
    if (!query.with(":source", source).with(":path", path).next()) return std::nullopt;
    return SyncRecord{
        query.text(0), query.text(1), query.text(2), sha256_from_hex(query.text(3)), query.bytes(4), query.integer(5), query.maybe_id<MediaId>(6),
        query.text(7)};
}

void Exchange::set_record(const SyncRecord& record, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.set_record"));
    Query(db_, R"(INSERT INTO sync_records (image_id, remote_source, sync_date, remote_path, status, error_message, file_hash, size, modified)
                  VALUES (:media, :source, :now, :path, :status, :error, :hash, :size, :modified)
                  ON CONFLICT (remote_source, remote_path) DO UPDATE SET image_id = excluded.image_id, sync_date = excluded.sync_date,
                    status = excluded.status, error_message = excluded.error_message, file_hash = excluded.file_hash, size = excluded.size,
                    modified = excluded.modified)")
        .with(":media", record.media)
        .with(":source", record.source)
        .with(":now", to_iso(now))
        .with(":path", record.path)
        .with(":status", record.status)
        .with(":error", record.error.empty() ? std::nullopt : std::optional(record.error))
        .with(":hash", record.sha256)
        .with(":size", record.size)
        .with(":modified", record.modified_ns)
        .run();
    transaction.commit();
}

std::vector<Exchange::RecordCount> Exchange::record_counts() const {
    Query query(db_, "SELECT remote_source, status, count(*) FROM sync_records GROUP BY 1, 2 ORDER BY 1, 2", Keep::once);
    return all(query, [](const Query& row) { return RecordCount{row.text(0), row.text(1), row.integer(2)}; });
}

}  // namespace mediaferry::media_db
