// SPDX-License-Identifier: GPL-3.0-or-later
// Operations, export lists, and what a photo is to another archive.
#include "common/media_db/exchange.h"

#include <algorithm>

#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/row_reading.h"
#include "common/media_db/runs.h"

namespace mediaferry::media_db {

namespace {

constexpr std::string_view kArchiveId = "exchange.archive";

#define MEDIAFERRY_EXPORT_LIST                                                                                                \
    "l.list_id, l.operation_id, l.status, l.created_time, l.total_files, l.processed_files, "                                 \
    "(SELECT count(*) FROM sync_export_files f WHERE f.list_id = l.list_id AND f.status = 'failed'), "                        \
    "(SELECT total(m.initial_size) FROM sync_export_files f JOIN media m ON m.id = f.image_id WHERE f.list_id = l.list_id), " \
    "coalesce((SELECT o.source_db_path FROM sync_operations o WHERE o.operation_id = l.operation_id), '')"

ExportList list_from(const Query& row) {
    return {row.text(0),    row.text(1),  row.text(2), from_iso(row.text(3)).value_or(Timestamp{}), row.integer(4), row.integer(5),
            row.integer(6), row.bytes(7), row.text(8)};
}

/// Files that iCloud never listed are told apart by their content.
std::string record_of(const MediaItem& item) { return "sha256:" + to_hex(item.sha256); }

std::vector<std::string> albums_of(const MediaDb& db, AssetId asset) {
    Query query(db, R"(SELECT DISTINCT a.name FROM album_asset i CROSS JOIN album a ON a.id = i.album_id
                        WHERE i.asset_id = :asset ORDER BY a.name)");
    query.with(":asset", asset);
    return all(query, [](const Query& row) { return row.text(0); });
}

}  // namespace

std::string Exchange::archive_id(Timestamp now) {
    Facts facts{db_};
    if (const auto known = facts.get(kArchiveId)) return *known;
    const auto made = files::read_small_file("/proc/sys/kernel/random/uuid").substr(0, 36);
    Transaction transaction(db_, MF_COMMIT("db.exchange.archive_id"));
    const auto meanwhile = facts.get(kArchiveId);
    if (!meanwhile) facts.set(kArchiveId, made, now);
    transaction.commit();
    return meanwhile.value_or(made);
}

// ---- operations -------------------------------------------------------------------------------------------------------------

void Exchange::begin(const SyncOperation& operation, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.begin"));
    Query(db_, R"(INSERT INTO sync_operations (operation_id, start_time, status, source_db_path, total_files, kind, list_id, folder)
                  VALUES (:id, :now, 'running', :source, :total, :kind, :list, :folder))")
        .with(":id", operation.id)
        .with(":now", to_iso(now))
        .with(":source", operation.source)
        .with(":total", operation.total)
        .with(":kind", operation.kind)
        .with(":list", operation.list)
        .with(":folder", operation.folder)
        .run();
    transaction.commit();
}

void Exchange::end(const std::string& operation, std::string_view status, std::int64_t processed, std::int64_t errors, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.end"));
    Query(db_, R"(UPDATE sync_operations SET end_time = :now, status = :status, processed_files = :processed, error_count = :errors
                   WHERE operation_id = :id)")
        .with(":now", to_iso(now))
        .with(":status", status)
        .with(":processed", processed)
        .with(":errors", errors)
        .with(":id", operation)
        .run();
    transaction.commit();
}

void Exchange::set_total(const std::string& operation, std::int64_t total) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.set_total"));
    Query(db_, "UPDATE sync_operations SET total_files = :total WHERE operation_id = :id").with(":total", total).with(":id", operation).run();
    transaction.commit();
}

namespace {

constexpr const char* kOperations =
    "SELECT operation_id, kind, status, source_db_path, list_id, folder, total_files, processed_files, error_count, start_time, end_time "
    "FROM sync_operations ";

SyncOperation operation_from(const Query& query) {
    return {query.text(0),
            query.text(1),
            query.text(2),
            query.text(3),
            query.text(4),
            query.text(5),
            query.integer(6),
            query.integer(7),
            query.integer(8),
            from_iso(query.text(9)).value_or(Timestamp{}),
            from_iso(query.text(10))};
}

}  // namespace

std::vector<SyncOperation> Exchange::imports() const {
    Query query(db_, std::string(kOperations) + "WHERE kind = 'import' ORDER BY id DESC");
    std::vector<SyncOperation> all;
    while (query.next()) all.push_back(operation_from(query));
    return all;
}

std::optional<SyncOperation> Exchange::operation_for(const std::string& list, std::string_view kind) const {
    Query query(db_, std::string(kOperations) + "WHERE list_id = :list AND kind = :kind ORDER BY id DESC LIMIT 1");
    if (!query.with(":list", list).with(":kind", kind).next()) return std::nullopt;
    return operation_from(query);
}

// ---- export lists -------------------------------------------------------------------------------------------------------------

void Exchange::create_list(const std::string& list, const std::string& operation, Timestamp now) {
    Query(db_, "INSERT INTO sync_export_lists (operation_id, list_id, created_time, status) VALUES (:operation, :list, :now, 'created')")
        .with(":operation", operation)
        .with(":list", list)
        .with(":now", to_iso(now))
        .run();
}

void Exchange::add_to_list(const std::string& list, MediaId media, const fs::path& path) {
    Query(db_, "INSERT INTO sync_export_files (list_id, image_id, export_path, status) VALUES (:list, :media, :path, 'pending')")
        .with(":list", list)
        .with(":media", media)
        .with(":path", path)
        .run();
}

void Exchange::list_is_complete(const std::string& list) {
    Query(db_, "UPDATE sync_export_lists SET total_files = (SELECT count(*) FROM sync_export_files WHERE list_id = :list) WHERE list_id = :list")
        .with(":list", list)
        .run();
}

std::optional<ExportList> Exchange::list(const std::string& id) const {
    Query query(db_, "SELECT " MEDIAFERRY_EXPORT_LIST " FROM sync_export_lists l WHERE l.list_id = :id");
    if (!query.with(":id", id).next()) return std::nullopt;
    return list_from(query);
}

std::vector<ExportList> Exchange::lists() const {
    Query query(db_, "SELECT " MEDIAFERRY_EXPORT_LIST " FROM sync_export_lists l ORDER BY l.id");
    return all(query, list_from);
}

std::vector<ListedMedia> Exchange::listed(const std::string& list, std::int64_t after, std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM R"(, f.id, f.export_path, f.status FROM sync_export_files f CROSS JOIN media m ON m.id = f.image_id
                      WHERE f.list_id = :list AND f.id > :after ORDER BY f.id LIMIT :limit)");
    query.with(":list", list).with(":after", after).with(":limit", limit);
    return all(query, [](const Query& row) {
        return ListedMedia{row.integer(kItemWidth), item_from(row), row.text(kItemWidth + 1), row.text(kItemWidth + 2)};
    });
}

void Exchange::set_listed(const std::string& list, std::int64_t row, std::string_view status, const std::string& error) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.set_listed"));
    const auto changed = Query(db_, "UPDATE sync_export_files SET status = :status, error_message = :error WHERE id = :row AND status <> :status")
                             .with(":status", status)
                             .with(":error", error.empty() ? std::nullopt : std::optional(error))
                             .with(":row", row)
                             .run();
    if (changed == 1 && status == "exported")
        Query(db_, "UPDATE sync_export_lists SET processed_files = processed_files + 1 WHERE list_id = :list").with(":list", list).run();
    transaction.commit();
}

void Exchange::set_list_status(const std::string& list, std::string_view status) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.set_list_status"));
    Query(db_, "UPDATE sync_export_lists SET status = :status WHERE list_id = :list").with(":status", status).with(":list", list).run();
    transaction.commit();
}

// ---- photos -----------------------------------------------------------------------------------------------------------------------

SharedPhoto Exchange::shared(const MediaItem& item, const std::string& own_archive) const {
    SharedPhoto photo{own_archive, record_of(item), item.filename, item.taken, item.taken, false, false, item.live_pair, {}};
    const auto asset = item.asset ? Catalogue(db_).asset(*item.asset) : std::nullopt;
    if (!asset) return photo;
    // A photo that came from elsewhere keeps the name of the archive that first had it, however often it is passed on.
    if (asset->account == kFromExchange) photo.archive = asset->library;
    photo.record = asset->record_name;
    photo.filename = asset->filename;
    photo.taken = asset->taken;
    photo.added = asset->added;
    photo.favourite = asset->favourite;
    photo.hidden = asset->hidden;
    photo.albums = albums_of(db_, asset->id);
    return photo;
}

AssetId Exchange::receive(const SharedPhoto& photo, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.exchange.receive"));
    Query(db_, R"(INSERT INTO asset (account, library, record_name, master_name, change_tag, filename, taken_at, added_at, hidden, favourite, listed,
                                     first_seen_at, last_seen_at, gone_at)
                  VALUES (:account, :archive, :record, '', '', :filename, :taken, :added, :hidden, :favourite, 0, :now, :now, :now)
                  ON CONFLICT (account, library, record_name) DO UPDATE SET favourite = max(favourite, excluded.favourite))")
        .with(":account", kFromExchange)
        .with(":archive", photo.archive)
        .with(":record", photo.record)
        .with(":filename", photo.filename)
        .with(":taken", photo.taken)
        .with(":added", photo.added)
        .with(":hidden", photo.hidden)
        .with(":favourite", photo.favourite)
        .with(":now", now)
        .run();
    const AssetId asset = Catalogue(db_).asset_named(std::string(kFromExchange), photo.archive, photo.record)->id;
    for (const auto& album : photo.albums) {
        Query(db_, "INSERT INTO album (source, name) VALUES (:source, :name) ON CONFLICT DO NOTHING")
            .with(":source", photo.archive)
            .with(":name", album)
            .run();
        Query(db_, R"(INSERT INTO album_asset (album_id, asset_id) SELECT id, :asset FROM album WHERE source = :source AND name = :name
                      ON CONFLICT DO NOTHING)")
            .with(":asset", asset)
            .with(":source", photo.archive)
            .with(":name", album)
            .run();
    }
    transaction.commit();
    return asset;
}

}  // namespace mediaferry::media_db
