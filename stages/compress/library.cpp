// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/library.h"

#include "common/media_db/evidence.h"

namespace mediaferry::stages {

fs::path Library::folder_of(const media_db::MediaItem& item) const {
    const auto compact = to_compact(item.taken);
    return fs::path(compact.substr(0, 4)) / compact.substr(4, 2);
}

fs::path Library::fresh_name(const media_db::MediaItem& item, const std::string& extension) const {
    const auto folder = root_ / folder_of(item);
    files::make_directories(folder);
    const auto ending = extension.empty() ? fs::path(item.filename).extension().string() : extension;
    const auto path = folder / (".mediaferry-small-" + std::to_string(item.id.value) + ending);
    fs::remove(path);  // left by a run that died: nobody else uses this name
    return path;
}

Shelved Library::shelve(const media_db::MediaItem& item, const fs::path& fresh, const std::string& extension) {
    media_db::Evidence evidence{run_.db()};
    fs::last_write_time(fresh, static_cast<std::time_t>(item.taken.time_since_epoch().count()));
    files::sync_file(fresh);
    const auto digests = files::digest_file(fresh);
    auto name = fs::path(item.filename);
    if (!extension.empty()) name.replace_extension(extension);

    const auto old = evidence.current(item.id, Place::library);
    if (old && old->path.filename().extension() == name.extension()) {
        // The one replacement in the house: a proven small copy takes the place of an older small copy of the same original, atomically.
        fs::rename(fresh, root_ / old->path);
        files::sync_directory((root_ / old->path).parent_path());
        return {old->path, digests};
    }
    const auto wanted = root_ / folder_of(item) / name;
    const auto target = files::free_name(wanted, [&](const fs::path& path) {
        if (!fs::exists(fs::symlink_status(path))) return false;
        // Without a row it was left by a run that died before it wrote one: of the same content it is ours to stand on.
        const bool left = evidence.at_path(Place::library, path.lexically_relative(root_)).empty() && fs::is_regular_file(fs::symlink_status(path)) &&
                          fs::file_size(path) == digests.size.count && files::digest_file(path) == digests;
        return !left;
    });
    if (fs::exists(target))
        fs::remove(fresh);
    else
        files::move_file(fresh, target);
    return {target.lexically_relative(root_), digests};
}

}  // namespace mediaferry::stages
