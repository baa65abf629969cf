// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/library.h"

#include <algorithm>

#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {

fs::path Library::folder_of(const media_db::MediaItem& item) const {
    const auto compact = to_compact(item.taken);
    return fs::path(compact.substr(0, 4)) / compact.substr(4, 2);
}

std::optional<media_db::Copy> Library::intact(const media_db::MediaItem& item) const {
    auto copy = media_db::Evidence(run_.db()).current(item.id, Place::library);
    if (!copy) return std::nullopt;
    const auto there = files::status_of(place_of(*copy));
    if (!there || !S_ISREG(there->st_mode) || static_cast<std::uint64_t>(there->st_size) != copy->size.count) return std::nullopt;
    if (files::digest_file(place_of(*copy)).sha256 != copy->sha256) return std::nullopt;
    return copy;
}

fs::path Library::fresh_name(const media_db::MediaItem& item, const std::string& extension) const {
    const auto folder = root_ / folder_of(item);
    MF_AROUND("compress.library.mkdir", files::make_directories(folder));
    const auto ending = extension.empty() ? fs::path(item.filename).extension().string() : extension;
    const auto path = folder / (".mediaferry-small-" + std::to_string(item.id.value) + ending);
    MF_AROUND("compress.library.remove_old", files::remove_file(path));  // left by a run that died: nobody else uses this name
    return path;
}

/// What a new copy has of its original: the time it was taken, to the nanosecond where the original still has that, and what users noted on it.
void Library::dress(const media_db::MediaItem& item, const fs::path& fresh, const fs::path& original) const {
    const auto source = files::status_of(original);
    const auto taken = item.taken.time_since_epoch().count();
    const auto nanoseconds = source && source->st_mtim.tv_sec == taken ? source->st_mtim.tv_nsec : 0;
    MF_AROUND("compress.library.carry_user", files::carry_user_attributes(original, fresh));
    MF_AROUND("compress.library.set_time", files::set_modified(fresh, timespec{taken, nanoseconds}));
}

fs::path Library::free_place(const media_db::MediaItem& item, const fs::path& name, const files::Digests& digests) const {
    media_db::Evidence evidence{run_.db()};
    return files::free_name(root_ / folder_of(item) / name, [&](const fs::path& path) {
        const auto there = files::status_of(path);
        if (!there) return false;
        // Left by a run that died before it wrote its row: of the same content it is ours to stand on.
        const bool left = evidence.at_path(Place::library, path.lexically_relative(root_)).empty() && S_ISREG(there->st_mode) &&
                          static_cast<std::uint64_t>(there->st_size) == digests.size.count && files::digest_file(path) == digests;
        return !left;
    });
}

Shelved Library::reread(const fs::path& relative, const files::Digests& digests) const {
    if (!(files::digest_file(root_ / relative) == digests))
        throw TransientError{"compress.library", relative.string() + " in the library is not what was put there just now; look at that disk"};
    return {relative, digests};
}

Shelved Library::shelve(const media_db::MediaItem& item, const fs::path& fresh, const std::string& extension, const fs::path& original,
                        const std::function<void(const Shelved&)>& replacing) {
    const auto old = intact(item);
    if (old) {
        const auto lost = MF_AROUND("compress.library.carry", files::carry_attributes(place_of(*old), fresh));
        for (const auto& name : lost) log::debug("an attribute of the older copy could not be carried over", {{"NAME", name}});
    } else {
        dress(item, fresh, original);
    }
    MF_AROUND("compress.library.fsync", files::sync_file(fresh));
    const auto digests = files::digest_file(fresh);
    auto name = fs::path(item.filename);
    if (!extension.empty()) name.replace_extension(extension);

    if (old && old->sha256 == digests.sha256) {
        MF_AROUND("compress.library.drop_fresh", files::remove_file(fresh));
        return reread(old->path, digests);
    }
    if (old && old->path.filename().extension() == name.extension()) {
        // The one replacement in the house: a proven small copy takes the place of an older copy of the same original, atomically. Other links
        // to the older one keep its bytes.
        replacing({old->path, digests});
        MF_AROUND("compress.library.replace", files::replace_file(fresh, place_of(*old)));
        return reread(old->path, digests);
    }
    const auto target = free_place(item, name, digests);
    if (files::status_of(target))
        MF_AROUND("compress.library.drop_needless", files::remove_file(fresh));
    else
        MF_AROUND("compress.library.shelve", files::move_file(fresh, target));
    const auto shelved = reread(target.lexically_relative(root_), digests);
    if (old) {  // under its new extension the new one is there, durable and read again: only now does the old one go
        replacing(shelved);
        make_way(item, shelved.relative);
    }
    return shelved;
}

void Library::make_way(const media_db::MediaItem& item, const fs::path& path) const {
    const auto old = intact(item);
    if (!old || old->path == path) return;
    MF_AROUND("compress.library.unlink_old", files::remove_file(place_of(*old)));
    files::sync_directory(place_of(*old).parent_path());
}

}  // namespace mediaferry::stages
