// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/house_rows.h"

#include "common/files/files.h"
#include "stages/house.h"

namespace mediaferry::daemon {

media_db::House house_rows(const config::Settings& settings) {
    const auto enabled = [&](std::string_view stage) { return settings.stage_enabled(stage); };
    media_db::House rows;
    for (const auto& step : stages::house()) {
        if (!step.has_rows) continue;
        media_db::HouseRow row{std::string{step.stage}, {}, std::string{step.status}, enabled(step.stage)};
        for (const auto after : stages::effective_after(step, enabled)) row.after.emplace_back(after);
        rows.push_back(std::move(row));
    }
    return rows;
}

void keep_within_its_folders(const config::Settings& settings) {
    const auto& f = settings.folders;
    files::keep_within({f.root, f.incoming, f.backup, f.pixel_sync, f.compress, f.library, f.delete_pending, f.trash});
}

}  // namespace mediaferry::daemon
