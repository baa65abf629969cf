// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/library.h"

#include "common/failpoint/failpoint.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {

fs::path Library::folder_of(const media_db::MediaItem& item) const {
    const auto compact = to_compact(item.taken);
    return fs::path(compact.substr(0, 4)) / compact.substr(4, 2);
}

fs::path Library::fresh_name(const media_db::MediaItem& item, const std::string& extension) const {
    const auto folder = root_ / folder_of(item);
    MF_AROUND("compress.library.mkdir", files::make_directories(folder));
    const auto ending = extension.empty() ? fs::path(item.filename).extension().string() : extension;
    const auto path = folder / (".mediaferry-small-" + std::to_string(item.id.value) + ending);
    MF_AROUND("compress.library.remove_old", files::remove_file(path));  // left by a run that died: nobody else uses this name
    return path;
}

Shelved Library::shelve(const media_db::MediaItem& item, const fs::path& fresh, const std::string& extension) {
    media_db::Evidence evidence{run_.db()};
    MF_AROUND("compress.library.set_time", files::set_modified(fresh, item.taken));
    MF_AROUND("compress.library.fsync", files::sync_file(fresh));
    const auto digests = files::digest_file(fresh);
    auto name = fs::path(item.filename);
    if (!extension.empty()) name.replace_extension(extension);

    const auto old = evidence.current(item.id, Place::library);
    if (old && old->path.filename().extension() == name.extension()) {
        // The one replacement in the house: a proven small copy takes the place of an older small copy of the same original, atomically.
        MF_AROUND("compress.library.replace", files::replace_file(fresh, root_ / old->path));
        return {old->path, digests};
    }
    const auto wanted = root_ / folder_of(item) / name;
    const auto target = files::free_name(wanted, [&](const fs::path& path) {
        const auto there = files::status_of(path);
        if (!there) return false;
        // Without a row it was left by a run that died before it wrote one: of the same content it is ours to stand on.
        const bool left = evidence.at_path(Place::library, path.lexically_relative(root_)).empty() && S_ISREG(there->st_mode) &&
                          static_cast<std::uint64_t>(there->st_size) == digests.size.count && files::digest_file(path) == digests;
        return !left;
    });
    if (files::status_of(target))
        MF_AROUND("compress.library.drop_fresh", files::remove_file(fresh));
    else
        MF_AROUND("compress.library.shelve", files::move_file(fresh, target));
    return {target.lexically_relative(root_), digests};
}

}  // namespace mediaferry::stages
