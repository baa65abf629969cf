// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/books.h"

#include <algorithm>

#include "common/media_db/house_rules.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

std::vector<Books::Due> Books::due(std::size_t limit) const {
    Query query(db_, "SELECT id, media_id FROM book_due ORDER BY id LIMIT :limit");
    query.with(":limit", limit);
    return all(query, [](const Query& row) { return Due{row.integer(0), MediaId{row.integer(1)}}; });
}

void Books::done(const std::vector<Due>& written) {
    Transaction transaction(db_, MF_COMMIT("db.books.done"));
    for (const auto& one : written) Query(db_, "DELETE FROM book_due WHERE id = :id").with(":id", one.id).run();
    transaction.commit();
}

void Books::all_due() {
    Transaction transaction(db_, MF_COMMIT("db.books.all_due"));
    Query(db_, "INSERT OR IGNORE INTO book_due (media_id) SELECT DISTINCT media_id FROM copy WHERE place = 'nas' AND removed_at IS NULL").run();
    transaction.commit();
}

void Books::due_in(std::string_view folder) {
    Transaction transaction(db_, MF_COMMIT("heal.books_due"));
    for (const auto& one : archived_in(folder))
        Query(db_, "INSERT OR IGNORE INTO book_due (media_id) VALUES (:media)").with(":media", one.item.id).run();
    transaction.commit();
}

std::vector<Books::Archived> Books::archived_in(std::string_view folder) const {
    constexpr int copy_at = kItemWidth;
    const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
    const std::string end = folder.empty() ? "" : std::string(folder) + "0";  // '0' follows '/'
    Query query(db_, "SELECT " MEDIAFERRY_ITEM ", " MEDIAFERRY_COPY R"( FROM copy c CROSS JOIN media m ON m.id = c.media_id
                      WHERE c.place = 'nas' AND c.path COLLATE NOCASE >= :prefix AND (:end = '' OR c.path COLLATE NOCASE < :end) AND c.removed_at IS NULL
                      ORDER BY c.path, c.id)");
    query.with(":prefix", prefix).with(":end", end);
    std::vector<Archived> found;
    while (query.next()) {
        Archived one{item_from(query), copy_from(query, copy_at)};
        if (one.copy.path.parent_path() == fs::path(std::string(folder))) found.push_back(std::move(one));
    }
    return found;
}

Books::Words Books::words_of(AssetId asset) const {
    Words words;
    Query own(db_, "SELECT title, caption FROM asset WHERE id = :asset");
    if (own.with(":asset", asset).next()) {
        words.title = own.text(0);
        words.caption = own.text(1);
    }
    Query query(db_, R"(SELECT DISTINCT a.name FROM album_asset i CROSS JOIN album a ON a.id = i.album_id
                         WHERE i.asset_id = :asset ORDER BY a.name)");
    query.with(":asset", asset);
    words.albums = all(query, [](const Query& row) { return row.text(0); });
    return words;
}

namespace {

std::int64_t album_id(MediaDb& db, const std::string& name) {
    Query(db, "INSERT INTO album (source, name) VALUES ('', :name) ON CONFLICT DO NOTHING").with(":name", name).run();
    return Query(db, "SELECT id FROM album WHERE source = '' AND name = :name").with(":name", name).number();
}

void file_in(MediaDb& db, std::int64_t album, AssetId asset) {
    Query(db, "INSERT INTO album_asset (album_id, asset_id) VALUES (:album, :asset) ON CONFLICT DO NOTHING")
        .with(":album", album)
        .with(":asset", asset)
        .run();
}

}  // namespace

void Books::set_album(const std::string& account, const std::string& library, const std::string& name, const std::vector<std::string>& record_names,
                      bool complete) {
    Transaction transaction(db_, MF_COMMIT("db.books.set_album"));
    const auto album = album_id(db_, name);
    std::set<std::int64_t> members;
    for (const auto& record : record_names) {
        Query query(db_, "SELECT id FROM asset WHERE account = :account AND library = :library AND record_name = :record");
        query.with(":account", account).with(":library", library).with(":record", record);
        if (query.next()) members.insert(query.integer(0));
    }
    std::vector<std::int64_t> before;
    {
        Query query(db_, "SELECT asset_id FROM album_asset WHERE album_id = :album");
        query.with(":album", album);
        before = all(query, [](const Query& row) { return row.integer(0); });
    }
    for (const auto asset : before) {
        if (members.erase(asset) > 0 || !complete) continue;
        // What we deleted from iCloud left its albums with that: it was in them to the end.
        Query(db_, R"(DELETE FROM album_asset WHERE album_id = :album AND asset_id = :asset
                       AND EXISTS (SELECT 1 FROM asset WHERE id = :asset AND deleted_at IS NULL AND gone_at IS NULL))")
            .with(":album", album)
            .with(":asset", asset)
            .run();
    }
    for (const auto asset : members) file_in(db_, album, AssetId{asset});
    transaction.commit();
}

void Books::keep_albums(const std::vector<std::string>& names) {
    Transaction transaction(db_, MF_COMMIT("db.books.keep_albums"));
    std::vector<std::pair<std::int64_t, std::string>> known;
    {
        Query query(db_, "SELECT id, name FROM album WHERE source = ''");
        known = all(query, [](const Query& row) { return std::pair{row.integer(0), row.text(1)}; });
    }
    for (const auto& [id, name] : known) {
        if (std::ranges::find(names, name) != names.end()) continue;
        Query(db_, R"(DELETE FROM album_asset WHERE album_id = :album
                       AND asset_id IN (SELECT id FROM asset WHERE deleted_at IS NULL AND gone_at IS NULL))")
            .with(":album", id)
            .run();
        Query(db_, "DELETE FROM album WHERE id = :album AND NOT EXISTS (SELECT 1 FROM album_asset WHERE album_id = :album)").with(":album", id).run();
    }
    transaction.commit();
}

void Books::set_words(AssetId asset, const Words& words) {
    Transaction transaction(db_, MF_COMMIT("db.books.set_words"));
    Query(db_, "UPDATE asset SET title = :title, caption = :caption WHERE id = :asset")
        .with(":title", words.title)
        .with(":caption", words.caption)
        .with(":asset", asset)
        .run();
    for (const auto& name : words.albums) file_in(db_, album_id(db_, name), asset);
    transaction.commit();
}

void Books::steps_done(MediaId media, const std::set<std::string>& stages, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.books.steps_done"));
    for (const auto& row : stored_house(db_)) {
        if (!stages.contains(row.stage)) continue;
        const auto changed =
            Query(db_, "UPDATE step SET status = 'done', finished_at = :now WHERE media_id = :media AND stage = :stage AND status <> 'done'")
                .with(":now", now)
                .with(":media", media)
                .with(":stage", row.stage)
                .run();
        if (changed > 0) follow_up(db_, media, row.stage, now);
    }
    transaction.commit();
}

bool Books::is_empty() const {
    return Query(db_, "SELECT (SELECT count(*) FROM (SELECT 1 FROM media LIMIT 1)) + (SELECT count(*) FROM (SELECT 1 FROM asset LIMIT 1))")
               .number() == 0;
}

}  // namespace mediaferry::media_db
