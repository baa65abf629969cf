// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/release_original.h"

#include <nlohmann/json.hpp>

#include "common/archive/known.h"
#include "common/archive/receipt.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"

namespace mediaferry::archive {
namespace {

bool proven_on_the_nas(media_db::MediaDb& db, const media_db::MediaItem& item) {
    const auto copy = media_db::Evidence(db).current(item.id, Place::nas);
    return copy && copy->sha256 == item.sha256 && copy->proven && (copy->proof == "settled" || (copy->proof == "read_back" && was_flushed(*copy))) &&
           archive_of(*copy) == known_uuid(db);
}

/// The working folder that `path` lies in, however deep.
std::optional<fs::path> working_folder_of(const config::Folders& folders, const fs::path& path) {
    for (const auto& folder : {folders.backup, folders.compress, folders.delete_pending}) {
        const auto inside = path.lexically_relative(folder);
        if (!inside.empty() && inside != "." && *inside.begin() != "..") return folder;
    }
    return std::nullopt;
}

void clear(media_db::MediaDb& db, const media_db::MediaItem& item, bool removed, Timestamp now, std::optional<RunId> run) {
    media_db::Transaction transaction{db, MF_COMMIT("archive.release_original.clear")};
    media_db::Catalogue(db).set_local_path(item.id, std::nullopt, now);
    const nlohmann::json detail{{"path", item.local_path->string()}, {"was_there", removed}};
    media_db::Events(db).add({0, now, item.id, item.asset, run, "", "original_released", detail.dump()});
    transaction.commit();
}

}  // namespace

bool may_release(media_db::MediaDb& db, const config::Settings& settings, const media_db::MediaItem& item) {
    return settings.archive.enabled && item.local_path && proven_on_the_nas(db, item) && working_folder_of(settings.folders, *item.local_path);
}

bool release_original(media_db::MediaDb& db, const config::Settings& settings, MediaId id, Timestamp now, std::optional<RunId> run) {
    if (!settings.archive.enabled) return false;
    const auto item = media_db::Catalogue(db).item(id);
    if (!item || !item->local_path) return false;
    const auto& path = *item->local_path;
    if (!proven_on_the_nas(db, *item))
        throw NeedsPerson{"original.unproven", "the original " + path.string() + " stays: its content is not proven on the NAS"};
    const auto folder = working_folder_of(settings.folders, path);
    if (!folder)
        throw NeedsPerson{"original.elsewhere", "the original " + path.string() + " stays: it does not lie in a working folder of mediaferry"};
    const auto tree = files::Tree::open(*folder);
    const auto name = path.lexically_relative(*folder);
    const bool there = tree.status(name).has_value();
    if (there) {
        MF_AROUND("archive.release.remove", tree.remove(name));
        MF_AROUND("archive.release.fsync_folder", tree.sync_directory(name.parent_path()));
    }
    clear(db, *item, there, now, run);
    return there;
}

}  // namespace mediaferry::archive
