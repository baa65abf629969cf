// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/queue.h"

#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

#define MEDIAFERRY_QUEUED "id, target, action, options, status, copied, skipped, errors, total, queued_at, finished_at, reason_code, reason_text"

QueuedAction action_from(const Query& row) {
    return {row.integer(0), row.text(1), row.text(2),        row.text(3),         row.text(4), {row.integer(5), row.integer(6), row.integer(7)},
            row.integer(8), row.time(9), row.maybe_time(10), reason_from(row, 11)};
}

QueuedFile queued_file_from(const Query& row) { return {row.text(0), row.text(1), row.bytes(2), row.text(3), reason_from(row, 4)}; }

std::optional<std::string> code_in(const std::optional<Reason>& reason) { return reason ? std::optional{reason->code} : std::nullopt; }
std::optional<std::string> text_in(const std::optional<Reason>& reason) { return reason ? std::optional{reason->text} : std::nullopt; }

void put(MediaDb& db, std::int64_t id, const QueuedFile& file, const char* sql) {
    Query(db, sql)
        .with(":id", id)
        .with_bytes(":path", file.path)
        .with(":class", file.file_class)
        .with(":size", file.size)
        .with(":status", file.status)
        .with(":code", code_in(file.reason))
        .with(":text", text_in(file.reason))
        .run();
}

}  // namespace

bool Queue::add(std::string_view target, std::string_view action, const std::string& options_json, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.queue.add"));
    if (const auto there = at(target)) {
        if (there->status == "queued" || there->status == "running") return false;
        Query(db_, "DELETE FROM action_queue WHERE id = :id").with(":id", there->id).run();
    }
    Query(db_, "INSERT INTO action_queue (target, action, options, queued_at) VALUES (:target, :action, :options, :now)")
        .with(":target", target)
        .with(":action", action)
        .with_json(":options", options_json)
        .with(":now", now)
        .run();
    transaction.commit();
    return true;
}

std::vector<QueuedAction> Queue::all() const {
    Query query(db_, "SELECT " MEDIAFERRY_QUEUED " FROM action_queue ORDER BY id");
    return media_db::all(query, action_from);
}

std::vector<QueuedAction> Queue::waiting() const {
    Query query(db_, "SELECT " MEDIAFERRY_QUEUED " FROM action_queue WHERE status IN ('queued','running') ORDER BY status = 'queued', id");
    return media_db::all(query, action_from);
}

std::optional<QueuedAction> Queue::at(std::string_view target) const {
    Query query(db_, "SELECT " MEDIAFERRY_QUEUED " FROM action_queue WHERE target = :target");
    query.with(":target", target);
    if (!query.next()) return std::nullopt;
    return action_from(query);
}

bool Queue::remove(std::string_view target) {
    Transaction transaction(db_, MF_COMMIT("db.queue.remove"));
    const auto gone = Query(db_, "DELETE FROM action_queue WHERE target = :target").with(":target", target).run();
    transaction.commit();
    return gone > 0;
}

void Queue::begin(std::int64_t id) {
    Transaction transaction(db_, MF_COMMIT("db.queue.begin"));
    Query(db_, "UPDATE action_queue SET status = 'running', reason_code = NULL, reason_text = NULL, finished_at = NULL WHERE id = :id")
        .with(":id", id)
        .run();
    // What was skipped or failed may be otherwise now.
    Query(db_, "DELETE FROM action_file WHERE action_id = :id AND status <> 'copied'").with(":id", id).run();
    transaction.commit();
}

void Queue::plan(std::int64_t id, const std::vector<QueuedFile>& files) {
    Transaction transaction(db_, MF_COMMIT("db.queue.plan"));
    for (const auto& file : files)
        put(db_, id, file, R"(INSERT INTO action_file (action_id, path, class, size, status, reason_code, reason_text)
                              VALUES (:id, :path, :class, :size, :status, :code, :text) ON CONFLICT DO NOTHING)");
    transaction.commit();
}

void Queue::count(std::int64_t id) {
    Transaction transaction(db_, MF_COMMIT("db.queue.count"));
    Query(db_, R"(UPDATE action_queue SET (total, copied, skipped, errors) =
                    (SELECT count(*), total(status = 'copied'), total(status = 'skipped'), total(status = 'error') FROM action_file WHERE action_id = :id)
                   WHERE id = :id)")
        .with(":id", id)
        .run();
    transaction.commit();
}

std::vector<QueuedFile> Queue::planned(std::int64_t id, const std::string& after, std::size_t limit) const {
    Query query(db_, R"(SELECT path, class, size, status, reason_code, reason_text FROM action_file
                         WHERE action_id = :id AND status = 'planned' AND path > :after ORDER BY path LIMIT :limit)");
    query.with(":id", id).with_bytes(":after", after).with(":limit", limit);
    return media_db::all(query, queued_file_from);
}

void Queue::record(std::int64_t id, const std::vector<QueuedFile>& files) {
    Transaction transaction(db_, MF_COMMIT("db.queue.record"));
    for (const auto& file : files) {
        put(db_, id, file, R"(UPDATE action_file SET class = :class, size = :size, status = :status, reason_code = :code, reason_text = :text
                               WHERE action_id = :id AND path = :path)");
        Query(db_, R"(UPDATE action_queue SET copied = copied + (:status = 'copied'), skipped = skipped + (:status = 'skipped'),
                                              errors = errors + (:status = 'error') WHERE id = :id)")
            .with(":id", id)
            .with(":status", file.status)
            .run();
    }
    transaction.commit();
}

void Queue::finish(std::int64_t id, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.queue.finish"));
    Query(db_, "UPDATE action_queue SET status = iif(errors > 0, 'failed', 'done'), finished_at = :now WHERE id = :id")
        .with(":id", id)
        .with(":now", now)
        .run();
    transaction.commit();
}

void Queue::wait(std::int64_t id, const std::optional<Reason>& reason) {
    Transaction transaction(db_, MF_COMMIT("db.queue.wait"));
    Query(db_, "UPDATE action_queue SET status = 'queued', reason_code = :code, reason_text = :text WHERE id = :id")
        .with(":id", id)
        .with(":code", code_in(reason))
        .with(":text", text_in(reason))
        .run();
    transaction.commit();
}

std::vector<QueuedFile> Queue::files_of(std::int64_t id) const {
    Query query(db_, "SELECT path, class, size, status, reason_code, reason_text FROM action_file WHERE action_id = :id ORDER BY path");
    query.with(":id", id);
    return media_db::all(query, queued_file_from);
}

std::map<std::string, Cse> Queue::by_class(std::int64_t id) const {
    Query query(db_, R"(SELECT class, total(status = 'copied'), total(status = 'skipped'), total(status = 'error') FROM action_file
                         WHERE action_id = :id GROUP BY class)");
    query.with(":id", id);
    std::map<std::string, Cse> classes;
    while (query.next()) classes[query.text(0)] = {query.integer(1), query.integer(2), query.integer(3)};
    return classes;
}

// ---- the archive's trash ------------------------------------------------------------------------------------------------

std::int64_t Queue::add_trashed(const Trashed& one) {
    Transaction transaction(db_, MF_COMMIT("db.queue.add_trashed"));
    Query(db_, "INSERT INTO trashed (path, original, sha256, size, at) VALUES (:path, :original, :sha256, :size, :at)")
        .with_bytes(":path", one.path.native())
        .with_bytes(":original", one.original.native())
        .with(":sha256", one.sha256)
        .with(":size", one.size)
        .with(":at", one.at)
        .run();
    const auto id = db_.impl().last_id();
    transaction.commit();
    return id;
}

bool Queue::was_in_trash(const fs::path& path) const {
    return Query(db_, "SELECT 1 FROM trashed WHERE path = :path").with_bytes(":path", path.native()).next();
}

void Queue::trashed_gone(std::int64_t id, std::string_view how, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.queue.trashed_gone"));
    Query(db_, "UPDATE trashed SET gone = :how, gone_at = :now WHERE id = :id").with(":id", id).with(":how", how).with(":now", now).run();
    transaction.commit();
}

std::vector<Trashed> Queue::trashed(std::optional<Timestamp> before) const {
    Query query(db_,
                "SELECT id, path, original, sha256, size, at FROM trashed WHERE gone IS NULL AND (:before IS NULL OR at < :before) ORDER BY at, id");
    query.with(":before", before);
    return media_db::all(query, [](const Query& row) {
        return Trashed{row.integer(0), fs::path(row.text(1)), fs::path(row.text(2)), sha256_from_hex(row.text(3)).value_or(Sha256{}), row.bytes(4),
                       row.time(5)};
    });
}

std::vector<MediaId> Queue::items_with_content(const Sha256& sha256) const {
    Query query(db_, "SELECT id FROM media WHERE sha256 = :sha256 ORDER BY id");
    query.with(":sha256", sha256);
    return media_db::all(query, [](const Query& row) { return MediaId{row.integer(0)}; });
}

}  // namespace mediaferry::media_db
