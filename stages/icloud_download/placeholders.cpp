// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/placeholders.h"

#include <algorithm>
#include <functional>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "stages/icloud_download/icloudpd_path.h"
#include "stages/icloud_download/intake.h"

namespace mediaferry::stages {

using media_db::Catalogue;

namespace {

std::optional<fs::path> where_icloudpd_puts(const Catalogue& catalogue, const media_db::MediaItem& item, const std::string& folder_structure) {
    if (!item.asset || !item.resource_id) return std::nullopt;
    const auto resources = catalogue.resources(*item.asset);
    const auto its = std::ranges::find(resources, *item.resource_id, &media_db::Resource::id);
    return its == resources.end() ? std::nullopt : icloudpd_path(catalogue.asset(*item.asset).value(), *its, folder_structure);
}

/// Without a placeholder (its name may be too long) icloudpd brings the file once more, and it is recognised then: no reason to fail anything.
void made_if_possible(MediaId id, const std::function<void()>& make) {
    try {
        make();
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        if (nothing_more_fits(error)) throw;
        log::warning("no placeholder", {{"MEDIA_ID", id.value}, {"REASON", error.code()}, {"ERROR", error.what()}});
    }
}

}  // namespace

void stand_in(stage::Run& run, const fs::path& relative, std::optional<MediaId> media, Bytes size, Timestamp modified) {
    // The row first: a crash in between leaves a row without a placeholder (put_back_missing), never a placeholder that nobody knows.
    MF_AROUND("icloud_download.placeholder.row", Catalogue(run.db()).add_placeholder(relative, media, size, run.now()));
    const auto path = run.settings().folders.incoming / relative;
    files::make_directories(path.parent_path());
    MF_AROUND("icloud_download.placeholder.make", files::make_placeholder(path, size, modified));
}

void keep_icloudpd_away(stage::Run& run, const media_db::Asset& asset, const media_db::Resource& resource, MediaId id, Bytes size) {
    const auto path = icloudpd_path(asset, resource, run.settings().icloud.folder_structure);
    if (!path) return;
    made_if_possible(id, [&] {
        if (!files::status_of(run.settings().folders.incoming / *path)) return stand_in(run, *path, id, size, asset.taken);
        // One that stands there for a damaged arrival, or will when that is set aside, now has its owner, and goes with it.
        Catalogue catalogue{run.db()};
        if (!catalogue.placeholder_owner(*path)) catalogue.add_placeholder(*path, id, size, run.now());
    });
}

void put_back_missing(stage::Run& run) {
    const auto stands = [&](const fs::path& relative) { return files::status_of(run.settings().folders.incoming / relative).has_value(); };
    Catalogue catalogue{run.db()};
    std::size_t made = 0;
    for (const auto& due : catalogue.placeholders_due()) {
        if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop between two placeholders"};
        made_if_possible(due.media, [&] {
            if ((due.path && stands(*due.path)) || !files::status_of(due.original)) return;
            const auto item = catalogue.item(due.media).value();
            const auto path = due.path ? due.path : where_icloudpd_puts(catalogue, item, run.settings().icloud.folder_structure);
            if (!path || stands(*path)) return;
            stand_in(run, *path, item.id, item.size, item.taken);
            ++made;
        });
    }
    if (made > 0) log::info("placeholders put back", {{"FILES", made}});
}

}  // namespace mediaferry::stages
