// SPDX-License-Identifier: GPL-3.0-or-later
// The files themselves: how they come in, how they are found, what is written of them.
#include "common/media_db/catalogue.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/media_db/evidence.h"
#include "common/media_db/house_rules.h"
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

std::string detail_of(const NewMedia& file) {
    const nlohmann::json detail{{"filename", file.filename},     {"path", file.local_path.string()},        {"size", file.size.count},
                                {"sha256", to_hex(file.sha256)}, {"resource", to_text(file.resource_kind)}, {"fetched_by", file.fetched_by}};
    return detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // a name may be no valid UTF-8
}

MediaId insert_media(MediaDb& db, const NewMedia& file, const std::string& status, Timestamp now) {
    Query(
        db,
        R"(INSERT INTO media (id, filename, icloud_id, created_date, local_path, status, initial_size, current_size, last_updated, asset_id, resource_id,
                                    resource, kind, sha256, apple_checksum, taken_at, live_pair)
                 VALUES (:id, :filename, :icloud_id, :created, :path, :status, :size, :size, :now, :asset, :resource_id, :resource, :kind, :sha256, :apple, :taken, :live))")
        .with(":id", file.id)
        .with(":filename", file.filename)
        .with(":icloud_id", file.icloud_id.empty() ? file.filename : file.icloud_id)
        .with(":created", to_iso(file.taken))
        .with(":path", file.local_path)
        .with(":status", status)
        .with(":size", file.size)
        .with(":now", to_iso(now))
        .with(":asset", file.asset)
        .with(":resource_id", file.resource)
        .with(":resource", to_text(file.resource_kind))
        .with(":kind", to_text(file.kind))
        .with(":sha256", file.sha256)
        .with(":apple", file.apple_checksum)
        .with(":taken", file.taken)
        .with(":live", file.live_pair)
        .run();
    return MediaId{db.impl().last_id()};
}

/// Runs an UPDATE of one media row whose other parameters are bound already.
void touch(Query& update, MediaId media, Timestamp now) { update.with(":now", to_iso(now)).with(":media", media).run(); }

bool all_digits(const std::string& text) {
    return !text.empty() && text.size() < 19 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

MediaId Catalogue::take_in(const NewMedia& file, Timestamp now, std::optional<RunId> run) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.take_in"));
    if (file.resource) {
        Query known(db_, "SELECT id FROM media WHERE resource_id = :resource");
        if (known.with(":resource", *file.resource).next()) {
            const MediaId existing{known.integer(0)};
            transaction.commit();
            return existing;
        }
    }
    const House house = stored_house(db_);
    const auto arrival = std::ranges::find(house, kArrival, &HouseRow::stage);
    const MediaId media = insert_media(db_, file, arrival == house.end() ? "downloaded" : arrival->status, now);
    add_steps(db_, house, media, file.taken, now);
    if (file.resource)
        Query(db_, "UPDATE resource SET state = 'taken', attempts = 0, not_before = 0, reason_code = NULL, reason_text = NULL WHERE id = :id")
            .with(":id", *file.resource)
            .run();

    Copy copy;
    copy.media = media;
    copy.place = Place::local;
    copy.path = file.local_path;
    copy.sha256 = file.sha256;
    copy.size = file.size;
    copy.proof = "placed";
    copy.written = now;
    copy.proven = now;
    Evidence(db_).add(copy);

    Event event;
    event.at = now;
    event.media = media;
    event.asset = file.asset;
    event.run = run;
    event.stage = kArrival;
    event.what = "taken_in";
    event.detail = detail_of(file);
    Events(db_).add(event);
    transaction.commit();
    return media;
}

std::optional<MediaItem> Catalogue::item(MediaId id) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.id = :id");
    if (!query.with(":id", id).next()) return std::nullopt;
    return item_from(query);
}

std::vector<MediaItem> Catalogue::items_of(AssetId asset) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.asset_id = :asset ORDER BY m.id");
    return items(query.with(":asset", asset));
}

std::vector<MediaItem> Catalogue::deleted_with_original() const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.deleted_icloud = 'yes' AND m.local_path IS NOT NULL ORDER BY m.id");
    return items(query);
}

std::vector<MediaItem> Catalogue::items_after(MediaId after, std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.id > :after ORDER BY m.id LIMIT :limit");
    return items(query.with(":after", after).with(":limit", limit));
}

MediaId Catalogue::last_item() const { return MediaId{Query(db_, "SELECT coalesce(max(id), 0) FROM media").number()}; }

std::optional<MediaItem> Catalogue::item_with_content(const Sha256& sha256) const {
    Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.sha256 = :sha256 ORDER BY m.id LIMIT 1");
    if (!query.with(":sha256", sha256).next()) return std::nullopt;
    return item_from(query);
}

std::vector<MediaItem> Catalogue::find(const std::string& what) const {
    if (all_digits(what))
        if (const auto found = item(MediaId{std::stoll(what)})) return {*found};
    {
        Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.filename = :name COLLATE NOCASE ORDER BY m.id");
        if (auto found = items(query.with(":name", what)); !found.empty()) return found;
    }
    {
        // A local path, or one relative to the NAS, the phone's folder or the library.
        Query query(db_, "SELECT DISTINCT " MEDIAFERRY_ITEM R"( FROM copy c CROSS JOIN media m ON m.id = c.media_id
                          WHERE c.place IN ('local', 'nas', 'library', 'pixel') AND c.path = :path COLLATE NOCASE AND c.removed_at IS NULL
                          ORDER BY m.id)");
        if (auto found = items(query.with(":path", what)); !found.empty()) return found;
    }
    {
        Query query(db_, "SELECT " MEDIAFERRY_ITEM " FROM media m WHERE m.icloud_id = :record ORDER BY m.id");
        if (auto found = items(query.with(":record", what)); !found.empty()) return found;
    }
    const auto name = fs::path(what).filename().string();
    return name.empty() || name == what ? std::vector<MediaItem>{} : find(name);
}

void Catalogue::set_local_path(MediaId media, const std::optional<fs::path>& path, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_local_path"));
    Query update(db_, "UPDATE media SET local_path = :path, last_updated = :now WHERE id = :media");
    touch(update.with(":path", path), media, now);
    if (path)
        Query(db_, "UPDATE copy SET path = :path WHERE media_id = :media AND place = 'local' AND removed_at IS NULL")
            .with(":path", *path)
            .with(":media", media)
            .run();
    else
        Query(db_, "UPDATE copy SET removed_at = :now WHERE media_id = :media AND place = 'local' AND removed_at IS NULL")
            .with(":now", now)
            .with(":media", media)
            .run();
    transaction.commit();
}

void Catalogue::set_compressed(MediaId media, Bytes current_size, const std::string& metadata_json, std::optional<Timestamp> next_tier,
                               Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_compressed"));
    Query update(
        db_,
        R"(UPDATE media SET current_size = :size, last_compressed = :now, compression_metadata = :metadata, next_tier_at = :next, last_updated = :now
                          WHERE id = :media)");
    update.with(":size", current_size).with_json(":metadata", metadata_json).with(":next", next_tier);
    touch(update, media, now);
    transaction.commit();
}

void Catalogue::set_compression_record(MediaId media, const std::string& metadata_json, std::optional<Timestamp> next_tier, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_compression_record"));
    Query update(db_, "UPDATE media SET compression_metadata = :metadata, next_tier_at = :next, last_updated = :now WHERE id = :media");
    touch(update.with_json(":metadata", metadata_json).with(":next", next_tier), media, now);
    transaction.commit();
}

std::int64_t Catalogue::reopen_aged(Timestamp now) {
    constexpr std::size_t kAtOnce = 1000;  // a year's photos may age in one night: other writers get their turn in between
    std::int64_t opened = 0;
    for (;;) {
        Transaction transaction(db_, MF_COMMIT("db.catalogue.reopen_aged"));
        std::vector<MediaId> aged;
        {
            Query query(db_, "SELECT id FROM media WHERE next_tier_at IS NOT NULL AND next_tier_at <= :now LIMIT :limit");
            query.with(":now", now).with(":limit", kAtOnce);
            while (query.next()) aged.emplace_back(MediaId{query.integer(0)});
        }
        const House house = stored_house(db_);
        const auto compress = std::ranges::find(house, "compress", &HouseRow::stage);
        for (const auto media : aged) {
            Query(db_, "UPDATE media SET next_tier_at = NULL WHERE id = :media").with(":media", media).run();
            const auto changed =
                Query(db_, R"(UPDATE step SET status = 'pending', open = :open, attempts = 0, not_before = 0, reason_code = NULL, reason_text = NULL
                                               WHERE media_id = :media AND stage = 'compress' AND status = 'done')")
                    .with(":open", compress != house.end() && compress->enabled)
                    .with(":media", media)
                    .run();
            if (changed == 0) continue;
            ++opened;
            Event event;
            event.at = now;
            event.media = media;
            event.stage = "compress";
            event.what = "aged";
            Events(db_).add(event);
        }
        transaction.commit();
        if (aged.size() < kAtOnce) return opened;
    }
}

void Catalogue::set_flags(MediaId media, std::optional<bool> synced_google, std::optional<bool> synced_nas, std::optional<bool> album_moved,
                          std::optional<bool> deleted_icloud, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.catalogue.set_flags"));
    // NULL leaves a flag as it is.
    Query update(db_, R"(UPDATE media SET synced_google  = CASE :google  WHEN 1 THEN 'yes' WHEN 0 THEN NULL ELSE synced_google END,
                                          synced_nas     = CASE :nas     WHEN 1 THEN 'yes' WHEN 0 THEN NULL ELSE synced_nas END,
                                          album_moved    = coalesce(:album, album_moved),
                                          deleted_icloud = CASE :deleted WHEN 1 THEN 'yes' WHEN 0 THEN NULL ELSE deleted_icloud END,
                                          last_updated   = :now
                          WHERE id = :media)");
    touch(update.with(":google", synced_google).with(":nas", synced_nas).with(":album", album_moved).with(":deleted", deleted_icloud), media, now);
    transaction.commit();
}

}  // namespace mediaferry::media_db
