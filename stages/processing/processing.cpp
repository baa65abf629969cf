// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/processing/processing.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/pipeline/working_name.h"

namespace mediaferry::stages {

using stage::Done;
using stage::MediaItem;
using stage::Outcome;
using stage::Run;

namespace {

constexpr int kStageNumber = 5;
constexpr std::string_view kStage = "processing";

bool inside(const fs::path& folder, const fs::path& path) {
    const auto relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
}

bool is_file(const fs::path& path) {
    boost::system::error_code ignored;
    return fs::symlink_status(path, ignored).type() == fs::regular_file;
}

/// compress/ keeps the folders of backup/.
fs::path directory_for(const config::Folders& folders, const fs::path& original) {
    return inside(folders.backup, original) ? folders.compress / original.lexically_relative(folders.backup).parent_path() : folders.compress;
}

fs::path target_of(const MediaItem& item, const config::Settings& settings, Timestamp now) {
    auto name = item.local_path->filename().string();
    if (settings.workflow.prefix_names) name = pipeline::working_name(kStageNumber, kStage, now, name);
    const auto wanted = (directory_for(settings.folders, *item.local_path) / name).lexically_normal();
    return files::free_name(wanted, [](const fs::path& path) {
        boost::system::error_code ignored;
        return fs::symlink_status(path, ignored).type() != fs::file_not_found;
    });
}

/// "IMG_1" for "step05_processing_…_IMG_1-2.JPG" and "IMG_1.JPG" alike: what a moved file may be recognised by before its bytes are read.
bool may_be(const fs::path& candidate, const fs::path& original) {
    const fs::path found{std::string(pipeline::own_name(candidate.filename().string()))};
    const fs::path own{std::string(pipeline::own_name(original.filename().string()))};
    return found.extension() == own.extension() && found.stem().string().starts_with(own.stem().string());
}

/// The file that an earlier run of ours moved before it could say so: same content, and no other item's.
std::optional<fs::path> moved_already(const MediaItem& item, Run& run) {
    const auto directory = directory_for(run.settings().folders, *item.local_path).lexically_normal();
    if (!fs::is_directory(directory)) return std::nullopt;
    const media_db::Evidence evidence{run.db()};
    for (const auto& entry : fs::directory_iterator(directory)) {
        const auto& path = entry.path();
        if (!is_file(path) || !may_be(path, *item.local_path) || fs::file_size(path) != item.size.count) continue;
        const auto owners = evidence.at_path(Place::local, path);
        if (std::ranges::any_of(owners, [&](const media_db::Copy& copy) { return copy.media != item.id; })) continue;
        if (files::digest_file(path).sha256 == item.sha256) return path;
    }
    return std::nullopt;
}

void record(Run& run, const MediaItem& item, const fs::path& path) {
    const nlohmann::ordered_json detail{{"from", item.local_path->string()}, {"to", path.string()}};
    run.with_outcome([id = item.id, asset = item.asset, path, now = run.now(), run_id = run.id(), text = detail.dump()](media_db::MediaDb& db) {
        media_db::Catalogue(db).set_local_path(id, path, now);
        media_db::Events(db).add({0, now, id, asset, run_id, std::string(kStage), "moved", text});
    });
}

}  // namespace

Outcome Processing::process(const MediaItem& item, Run& run) {
    const auto& folders = run.settings().folders;
    if (!item.local_path)
        return Done{Reason{"original.released", "the original is not at home any more; compress works from the NAS"}};
    if (is_file(*item.local_path)) {
        if (inside(folders.compress, *item.local_path) || inside(folders.delete_pending, *item.local_path)) return Done{Reason{"original.there", "the original is there already"}};
        const auto target = target_of(item, run.settings(), run.now());
        files::move_file(*item.local_path, target);
        run.moved(item.size);
        record(run, item, target);
        return Done{};
    }
    if (const auto path = moved_already(item, run)) {
        record(run, item, *path);
        return Done{Reason{"original.there", "an earlier run had moved it"}};
    }
    if (!fs::is_directory(folders.backup)) throw Unavailable{"local.unmounted", "no folder " + folders.backup.string() + ": is its disk mounted?"};
    throw NeedsPerson{"local.missing", "the original of " + item.filename + " is not at " + item.local_path->string() + ". Put it back there and run `mediaferry release " +
                                           std::to_string(item.id.value) + "`"};
}

std::optional<std::string> Processing::rehearse(const MediaItem& item, Run& run) {
    if (!item.local_path) return "nothing to move: the original of " + item.filename + " is not at home any more";
    return "would move " + item.local_path->string() + " to " + target_of(item, run.settings(), run.now()).string();
}

}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::Processing)
