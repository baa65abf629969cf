// SPDX-License-Identifier: GPL-3.0-or-later
// The album DeletePending and deletion; what stands in incoming/; what was set aside.
#include "common/media_db/catalogue.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

void Catalogue::set_filed(AssetId asset, const std::string& change_tag, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_filed"));
    Query(db_, "UPDATE asset SET filed_at = :now, filed_tag = :tag WHERE id = :asset")
        .with(":now", now)
        .with(":tag", change_tag)
        .with(":asset", asset)
        .run();
    transaction.commit();
}

void Catalogue::set_vetoed(AssetId asset, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_vetoed"));
    Query(db_, "UPDATE asset SET vetoed_at = :now WHERE id = :asset").with(":now", now).with(":asset", asset).run();
    transaction.commit();
}

void Catalogue::clear_veto(AssetId asset) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.clear_veto"));
    Query(db_, "UPDATE asset SET vetoed_at = NULL WHERE id = :asset").with(":asset", asset).run();
    transaction.commit();
}

void Catalogue::clear_filed(AssetId asset) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.clear_filed"));
    Query(db_, "UPDATE asset SET filed_at = NULL, filed_tag = NULL WHERE id = :asset").with(":asset", asset).run();
    transaction.commit();
}

void Catalogue::set_deleted(AssetId asset, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_deleted"));
    // No longer listed: the next census must not take its absence for news.
    Query(db_, "UPDATE asset SET deleted_at = :now, listed = 0, hold_code = NULL, hold_text = NULL WHERE id = :asset")
        .with(":now", now)
        .with(":asset", asset)
        .run();
    Query(db_, "UPDATE resource SET wanted = 0 WHERE asset_id = :asset").with(":asset", asset).run();
    transaction.commit();
}

void Catalogue::set_hold(AssetId asset, const std::optional<Reason>& reason) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_hold"));
    Query(db_, "UPDATE asset SET hold_code = :code, hold_text = :text WHERE id = :asset")
        .with(":code", reason ? std::optional(reason->code) : std::nullopt)
        .with(":text", reason ? std::optional(reason->text) : std::nullopt)
        .with(":asset", asset)
        .run();
    transaction.commit();
}

std::vector<Asset> Catalogue::filed_assets() const {
    Query query(db_, "SELECT " MEDIAFERRY_ASSET R"( FROM asset a
                      WHERE a.filed_at IS NOT NULL AND a.deleted_at IS NULL
                      ORDER BY a.filed_at, a.id)");
    return all(query, [](const Query& row) { return asset_from(row); });
}

// ---- incoming/ --------------------------------------------------------------------------------------------------------------

void Catalogue::add_placeholder(const fs::path& relative, std::optional<MediaId> media, Bytes size, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.add_placeholder"));
    Query(db_, R"(INSERT INTO placeholder (path, media_id, size, made_at) VALUES (:path, :media, :size, :now)
                  ON CONFLICT (path) DO UPDATE SET media_id = excluded.media_id, size = excluded.size, made_at = excluded.made_at)")
        .with(":path", relative)
        .with(":media", media)
        .with(":size", size)
        .with(":now", now)
        .run();
    transaction.commit();
}

void Catalogue::remove_placeholder(const fs::path& relative) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.remove_placeholder"));
    Query(db_, "DELETE FROM placeholder WHERE path = :path").with(":path", relative).run();
    transaction.commit();
}

bool Catalogue::is_placeholder(const fs::path& relative) const {
    return Query(db_, "SELECT 1 FROM placeholder WHERE path = :path").with(":path", relative).next();
}

std::vector<fs::path> Catalogue::placeholders_of_the_gone() const {
    Query query(db_, R"(SELECT placeholder.path FROM placeholder
                          JOIN media ON media.id = placeholder.media_id
                          JOIN asset ON asset.id = media.asset_id
                         WHERE asset.deleted_at IS NOT NULL OR asset.gone_at IS NOT NULL
                         ORDER BY placeholder.path)");
    std::vector<fs::path> paths;
    while (query.next()) paths.emplace_back(query.text(0));
    return paths;
}

std::optional<MediaId> Catalogue::placeholder_owner(const fs::path& relative) const {
    Query query(db_, "SELECT media_id FROM placeholder WHERE path = :path");
    if (!query.with(":path", relative).next()) return std::nullopt;
    return query.maybe_id<MediaId>(0);
}

std::vector<fs::path> Catalogue::placeholders_of(MediaId media) const {
    Query query(db_, "SELECT path FROM placeholder WHERE media_id = :media ORDER BY path");
    query.with(":media", media);
    return all(query, [](const Query& row) { return fs::path(row.text(0)); });
}

std::vector<Catalogue::PlaceholderDue> Catalogue::placeholders_due() const {
    Query query(db_, R"(SELECT m.id, m.local_path, p.path FROM media m
                          JOIN asset a ON a.id = m.asset_id
                          LEFT JOIN placeholder p ON p.media_id = m.id
                         WHERE a.deleted_at IS NULL AND a.gone_at IS NULL AND m.local_path IS NOT NULL
                         ORDER BY m.id, p.path)");
    return all(query, [](const Query& row) {
        PlaceholderDue due{MediaId{row.integer(0)}, row.text(1), std::nullopt};
        if (!row.is_null(2)) due.path = row.text(2);
        return due;
    });
}

void Catalogue::add_set_aside(const fs::path& found, const fs::path& now_at, Bytes size, const std::string& sha256, const Reason& reason,
                              Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.add_set_aside"));
    Query(db_, "UPDATE set_aside SET removed_at = :now WHERE path = :path AND removed_at IS NULL").with(":now", now).with(":path", now_at).run();
    Query(db_, R"(INSERT INTO set_aside (found_path, path, size, sha256, reason_code, reason_text, at)
                  VALUES (:found, :path, :size, :sha256, :code, :text, :now))")
        .with(":found", found)
        .with(":path", now_at)
        .with(":size", size)
        .with(":sha256", sha256)
        .with(":code", reason.code)
        .with(":text", reason.text)
        .with(":now", now)
        .run();
    transaction.commit();
}

std::vector<Catalogue::SetAside> Catalogue::set_aside(bool only_present) const {
    Query query(db_, R"(SELECT id, found_path, path, size, reason_code, reason_text, at FROM set_aside
                         WHERE removed_at IS NULL OR NOT :only_present
                         ORDER BY id)");
    query.with(":only_present", only_present);
    return all(query, [](const Query& row) {
        return SetAside{row.integer(0), row.text(1), row.text(2), row.bytes(3), {row.text(4), row.text(5)}, row.time(6)};
    });
}

void Catalogue::set_aside_removed(std::int64_t id, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_aside_removed"));
    Query(db_, "UPDATE set_aside SET removed_at = :now WHERE id = :id").with(":now", now).with(":id", id).run();
    transaction.commit();
}

}  // namespace mediaferry::media_db
