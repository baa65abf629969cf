// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/rebuild.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/archive/receipt.h"
#include "common/archive_index/books.h"
#include "common/archive_index/capsule.h"
#include "common/archive_index/left_alone.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/files/walk.h"
#include "common/log/log.h"
#include "common/media_db/books.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"

namespace mediaferry::archive_index {

namespace {

constexpr std::size_t kLargestCapsule = 64U << 20;

/// A path of outside data that stays below where it is put.
bool stays_below(const std::string& path) {
    const fs::path given{path};
    return !path.empty() && !given.is_absolute() && std::ranges::none_of(given, [](const fs::path& part) { return part == ".." || part == "."; });
}

std::string lower(std::string name) {
    for (auto& letter : name)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return name;
}

class Rebuilding {
public:
    Rebuilding(const archive::Archive& archive, media_db::MediaDb& db, const config::Settings& settings, Timestamp now, const archive::Stop& stop,
               const std::function<void(const Rebuilt&)>& each)
        : archive_(archive), db_(db), settings_(settings), now_(now), stop_(stop), each_(each), account_(lower(settings.icloud.username)) {}

    void take(const CapsuleAsset& photo) {
        const auto asset = asset_of(photo);
        ++rebuilt.photos;
        for (const auto& file : photo.files) {
            if (stop_ && stop_()) throw Interrupted{"interrupted", "asked to stop while reading the archive"};
            take(photo, file, asset);
            if (each_) each_(rebuilt);
        }
        if (!asset) return;
        media_db::Catalogue catalogue{db_};
        if (photo.deleted)
            catalogue.set_deleted(*asset, *photo.deleted);
        else if (photo.gone || is_stranger(photo))
            catalogue.mark_gone(*asset, photo.gone.value_or(now_));
        media_db::Books(db_).set_words(*asset, {photo.title, photo.caption, photo.albums});
    }

    Rebuilt rebuilt;

private:
    bool is_stranger(const CapsuleAsset& photo) const { return photo.account != account_hash(account_); }
    static bool still_in_icloud(const CapsuleAsset& photo) { return !photo.deleted && !photo.gone; }

    /// nullopt: a file that iCloud never listed.
    std::optional<AssetId> asset_of(const CapsuleAsset& photo) {
        if (is_stranger(photo)) rebuilt.strangers += static_cast<std::int64_t>(photo.files.size());
        if (photo.record.empty()) return std::nullopt;
        media_db::Catalogue catalogue{db_};
        // Of another account: under the hash of its name, where no listing of ours looks for it.
        const auto account = is_stranger(photo) ? "archive:" + photo.account : account_;
        media_db::ListedAsset listed{
            photo.record, photo.master, photo.change_tag, photo.filename, photo.taken, photo.added, photo.hidden, photo.favourite, {}};
        listed.title = photo.title;
        listed.caption = photo.caption;
        // A photo whose files lie in two folders is met twice: the second time adds to the first.
        if (const auto known = catalogue.asset_named(account, photo.library, photo.record))
            for (const auto& resource : catalogue.resources(known->id, false))
                listed.resources.push_back({resource.kind, resource.checksum, resource.size, resource.file_type});
        for (const auto& file : photo.files) {
            const auto same = [&](const media_db::ListedResource& one) { return one.kind == file.resource && one.checksum == file.apple_checksum; };
            if (std::ranges::none_of(listed.resources, same))
                listed.resources.push_back({file.resource, file.apple_checksum, file.size, file.file_type});
        }
        catalogue.see(account, photo.library, {listed}, now_);
        const auto made = catalogue.asset_named(account, photo.library, photo.record);
        return made ? std::optional{made->id} : std::nullopt;
    }

    void take(const CapsuleAsset& photo, const CapsuleFile& file, const std::optional<AssetId>& asset) {
        if (!stays_below(file.path)) return missing(file, {"capsule.damaged", "its path leads out of the archive"});
        archive::Archive::Reread reading;
        try {
            reading = archive_.reread(file.path, file.sha256, stop_);
        } catch (const Unavailable&) {
            throw;
        } catch (const TransientError& error) {
            return missing(file, error.reason());
        }
        using Reading = archive::Archive::Reading;
        if (reading.reading == Reading::missing) return missing(file, {"nas.missing", "it is not in the archive"});
        if (reading.reading == Reading::different) return missing(file, {"nas.damaged", "it is not what was archived"});

        const bool goes_on =
            still_in_icloud(photo) && !is_stranger(photo) && !file.at_google && settings_.stage_enabled("pixel_sync") && is_sent(file.kind);
        const auto home = goes_on ? bring_home(file) : std::optional<fs::path>{};
        const auto media = take_in(file, asset, home.value_or(settings_.folders.backup / file.path));
        const bool deleted = photo.deleted.has_value();
        media_db::Transaction transaction{db_, MF_COMMIT("archive_index.rebuild.row")};
        if (!home) forget_local(media);
        media_db::Copy copy;
        copy.media = media;
        copy.place = Place::nas;
        copy.path = file.path;
        copy.sha256 = file.sha256;
        copy.size = file.size;
        copy.proof = "read_back";
        copy.written = file.archived;
        copy.proven = copy.checked = now_;
        copy.receipt = archive::first_receipt(archive_, {file.path, true, reading.proof}, now_);
        media_db::Evidence(db_).add(copy);
        media_db::Catalogue(db_).set_flags(media, file.at_google ? std::optional{true} : std::nullopt, true,
                                           deleted ? std::optional{true} : std::nullopt, deleted ? std::optional{true} : std::nullopt, now_);
        std::set<std::string> done{"nas_archive"};
        if (!home) done.insert({"pixel_sync", "pixel_verify", "processing"});
        if (!still_in_icloud(photo) || is_stranger(photo)) done.insert({"icloud_mark", "icloud_delete"});
        media_db::Books(db_).steps_done(media, done, now_);
        const nlohmann::json told{{"path", file.path}, {"read_back", reading.proof.method}, {"claimed_at_google", file.at_google}};
        media_db::Events(db_).add({0, now_, media, asset, {}, "icloud_download", "rebuilt", told.dump()});
        transaction.commit();
        if (still_in_icloud(photo) && !is_stranger(photo)) stand_in(file, media);
        ++rebuilt.files;
        rebuilt.bytes += file.size;
    }

    bool is_sent(MediaKind kind) const { return std::ranges::find(settings_.pixel.kinds, kind) != settings_.pixel.kinds.end(); }

    void missing(const CapsuleFile& file, const Reason& reason) {
        rebuilt.missing.emplace_back(file.path, reason);
        log::warning("not in the archive as its capsule says", {{"PATH", file.path}, {"REASON", reason.code}});
    }

    /// The original back where it had lain before the phone had it; one that an earlier attempt brought is used.
    fs::path bring_home(const CapsuleFile& file) {
        auto to = settings_.folders.backup / file.path;
        files::make_directories(to.parent_path());
        const auto is_it = [&](const fs::path& path) {
            return fs::symlink_status(path).type() == fs::regular_file && fs::file_size(path) == file.size.count &&
                   files::digest_file(path).sha256 == file.sha256;
        };
        if (is_it(to)) return to;
        to = files::free_name(to, [](const fs::path& path) { return fs::exists(fs::symlink_status(path)); });
        archive_.fetch(file.path, file.sha256, to, file.taken, stop_);
        files::sync_directory(to.parent_path());
        ++rebuilt.brought_home;
        return to;
    }

    MediaId take_in(const CapsuleFile& file, const std::optional<AssetId>& asset, const fs::path& local) {
        media_db::Catalogue catalogue{db_};
        media_db::NewMedia fresh;
        fresh.asset = asset;
        fresh.filename = fresh.icloud_id = file.filename;
        if (asset) {
            if (const auto known = catalogue.asset(*asset)) fresh.icloud_id = known->record_name;
            for (const auto& resource : catalogue.resources(*asset, false))
                if (resource.kind == file.resource && resource.checksum == file.apple_checksum) fresh.resource = resource.id;
        }
        fresh.resource_kind = file.resource;
        fresh.kind = file.kind;
        fresh.live_pair = file.live_pair;
        fresh.sha256 = file.sha256;
        fresh.apple_checksum = file.apple_checksum;
        fresh.size = file.size;
        fresh.taken = file.taken;
        fresh.local_path = local;
        fresh.fetched_by = "archive";
        return catalogue.take_in(fresh, now_, std::nullopt);
    }

    void forget_local(MediaId media) {
        media_db::Catalogue(db_).set_local_path(media, std::nullopt, now_);
        media_db::Evidence evidence{db_};
        if (const auto copy = evidence.current(media, Place::local)) evidence.removed(copy->id, now_);
    }

    void stand_in(const CapsuleFile& file, MediaId media) {
        for (const auto& path : file.incoming) {
            if (!stays_below(path)) continue;
            const auto place = settings_.folders.incoming / path;
            if (fs::exists(fs::symlink_status(place)) && !files::looks_like_placeholder(place)) continue;
            media_db::Catalogue(db_).add_placeholder(path, media, file.size, now_);
            files::make_directories(place.parent_path());
            files::make_placeholder(place, file.size, file.taken);
        }
    }

    const archive::Archive& archive_;
    media_db::MediaDb& db_;
    const config::Settings& settings_;
    Timestamp now_;
    const archive::Stop& stop_;
    const std::function<void(const Rebuilt&)>& each_;
    std::string account_;
};

}  // namespace

void refuse_used(media_db::MediaDb& db) {
    if (!media_db::Books(db).is_empty())
        throw BadInput{"db.not_empty", db.file().string() +
                                           " knows photos already; a media.db is made from the archive only where there is none. Move it away first"};
}

Rebuilt rebuild(const archive::Archive& archive, media_db::MediaDb& db, const config::Settings& settings, Timestamp now, const archive::Stop& stop,
                const std::function<void(const Rebuilt&)>& each) {
    refuse_used(db);
    archive.check_identity();
    const auto walk = archive.tree().walk([&](std::string_view path, std::string_view name, bool directory) {
        return left_alone(path, name, directory, settings.archive.trash) || (!directory && name != kCapsule);
    });
    Rebuilding work{archive, db, settings, now, stop, each};
    while (const auto* found = walk->next()) {
        const fs::path path{std::string(found->path)};
        try {
            if (found->kind != files::Found::Kind::file) throw BadInput{"capsule.unreadable", "it cannot be read"};
            const auto text = read_book(archive, path, kLargestCapsule);
            if (!text) throw BadInput{"capsule.damaged", "it is too long"};
            for (const auto& photo : capsule_from_json(*text)) work.take(photo);
        } catch (const BadInput& error) {
            work.rebuilt.unreadable.emplace_back(path.string(), error.reason());
        }
    }
    return work.rebuilt;
}

}  // namespace mediaferry::archive_index
