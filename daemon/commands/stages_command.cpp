// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry stages`: the stage table under this config.
#include <iostream>
#include <nlohmann/json.hpp>

#include "daemon/commands/commands.h"
#include "daemon/schedule.h"
#include "daemon/table.h"
#include "stages/house.h"

namespace mediaferry::daemon {

int stages_command(const Options& options, const config::Settings& settings) {
    const auto enabled = [&](std::string_view stage) { return settings.stage_enabled(stage); };
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    Table table{{">#", "stage", "after", "status", "on", "schedule", "does"}};
    for (const auto& step : stages::house()) {
        std::string after;
        for (const auto name : stages::effective_after(step, enabled)) after += (after.empty() ? "" : ", ") + std::string{name};
        const bool on = enabled(step.stage);
        const auto when = schedule_of(settings, step.stage);
        table.add({std::to_string(stages::number_of(step)), std::string{step.stage}, after, std::string{step.status}, on ? "yes" : "no", when,
                   std::string{step.does}});
        rows.push_back({{"number", stages::number_of(step)},
                        {"stage", step.stage},
                        {"after", stages::effective_after(step, enabled)},
                        {"status", step.status},
                        {"enabled", on},
                        {"schedule", when},
                        {"processes", settings.processes(step.stage)},
                        {"does", step.does}});
    }
    std::cout << (options.json ? rows.dump(2) + "\n" : table.text());
    return 0;
}

}  // namespace mediaferry::daemon
