// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/stage/relocate.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/pipeline/working_name.h"

namespace mediaferry::stage {
namespace {

using media_db::MediaItem;

/// The working folder that an original lies in; nullopt: in none.
std::optional<fs::path> working_folder(const config::Folders& folders, const fs::path& original) {
    for (const auto& folder : {folders.backup, folders.compress, folders.delete_pending}) {
        const auto relative = original.lexically_relative(folder);
        if (!relative.empty() && *relative.begin() != "..") return folder;
    }
    return std::nullopt;
}

/// `folder` with the sub-folders that the original lies in below its own working folder.
fs::path directory_for(const config::Folders& folders, const fs::path& original, const fs::path& folder) {
    const auto from = working_folder(folders, original);
    return from ? (folder / original.lexically_relative(*from).parent_path()).lexically_normal() : folder;
}

/// "IMG_1" for "step05_processing_…_IMG_1-2.JPG" and "IMG_1.JPG" alike: what a moved file may be recognised by before its bytes are read.
bool may_be(const fs::path& candidate, const fs::path& original) {
    const fs::path found{std::string(pipeline::own_name(candidate.filename().string()))};
    const fs::path own{std::string(pipeline::own_name(original.filename().string()))};
    return found.extension() == own.extension() && found.stem().string().starts_with(own.stem().string());
}

/// The file that an earlier run moved before it could say so: same content, and no other item's.
std::optional<fs::path> moved_already(Run& run, const MediaItem& item, const fs::path& folder) {
    const auto directory = directory_for(run.settings().folders, *item.local_path, folder);
    if (!fs::is_directory(directory)) return std::nullopt;
    const media_db::Evidence evidence{run.db()};
    for (const auto& name : files::Tree::open(directory).list("")) {
        const auto path = directory / name;
        const auto status = files::status_of(path);
        const bool fits = status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == item.size.count;
        if (!fits || !may_be(path, *item.local_path)) continue;
        const auto owners = evidence.at_path(Place::local, path);
        if (std::ranges::any_of(owners, [&](const media_db::Copy& copy) { return copy.media != item.id; })) continue;
        if (files::digest_file(path).sha256 == item.sha256) return path;
    }
    return std::nullopt;
}

/// What somebody put in its place (an edit, a link to another file) is not carried on as the original. Its bytes are read where that matters:
/// before it is sent, archived, made small.
void refuse_another_size(const MediaItem& item) {
    const auto status = files::status_of(*item.local_path);
    const Bytes there{status ? static_cast<std::uint64_t>(status->st_size) : 0};
    if (there == item.size) return;
    throw NeedsPerson{"local.changed", item.local_path->string() + " is not the original that arrived: it has " + std::to_string(there.count) + " bytes, not " +
                                           std::to_string(item.size.count) + ". Move it away, put the original there (mediaferry archive restore " +
                                           std::to_string(item.id.value) + " --to DIR) and run `mediaferry release " + std::to_string(item.id.value) + "`"};
}

void record(Run& run, const MediaItem& item, const fs::path& path, std::string_view stage) {
    const nlohmann::ordered_json detail{{"from", item.local_path->string()}, {"to", path.string()}};
    run.with_outcome([id = item.id, asset = item.asset, path, now = run.now(), run_id = run.id(), stage = std::string(stage),
                      text = detail.dump()](media_db::MediaDb& db) {
        media_db::Catalogue(db).set_local_path(id, path, now);
        media_db::Events(db).add({0, now, id, asset, run_id, stage, "moved", text});
    });
}

}  // namespace

fs::path relocation_target(const Run& run, const MediaItem& item, const fs::path& folder, int stage_number, std::string_view stage) {
    const auto& settings = run.settings();
    auto name = std::string(pipeline::own_name(item.local_path->filename().string()));
    if (settings.workflow.prefix_names) name = pipeline::working_name(stage_number, stage, run.now(), name);
    const auto wanted = directory_for(settings.folders, *item.local_path, folder) / name;
    return files::free_name(wanted, [](const fs::path& path) { return files::status_of(path).has_value(); });
}

Relocated relocate_original(Run& run, const MediaItem& item, const fs::path& folder, int stage_number, std::string_view stage) {
    if (!item.local_path) return Relocated::no_original;
    if (files::is_file(*item.local_path)) {
        if (working_folder(run.settings().folders, *item.local_path) == folder) return Relocated::there;
        refuse_another_size(item);
        const auto target = relocation_target(run, item, folder, stage_number, stage);
        MF_AROUND("stage.relocate.move", files::move_file(*item.local_path, target));
        run.moved(item.size);
        record(run, item, target, stage);
        return Relocated::moved;
    }
    if (const auto path = moved_already(run, item, folder)) {
        record(run, item, *path, stage);
        return Relocated::recovered;
    }
    const auto from = working_folder(run.settings().folders, *item.local_path);
    if (from && !fs::is_directory(*from)) throw Unavailable{"local.unmounted", "no folder " + from->string() + ": is its disk mounted?"};
    throw NeedsPerson{"local.missing", "the original of " + item.filename + " is not at " + item.local_path->string() +
                                           ". Put it back there and run `mediaferry release " + std::to_string(item.id.value) + "`"};
}

}  // namespace mediaferry::stage
