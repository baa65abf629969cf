// SPDX-License-Identifier: GPL-3.0-or-later
// A media.db of the earlier Python scripts becomes ours, in place. What its rows claim is kept as history and proves nothing:
// every file is hashed now and goes through the house again.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/connection.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"

namespace mediaferry::media_db {

namespace {

constexpr const char* kOldTable = "media_before_adoption";

[[noreturn]] void not_adoptable(const fs::path& file, const std::string& why) {
    throw BadInput("db.not_adoptable", file.string() + " cannot be adopted: " + why);
}

/// The names our schema will want.
std::set<std::string> our_names() {
    SQLite::Database scratch(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    create_schema(scratch);
    SQLite::Statement names(scratch, "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    std::set<std::string> found;
    while (names.executeStep()) found.insert(names.getColumn(0).getString());
    return found;
}

void check_adoptable(SQLite::Database& db, const fs::path& file) {
    if (db.execAndGet("PRAGMA application_id").getInt64() == kApplicationId) not_adoptable(file, "it is mediaferry's own already");
    std::set<std::string> columns;
    SQLite::Statement info(db, "SELECT name FROM pragma_table_info('media')");
    while (info.executeStep()) columns.insert(info.getColumn(0).getString());
    for (const char* column : {"id", "filename", "local_path", "status"})
        if (!columns.contains(column))
            not_adoptable(file, std::string("it has no table `media` with a column `") + column + "`, as the earlier scripts made it");
    const auto ours = our_names();
    SQLite::Statement tables(db, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name <> 'media'");
    while (tables.executeStep()) {
        const std::string name = tables.getColumn(0).getString();
        if (ours.contains(name) || name == kOldTable)
            not_adoptable(file, "it has a table `" + name + "`, whose name mediaferry needs; rename or drop it");
    }
}

/// One row of the old table: what we use of it, and all of it as JSON.
struct OldRow {
    std::int64_t id = 0;
    std::string filename, icloud_id, created, path, claims;
};

nlohmann::json value_of(const SQLite::Column& column) {
    if (column.isNull()) return nullptr;
    if (column.isInteger()) return column.getInt64();
    if (column.isFloat()) return column.getDouble();
    return column.getString();
}

std::vector<OldRow> old_rows(SQLite::Database& db) {
    std::vector<OldRow> rows;
    SQLite::Statement query(db, "SELECT * FROM media ORDER BY id");
    while (query.executeStep()) {
        OldRow row;
        nlohmann::json claims = nlohmann::json::object();
        for (int index = 0; index < query.getColumnCount(); ++index) {
            const auto column = query.getColumn(index);
            const std::string name = column.getName();
            claims[name] = value_of(column);
            if (name == "id") row.id = column.getInt64();
            if (name == "filename") row.filename = column.getString();
            if (name == "icloud_id") row.icloud_id = column.getString();
            if (name == "created_date") row.created = column.getString();
            if (name == "local_path") row.path = column.getString();
        }
        row.claims = nlohmann::json{{"claimed", claims}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        rows.push_back(std::move(row));
    }
    return rows;
}

MediaKind kind_by_name(const fs::path& path) {
    static const std::map<std::string, MediaKind> kinds = [] {
        std::map<std::string, MediaKind> result;
        for (const char* e : {".jpg", ".jpeg", ".heic", ".heif", ".png", ".tif", ".tiff", ".gif", ".webp", ".avif", ".bmp"})
            result[e] = MediaKind::photo;
        for (const char* e : {".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"}) result[e] = MediaKind::raw;
        for (const char* e : {".mov", ".mp4", ".m4v", ".avi", ".3gp", ".mts", ".mkv"}) result[e] = MediaKind::video;
        for (const char* e : {".aae", ".xmp"}) result[e] = MediaKind::sidecar;
        return result;
    }();
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto found = kinds.find(extension);
    return found == kinds.end() ? MediaKind::other : found->second;
}

/// The file as it lies there now; nullopt: it does not.
std::optional<NewMedia> file_of(const OldRow& row) {
    boost::system::error_code error;
    // Where it really lies: the scripts followed links, and what is looked at here is that file.
    const fs::path path = fs::path(row.path).is_absolute() ? fs::canonical(row.path, error) : fs::path{};
    // An empty file, and a placeholder that only looks like one, hold nothing to adopt.
    if (path.empty() || !fs::is_regular_file(path, error) || fs::file_size(path, error) == 0 || files::looks_like_placeholder(path))
        return std::nullopt;
    const auto digests = files::digest_file(path);
    NewMedia media;
    media.filename = row.filename.empty() ? fs::path(row.path).filename().string() : row.filename;
    media.icloud_id = row.icloud_id;
    media.kind = kind_by_name(media.filename);
    media.sha256 = digests.sha256;
    media.apple_checksum = digests.apple_checksum;
    media.size = digests.size;
    media.taken = from_iso(row.created).value_or(Timestamp{std::chrono::seconds{fs::last_write_time(path)}});
    media.local_path = path;
    media.fetched_by = "adopted";
    return media;
}

/// Its indexes and triggers would keep names that ours need; the backup has them.
void set_old_table_aside(SQLite::Database& db) {
    std::vector<std::string> drops;
    {
        SQLite::Statement query(db,
                                "SELECT type, name FROM sqlite_schema WHERE tbl_name = 'media' AND type IN ('index', 'trigger') AND sql IS NOT NULL");
        while (query.executeStep()) {
            std::string name = query.getColumn(1).getString();
            for (std::size_t at = 0; (at = name.find('"', at)) != std::string::npos; at += 2) name.insert(at, 1, '"');
            drops.push_back("DROP " + query.getColumn(0).getString() + " \"" + name + "\"");
        }
    }
    for (const auto& drop : drops) db.exec(drop);
    db.exec(std::string("ALTER TABLE media RENAME TO ") + kOldTable);
}

void write_adopted(MediaDb& db, const OldRow& row, NewMedia media, Timestamp now) {
    media.id = MediaId{row.id};
    const MediaId id = Catalogue(db).take_in(media, now, std::nullopt);
    Event event;
    event.at = now;
    event.media = id;
    event.stage = "icloud_download";
    event.what = "adopted";
    event.detail = row.claims;
    Events(db).add(event);
}

}  // namespace

Adoption Upkeep::adopt(const fs::path& given, const fs::path& backup, Timestamp now) {
    const fs::path file = fs::absolute(given);
    if (!fs::exists(file)) throw BadInput("db.missing", "there is no file " + file.string() + " to adopt");
    refuse_network_file_system(file);
    auto impl = std::make_unique<MediaDb::Impl>();
    impl->file = file;
    SQLite::Database& old = *translated(file, [&] {
        impl->db = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE, kBusyMilliseconds);
        prepare_connection(*impl->db);
        check_adoptable(*impl->db, file);
        return impl->db.get();
    });
    write_backup(old, file, backup);

    // Hours of hashing, perhaps, so not inside the transaction; what changed meanwhile is noticed in it.
    const auto rows = translated(file, [&] { return old_rows(old); });
    std::vector<std::optional<NewMedia>> files;
    for (const auto& row : rows) files.push_back(file_of(row));

    MediaDb db(std::move(impl));
    Adoption result;
    Transaction transaction(db, MF_COMMIT("db.upkeep.adopt"));
    translated(file, [&] {
        if (!std::ranges::equal(old_rows(old), rows, {}, &OldRow::claims, &OldRow::claims))
            throw TryLater("db.changed", file.string() + " changed while its files were read; stop the earlier scripts and adopt it again");
        set_old_table_aside(old);
        create_schema(old);
    });
    for (std::size_t index = 0; index < rows.size(); ++index) {
        if (!files[index]) {
            result.without_file.push_back(rows[index].path.empty() ? rows[index].filename : rows[index].path);
            continue;
        }
        write_adopted(db, rows[index], *files[index], now);
        ++result.adopted;
    }
    transaction.commit();
    return result;
}

}  // namespace mediaferry::media_db
