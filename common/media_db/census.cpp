// SPDX-License-Identifier: GPL-3.0-or-later
// What iCloud lists: assets and resources as a census saw them.
#include <algorithm>

#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

/// Resources of one asset, written only where they differ: most of a nightly census changes nothing. Returns how many are new.
std::int64_t see_resources(MediaDb& db, AssetId asset, const ListedAsset& seen, bool retimed) {
    std::vector<Resource> known;
    {
        Query query(db, "SELECT " MEDIAFERRY_RESOURCE ", r.wanted FROM resource r WHERE r.asset_id = :asset");
        query.with(":asset", asset);
        while (query.next()) {
            known.push_back(resource_from(query));
            known.back().listed = known.back().listed && query.flag(12);  // differs in either: written again below
        }
    }
    std::int64_t added = 0;
    for (const auto& listed : seen.resources) {
        const auto same =
            std::ranges::find_if(known, [&](const Resource& row) { return row.kind == listed.kind && row.checksum == listed.checksum; });
        if (same == known.end()) {
            added += Query(db, R"(INSERT INTO resource (asset_id, kind, checksum, size, file_type, taken_at)
                                  VALUES (:asset, :kind, :checksum, :size, :type, :taken)
                                  ON CONFLICT (asset_id, kind, checksum) DO NOTHING)")
                         .with(":asset", asset)
                         .with(":kind", to_text(listed.kind))
                         .with(":checksum", listed.checksum)
                         .with(":size", listed.size)
                         .with(":type", listed.file_type)
                         .with(":taken", seen.taken)
                         .run();
        } else if (retimed || !same->listed || same->size != listed.size || same->file_type != listed.file_type) {
            Query(db, "UPDATE resource SET listed = 1, wanted = 1, size = :size, file_type = :type, taken_at = :taken WHERE id = :id")
                .with(":size", listed.size)
                .with(":type", listed.file_type)
                .with(":taken", seen.taken)
                .with(":id", same->id)
                .run();
        }
    }
    for (const auto& row : known) {
        const bool still = std::ranges::any_of(
            seen.resources, [&](const ListedResource& listed) { return row.kind == listed.kind && row.checksum == listed.checksum; });
        if (!still) Query(db, "UPDATE resource SET listed = 0, wanted = 0 WHERE id = :id AND (listed = 1 OR wanted = 1)").with(":id", row.id).run();
    }
    return added;
}

void set_listed(MediaDb& db, AssetId asset, bool listed) {
    Query(db, "UPDATE asset SET listed = :listed WHERE id = :asset AND listed <> :listed").with(":listed", listed).with(":asset", asset).run();
    // A resource stays what iCloud listed last; only whether it is fetched depends on the asset.
    Query(db, "UPDATE resource SET wanted = (listed AND :listed) WHERE asset_id = :asset").with(":listed", listed).with(":asset", asset).run();
}

Event about(AssetId asset, Timestamp at, const char* what) {
    Event event;
    event.at = at;
    event.asset = asset;
    event.stage = "icloud_download";
    event.what = what;
    return event;
}

}  // namespace

Catalogue::CensusResult Catalogue::see(const std::string& account, const std::string& library, const std::vector<ListedAsset>& assets,
                                       Timestamp census) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.see"));
    CensusResult result;
    for (const auto& seen : assets) {
        ++result.assets;
        const auto known = asset_named(account, library, seen.record_name);
        Query write(
            db_, known
                     ? R"(UPDATE asset SET master_name = :master, change_tag = :tag, filename = :filename, taken_at = :taken, added_at = :added,
                                           hidden = :hidden, favourite = :favourite, title = :title, caption = :caption, listed = 1, last_seen_at = :census, gone_at = NULL
                                     WHERE account = :account AND library = :library AND record_name = :record)"
                     : R"(INSERT INTO asset (account, library, record_name, master_name, change_tag, filename, taken_at, added_at, hidden, favourite, title, caption,
                                                       first_seen_at, last_seen_at)
                                    VALUES (:account, :library, :record, :master, :tag, :filename, :taken, :added, :hidden, :favourite, :title, :caption, :census, :census))");
        write.with(":account", account)
            .with(":library", library)
            .with(":record", seen.record_name)
            .with(":master", seen.master_name)
            .with(":tag", seen.change_tag)
            .with(":filename", seen.filename)
            .with(":taken", seen.taken)
            .with(":added", seen.added)
            .with(":hidden", seen.hidden)
            .with(":favourite", seen.favourite)
            .with(":title", seen.title)
            .with(":caption", seen.caption)
            .with(":census", census)
            .run();
        const AssetId asset = known ? known->id : AssetId{db_.impl().last_id()};
        if (!known) ++result.new_assets;
        if (known && known->change_tag != seen.change_tag) ++result.changed;
        result.new_resources += see_resources(db_, asset, seen, known && known->taken != seen.taken);
    }
    transaction.commit();
    return result;
}

std::vector<Asset> Catalogue::finish_census(const std::string& account, const std::string& library, Timestamp census) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.finish_census"));
    Query query(db_, "SELECT " MEDIAFERRY_ASSET R"( FROM asset a
                      WHERE a.account = :account AND a.library = :library AND a.listed = 1 AND a.last_seen_at < :census)");
    query.with(":account", account).with(":library", library).with(":census", census);
    auto unseen = all(query, [](const Query& row) { return asset_from(row); });
    for (const auto& asset : unseen) set_listed(db_, asset.id, false);
    Query unlisted(db_, "SELECT " MEDIAFERRY_ASSET R"( FROM asset a
                         WHERE a.account = :account AND a.library = :library AND a.listed = 0 AND a.deleted_at IS NULL AND a.gone_at IS NULL)");
    unlisted.with(":account", account).with(":library", library);
    auto found = all(unlisted, [](const Query& row) { return asset_from(row); });
    transaction.commit();
    return found;
}

std::vector<Asset> Catalogue::unseen(const std::string& account, const std::string& library, Timestamp census, std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_ASSET R"( FROM asset a
                      WHERE a.account = :account AND a.library = :library AND a.listed = 1 AND a.last_seen_at < :census
                      ORDER BY a.id LIMIT :limit)");
    query.with(":account", account).with(":library", library).with(":census", census).with(":limit", limit);
    return all(query, [](const Query& row) { return asset_from(row); });
}

void Catalogue::mark_gone(AssetId asset, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.mark_gone"));
    set_listed(db_, asset, false);
    Query(db_, "UPDATE asset SET gone_at = :now WHERE id = :asset").with(":now", now).with(":asset", asset).run();
    Events(db_).add(about(asset, now, "gone"));
    transaction.commit();
}

void Catalogue::mark_listed(AssetId asset) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.mark_listed"));
    set_listed(db_, asset, true);
    Query(db_, "UPDATE asset SET gone_at = NULL WHERE id = :asset").with(":asset", asset).run();
    transaction.commit();
}

std::int64_t Catalogue::listed_assets() const { return Query(db_, "SELECT count(*) FROM asset WHERE listed = 1").number(); }

// ---- assets and resources -------------------------------------------------------------------------------------------------

std::optional<Asset> Catalogue::asset(AssetId id) const {
    Query query(db_, "SELECT " MEDIAFERRY_ASSET " FROM asset a WHERE a.id = :id");
    if (!query.with(":id", id).next()) return std::nullopt;
    return asset_from(query);
}

std::optional<Asset> Catalogue::asset_named(const std::string& account, const std::string& library, const std::string& record_name) const {
    Query query(db_, "SELECT " MEDIAFERRY_ASSET " FROM asset a WHERE a.account = :account AND a.library = :library AND a.record_name = :record");
    if (!query.with(":account", account).with(":library", library).with(":record", record_name).next()) return std::nullopt;
    return asset_from(query);
}

std::vector<Resource> Catalogue::resources(AssetId asset, bool only_listed) const {
    Query query(db_, "SELECT " MEDIAFERRY_RESOURCE " FROM resource r WHERE r.asset_id = :asset AND (r.listed = 1 OR NOT :only_listed) ORDER BY r.id");
    query.with(":asset", asset).with(":only_listed", only_listed);
    return all(query, [](const Query& row) { return resource_from(row); });
}

std::vector<Resource> Catalogue::resources_with(const std::string& apple_checksum) const {
    Query query(db_, "SELECT " MEDIAFERRY_RESOURCE R"( FROM resource r
                      WHERE r.checksum = :checksum AND r.listed = 1
                      ORDER BY r.state <> 'missing', r.id)");
    query.with(":checksum", apple_checksum);
    return all(query, [](const Query& row) { return resource_from(row); });
}

std::vector<Resource> Catalogue::missing_resources(Timestamp now, std::size_t limit) const {
    // In the order of the index: what was never tried, newest first; then what is to be tried again.
    Query query(db_, "SELECT " MEDIAFERRY_RESOURCE R"( FROM resource r
                      WHERE r.state = 'missing' AND r.state <> 'taken' AND r.wanted = 1 AND r.not_before <= :now
                      ORDER BY r.not_before, r.taken_at DESC
                      LIMIT :limit)");
    query.with(":now", now).with(":limit", limit);
    return all(query, [](const Query& row) { return resource_from(row); });
}

std::int64_t Catalogue::missing_count() const {
    return Query(db_, "SELECT count FROM resource_count WHERE state = 'missing' AND wanted = 1").number();
}

std::optional<Timestamp> Catalogue::next_missing_due() const {
    Query query(db_, R"(SELECT not_before FROM resource
                         WHERE state = 'missing' AND state <> 'taken' AND wanted = 1
                         ORDER BY not_before LIMIT 1)");
    if (!query.next()) return std::nullopt;
    return query.time(0);
}

void Catalogue::resource_failed(ResourceId resource, const Reason& reason, Timestamp not_before, bool attention) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.resource_failed"));
    Query(db_, R"(UPDATE resource SET attempts = attempts + 1, not_before = :not_before, state = :state, reason_code = :code, reason_text = :text
                   WHERE id = :id AND state <> 'taken')")
        .with(":not_before", not_before)
        .with(":state", attention ? "attention" : "missing")
        .with(":code", reason.code)
        .with(":text", reason.text)
        .with(":id", resource)
        .run();
    transaction.commit();
}

}  // namespace mediaferry::media_db
