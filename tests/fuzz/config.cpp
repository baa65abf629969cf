// SPDX-License-Identifier: GPL-3.0-or-later
// The config file: every fault is told, none escapes, and what was understood can be shown.
#include <nlohmann/json.hpp>

#include "common/config/settings.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

FUZZ(config) {
    // A secret may be read from any file: not from this machine's.
    if (input.find("_file") != std::string_view::npos) return;
    const auto settings = config::parse(std::string(input), "/nowhere/mediaferry.yaml");
    for (const auto& folder : {settings.folders.incoming, settings.folders.backup, settings.folders.pixel_sync, settings.folders.compress,
                               settings.folders.library, settings.folders.delete_pending, settings.folders.trash})
        require(folder.is_absolute(), "a folder that is not absolute");
    require(!config::show(settings).empty(), "settings that cannot be shown");
    require(nlohmann::json::accept(config::show_json(settings)), "settings shown as JSON are none");
    for (const auto& [stage, rule] : settings.schedule.of) require(!stage.empty() && !rule.empty(), "a stage without a schedule");
}
