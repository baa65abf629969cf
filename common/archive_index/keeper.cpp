// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/keeper.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "common/archive_index/books.h"
#include "common/archive_index/capsule.h"
#include "common/archive_index/left_alone.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/books.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"

namespace mediaferry::archive_index {

namespace {

constexpr std::size_t kLargestBook = 64U << 20;
constexpr std::size_t kLargestSidecar = 1U << 20;

std::int64_t nanoseconds_of(const timespec& time) { return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }

fs::path in_folder(const std::string& folder, std::string_view name) { return fs::path(folder) / std::string(name); }

bool lies_there(const files::Store& tree, const fs::path& path) {
    const auto status = tree.status(path);
    return status && S_ISREG(status->st_mode);
}

CapsuleFile told(media_db::MediaDb& db, const media_db::Books::Archived& one) {
    CapsuleFile file;
    file.path = one.copy.path.string();
    // As capsule_from_json takes it: one odd name must not make the folder's whole capsule unreadable.
    file.filename = one.item.filename.empty() ? one.copy.path.filename().string() : one.item.filename;
    std::ranges::replace(file.filename, '/', '_');
    file.resource = one.item.resource;
    file.kind = one.item.kind;
    file.live_pair = one.item.live_pair;
    file.size = one.item.size;
    file.sha256 = one.item.sha256;
    file.apple_checksum = one.item.apple_checksum;
    file.taken = one.item.taken;
    file.archived = one.copy.written;
    file.read_back = one.copy.checked;
    file.at_google = one.item.synced_google;
    media_db::Catalogue catalogue{db};
    for (const auto& path : catalogue.placeholders_of(one.item.id)) file.incoming.push_back(path.string());
    if (one.item.asset)
        for (const auto& resource : catalogue.resources(*one.item.asset, false))
            if (resource.id == one.item.resource_id) file.file_type = resource.file_type;
    return file;
}

CapsuleAsset told(media_db::MediaDb& db, const media_db::Asset& asset) {
    const auto words = media_db::Books(db).words_of(asset.id);
    return {account_hash(asset.account),
            asset.library,
            asset.record_name,
            asset.master_name,
            asset.change_tag,
            asset.filename,
            asset.taken,
            asset.added,
            asset.favourite,
            asset.hidden,
            words.title,
            words.caption,
            words.albums,
            asset.deleted,
            asset.gone,
            {}};
}

/// The photos of one folder, each with those of its files that lie there, in the order of their first file.
std::vector<CapsuleAsset> photos_in(media_db::MediaDb& db, const std::string& folder) {
    std::vector<CapsuleAsset> photos;
    std::map<std::int64_t, std::size_t> known;
    for (const auto& one : media_db::Books(db).archived_in(folder)) {
        const auto key = one.item.asset ? one.item.asset->value : -one.item.id.value;
        const auto [place, fresh] = known.try_emplace(key, photos.size());
        if (fresh) {
            const auto asset = one.item.asset ? media_db::Catalogue(db).asset(*one.item.asset) : std::nullopt;
            photos.push_back(asset ? told(db, *asset) : CapsuleAsset{});
            if (!asset) {
                photos.back().filename = one.item.filename;
                photos.back().taken = photos.back().added = one.item.taken;
            }
        }
        photos[place->second].files.push_back(told(db, one));
    }
    return photos;
}

/// Photos that another house describes in the same folder, as long as their files are there.
void add_those_of_others(const archive::Archive& archive, const fs::path& path, std::vector<CapsuleAsset>& photos) {
    const auto text = read_book(archive, path, kLargestBook);
    if (!text) return;
    std::set<std::string> ours;
    for (const auto& photo : photos)
        for (const auto& file : photo.files) ours.insert(file.path);
    try {
        for (auto& photo : capsule_from_json(*text)) {
            std::erase_if(photo.files, [&](const CapsuleFile& file) { return ours.contains(file.path) || !lies_there(archive.tree(), file.path); });
            if (!photo.files.empty()) photos.push_back(std::move(photo));
        }
    } catch (const BadInput& error) {
        log::warning("a capsule in the archive cannot be read and is written afresh", {{"PATH", path.string()}, {"ERROR", error.what()}});
    }
}

/// Something of somebody else's where a book of this folder belongs is told; the other folders get theirs.
template <class Work>
bool unless_in_the_way(const std::string& folder, Work&& work) {
    try {
        work();
        return true;
    } catch (const NeedsPerson& error) {
        log::warning("a book of the archive cannot be written", {{"FOLDER", folder}, {"REASON", error.code()}, {"ERROR", error.what()}});
        return false;
    }
}

}  // namespace

fs::path index_file(const fs::path& state_directory, const archive::Archive& archive) {
    return state_directory / ("archive-" + archive.marker().uuid + ".db");
}

Keeper::Keeper(media_db::MediaDb& db, const archive::Archive& archive, Index& index)
    : db_(db), archive_(archive), index_(index), house_(house_of(index)) {}

void Keeper::index_row(MediaId media) {
    const auto item = media_db::Catalogue(db_).item(media);
    if (!item) return;
    for (const auto& copy : media_db::Evidence(db_).of(media)) {
        if (copy.place != Place::nas) continue;
        const auto path = copy.path.string();
        const auto status = archive_.tree().status(copy.path);
        if (!status || !S_ISREG(status->st_mode)) {
            index_.remove(path);
            continue;
        }
        // A copy that does not count any more is a file like any other, its content unknown.
        const bool counts = !copy.removed && copy.proven;
        Row row{path,
                Bytes{static_cast<std::uint64_t>(status->st_size)},
                nanoseconds_of(status->st_mtim),
                status->st_ino,
                std::nullopt,
                copy.written,
                std::nullopt,
                Class::foreign};
        if (counts) {
            row.sha256 = copy.sha256;
            row.first_seen = *copy.proven;
            row.verified = copy.checked;
            row.file_class = Class::original;
        }
        index_.put(row);
    }
}

/// What was written is remembered, so that one that rots is known from one that somebody wrote (book_check.h).
void Keeper::write(const fs::path& path, const std::string& content) {
    const bool fresh = write_book(archive_, house_, path, content);
    const auto sha256 = files::digest_bytes(content).sha256;
    if (!fresh)
        if (const auto known = index_.book(path.string()); known && known->sha256 == sha256) return;
    if (const auto there = archive_.tree().status(path)) index_.put_book({path.string(), sha256, nanoseconds_of(there->st_mtim), std::nullopt});
}

/// Beside the photo itself, under its whole name: what digiKam, darktable and Immich look for. A sidecar of somebody else stays.
void Keeper::write_sidecar(const CapsuleAsset& photo) {
    if (photo.record.empty()) return;
    const auto original = std::ranges::find(photo.files, ResourceKind::original, &CapsuleFile::resource);
    if (original == photo.files.end() || original->kind == MediaKind::sidecar) return;
    const fs::path path = original->path + ".xmp";
    const auto before = archive_.tree().status(path);
    if (before) {
        const auto text = read_book(archive_, path, kLargestSidecar);
        if (!text || !is_our_xmp(*text)) return;
    }
    write(path, to_xmp(photo));
}

void Keeper::write_capsule(const std::string& folder) {
    auto photos = photos_in(db_, folder);
    for (const auto& photo : photos) write_sidecar(photo);
    const auto path = in_folder(folder, kCapsule);
    add_those_of_others(archive_, path, photos);
    if (!photos.empty()) write(path, to_json(folder, photos));
}

std::int64_t Keeper::write_sums(const archive::Stop& stop) {
    std::int64_t written = 0;
    for (const auto& folder : index_.stale_folders()) {
        if (stop && stop()) break;
        const auto path = in_folder(folder, kSums);
        std::map<std::string, Sha256> sums;
        // What others noted there is kept as long as the file is there.
        if (const auto before = read_book(archive_, path, kLargestBook))
            for (const auto& [name, hash] : sums_from_text(*before))
                if (name.find('/') == std::string::npos && lies_there(archive_.tree(), in_folder(folder, name))) sums[name] = hash;
        for (const auto& row : index_.in_folder(folder)) {
            const auto name = fs::path(row.path).filename().string();
            if (row.file_class == Class::original && row.sha256) sums[name] = *row.sha256;
        }
        const bool there = archive_.tree().status(folder.empty() ? fs::path{} : fs::path(folder)).has_value();
        if (there && !unless_in_the_way(folder, [&] { write(path, sums_text(sums)); })) continue;
        index_.mended(folder);
        ++written;
    }
    return written;
}

Kept Keeper::keep(const std::vector<media_db::Books::Due>& due, const archive::Stop& stop) {
    Kept kept;
    if (due.empty() && index_.stale_folders().empty()) return kept;
    archive_.check();
    std::set<std::string> folders;
    {
        Index::Change change{index_};
        for (const auto& one : due) {
            index_row(one.media);
            for (const auto& copy : media_db::Evidence(db_).of(one.media))
                if (copy.place == Place::nas) folders.insert(copy.path.parent_path().string());
            ++kept.files;
        }
        change.commit();
    }
    for (const auto& folder : folders) {
        if (stop && stop()) return kept;
        unless_in_the_way(folder, [&] { write_capsule(folder); });
        ++kept.folders;
    }
    write_sums(stop);
    return kept;
}

Kept Keeper::keep_all(const archive::Stop& stop) {
    // nas_archive, cleanup and a person's reindex may all be at it: one is enough.
    const auto turn = files::Lock::try_take(index_.file().string() + "-keeper");
    if (!turn) return {};
    try {
        return keep_due(stop);
    } catch (const BadInput& error) {
        if (error.code() != "index.corrupt") throw;
        media_db::Books(db_).all_due();
        index_.condemn();
        throw;
    }
}

Kept Keeper::keep_due(const archive::Stop& stop) {
    constexpr std::size_t at_once = 1000;
    Kept all;
    media_db::Books books{db_};
    for (;;) {
        const auto due = books.due(at_once);
        const auto kept = keep(due, stop);
        all.files += kept.files;
        all.folders += kept.folders;
        if (stop && stop()) return all;
        const bool last = books.due(due.size() + 1).size() <= due.size();
        // The last ones stay due until the index is published: who is killed before finds them, and what the killed one left, again.
        if (last && (index_.has_changed() || !archive_.tree().status(kPublished))) publish(archive_, index_);
        books.done(due);
        if (last) return all;
    }
}

}  // namespace mediaferry::archive_index
