// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/stage/relocate.h"

#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/pipeline/working_name.h"

namespace mediaferry::stage {
namespace {

bool is_file(const fs::path& path) { return fs::is_regular_file(fs::symlink_status(path)); }

/// "2024/06" of backup/2024/06/IMG_0001.JPG; empty for a path outside the working folders.
fs::path sub_folder(const config::Folders& folders, const fs::path& path) {
    for (const auto& folder : {folders.backup, folders.compress, folders.delete_pending, folders.incoming}) {
        const auto relative = path.parent_path().lexically_relative(folder);
        if (!relative.empty() && *relative.begin() != "..") return relative == "." ? fs::path{} : relative;
    }
    return {};
}

class Relocation {
public:
    Relocation(Run& run, const media_db::MediaItem& item, const fs::path& folder, int number, std::string_view stage)
        : run_(run), item_(item), from_(*item.local_path), number_(number), stage_(stage), directory_(folder / sub_folder(run.settings().folders, from_)) {}

    fs::path operator()() {
        if (from_.parent_path() == directory_ && is_file(from_)) return from_;
        if (!is_file(from_)) return moved_before_a_crash();
        fs::create_directories(directory_);
        const auto target = files::free_name(directory_ / name(), [](const fs::path& path) { return fs::exists(fs::symlink_status(path)); });
        files::move_file(from_, target);
        return target;
    }

private:
    std::string name() const {
        const auto own = std::string(pipeline::own_name(from_.filename().string()));
        return run_.settings().workflow.prefix_names ? pipeline::working_name(number_, stage_, run_.now(), own) : own;
    }

    /// The row still names the old place, the file is in the new one: a run died in between.
    fs::path moved_before_a_crash() const {
        const auto own = pipeline::own_name(from_.filename().string());
        if (fs::is_directory(directory_))
            for (const auto& entry : fs::directory_iterator(directory_)) {
                const auto candidate = entry.path().filename().string();
                const auto stem = fs::path(std::string(own)).stem().string();
                if (!is_file(entry.path()) || !pipeline::own_name(candidate).starts_with(stem) || fs::file_size(entry.path()) != item_.size.count) continue;
                if (media_db::Catalogue(run_.db()).find(entry.path().string()).empty() && files::digest_file(entry.path()).sha256 == item_.sha256)
                    return entry.path();
            }
        throw NeedsPerson{"local.missing", "the original is not at " + from_.string() + " any more; put it back, or run: mediaferry redo icloud_download " +
                                               std::to_string(item_.id.value)};
    }

    Run& run_;
    const media_db::MediaItem& item_;
    fs::path from_;
    int number_;
    std::string_view stage_;
    fs::path directory_;
};

}  // namespace

void relocate_original(Run& run, const media_db::MediaItem& item, const fs::path& folder, int stage_number, std::string_view stage) {
    if (!item.local_path) return;
    const auto target = Relocation{run, item, folder, stage_number, stage}();
    run.with_outcome([id = item.id, target, now = run.now()](media_db::MediaDb& db) { media_db::Catalogue(db).set_local_path(id, target, now); });
}

}  // namespace mediaferry::stage
