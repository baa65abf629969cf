// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/intake.h"

#include "common/failpoint/failpoint.h"
#include "common/icloud/names.h"
#include "common/log/log.h"
#include "common/media_db/evidence.h"
#include "common/pipeline/working_name.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;

std::string_view to_text(Source source) {
    switch (source) {
        case Source::icloudpd: return "icloudpd";
        case Source::own_client: return "own client";
        case Source::same_content: return "same content";
    }
    return "";
}

/// A file that has another name somewhere (a hard link) is somebody else's too: it is copied, and its time is left alone.
bool is_ours_alone(const fs::path& file) {
    const auto status = files::status_of(file);
    return status && S_ISREG(status->st_mode) && status->st_nlink == 1;
}

/// backup/2024/06/IMG_0001.JPG: by capture date, so that no folder grows without end.
fs::path wanted_path(const config::Settings& settings, const std::string& filename, Timestamp taken, Timestamp now) {
    const auto date = civil_date(taken);
    const auto compact = to_compact(taken);
    const auto name = settings.workflow.prefix_names ? pipeline::working_name(1, "icloud_download", now, filename) : fs::path(filename);
    return settings.folders.backup / std::to_string(static_cast<int>(date.year())) / compact.substr(4, 2) / name;
}

/// An original of exactly this content that no row knows: left by a run that died between sharing and writing its row.
bool left_by_a_crash(media_db::MediaDb& db, const fs::path& path, const files::Digests& digests) {
    const auto status = files::status_of(path);
    return status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == digests.size.count &&
           media_db::Evidence(db).at_path(Place::local, path).empty() && files::digest_file(path) == digests;
}

/// Shares the content into backup/ under the first name that is free.
fs::path place_original(media_db::MediaDb& db, const fs::path& file, const fs::path& wanted, const files::Digests& digests, bool may_link) {
    bool adopted = false;
    const auto target = files::free_name(wanted, [&](const fs::path& name) {
        if (!files::status_of(name)) return false;
        adopted = left_by_a_crash(db, name, digests);
        return !adopted;
    });
    if (!adopted) MF_AROUND("icloud_download.intake.share", files::share_file(file, target, may_link));
    return target;
}

}  // namespace

bool nothing_more_fits(const Error& error) { return error.code() == "file.full" || error.code() == "file.read_only"; }

std::string head_of(const fs::path& file) {
    constexpr std::size_t enough = 64;
    return files::read_head(file, enough);
}

MediaId take_in(stage::Run& run, const fs::path& file, const files::Digests& digests, const media_db::Resource& resource, Source source) {
    Catalogue catalogue{run.db()};
    const auto asset = catalogue.asset(resource.asset).value();
    media_db::NewMedia fresh;
    fresh.asset = asset.id;
    fresh.resource = resource.id;
    fresh.filename = icloud::file_name(asset.filename, resource.kind, resource.file_type);
    fresh.icloud_id = asset.record_name;
    fresh.resource_kind = resource.kind;
    fresh.kind = icloud::kind_of(head_of(file), resource.file_type, fresh.filename);
    fresh.sha256 = digests.sha256;
    fresh.apple_checksum = digests.apple_checksum;
    fresh.size = digests.size;
    fresh.taken = asset.taken;
    fresh.fetched_by = to_text(source);
    for (const auto& other : catalogue.resources(asset.id)) fresh.live_pair = fresh.live_pair || other.kind == ResourceKind::live_movie;

    // The capture date as modification time, once and for all: later links and copies carry it, and the phone sorts by it.
    const bool ours_alone = source != Source::same_content && is_ours_alone(file);
    if (ours_alone) MF_AROUND("icloud_download.intake.set_time", files::set_modified(file, asset.taken));
    fresh.local_path = place_original(run.db(), file, wanted_path(run.settings(), fresh.filename, asset.taken, run.now()), digests, ours_alone);
    if (!ours_alone) MF_AROUND("icloud_download.intake.set_time_of_copy", files::set_modified(fresh.local_path, asset.taken));
    const auto id = MF_AROUND("icloud_download.intake.row", catalogue.take_in(fresh, run.now(), run.id()));
    run.moved(digests.size);
    log::info("taken in", {{"MEDIA_ID", id.value}, {"BYTES", digests.size.count}, {"BY", to_text(source)}});
    return id;
}

}  // namespace mediaferry::stages
