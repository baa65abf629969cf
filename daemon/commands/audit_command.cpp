// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry audit`: the promise, checked.
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "daemon/audit.h"
#include "daemon/commands/commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

int audit_command(const Options& options, const config::Settings& settings) {
    auto db = look_at_house(settings);
    const auto result = audit(db, settings, options.offline, SystemClock{}.now());
    if (options.json) {
        nlohmann::ordered_json rows = nlohmann::ordered_json::array();
        for (const auto& row : result.invariants)
            rows.push_back(
                {{"name", row.name}, {"promise", row.promise}, {"checked", row.checked}, {"violations", row.violations}, {"first", row.first}});
        std::cout << nlohmann::ordered_json{{"holds", result.holds()},
                                            {"offline", options.offline},
                                            {"not_asked", result.not_asked},
                                            {"invariants", rows}}
                         .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
                  << "\n";
    } else {
        Table table{{"", ">checked", ">violations", "promise"}};
        for (const auto& row : result.invariants) table.add({row.name, std::to_string(row.checked), std::to_string(row.violations), row.promise});
        std::cout << table.text();
        for (const auto& row : result.invariants)
            for (const auto& sentence : row.first) std::cout << row.name << " " << sentence << "\n";
        if (!result.not_asked.empty()) std::cout << result.not_asked << "\n";
        std::cerr << "what iCloud, Syncthing and the NAS's bytes say is asked by mediaferry doctor and archive verify\n";
    }
    return result.holds() ? 0 : kItemsFailed;
}

}  // namespace mediaferry::daemon
