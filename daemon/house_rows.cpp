// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/house_rows.h"

#include "stages/house.h"

namespace mediaferry::daemon {

media_db::House house_rows(const config::Settings& settings) {
    const auto enabled = [&](std::string_view stage) { return settings.stage_enabled(stage); };
    media_db::House rows;
    for (const auto& step : stages::house()) {
        if (!step.has_rows) continue;
        const auto after = stages::effective_after(step, enabled);
        rows.push_back({std::string(step.stage), {after.begin(), after.end()}, std::string(step.status), enabled(step.stage)});
    }
    return rows;
}

}  // namespace mediaferry::daemon
