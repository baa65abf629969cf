// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/why_census.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "common/clock/clock.h"
#include "common/icloud/census_gate.h"
#include "common/media_db/reports.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

std::string person() {
    const char* login = ::getlogin();
    return login ? login : "user " + std::to_string(::getuid());
}

void print_difference(const icloud::Census& census) {
    const auto line = [](std::int64_t count, const std::string& what) {
        if (count > 0) std::cout << "  " << count << " " << what << "\n";
    };
    line(census.counted - census.listed, "that iCloud counts and did not list");
    line(census.refused, "records that came as an error");
    line(census.halves, "that came only by half");
    if (census.unexplained > 0) std::cout << "  " << census.unexplained << " that media.db knows and iCloud did not list:\n";
    for (const auto& item : census.items) std::cout << "    " << item.filename << " (" << item.icloud_id << "): " << item.why.text << "\n";
    const auto unnamed = census.unexplained - static_cast<std::int64_t>(census.items.size());
    if (unnamed > 0) std::cout << "    and " << unnamed << " more\n";
}

}  // namespace

json_t census_json(media_db::MediaDb& db) {
    const auto census = icloud::last_census(db);
    if (!census) return nullptr;
    const auto assets = media_db::Reports{db}.assets();
    const auto gate = icloud::census_gate(db);
    const auto word = icloud::acknowledged(db);
    json_t out{{"at", to_iso(census->at)},
               {"listed", census->listed},
               {"counted", census->counted},
               {"known", assets.listed},
               {"complete", census->complete},
               {"explained",
                {{"gone", census->gone},
                 {"hidden", census->hidden},
                 {"not_fetched_yet", assets.resources_missing},
                 {"cannot_be_fetched", assets.resources_attention}}},
               {"unexplained",
                {{"not_listed", std::max<std::int64_t>(0, census->counted - census->listed)},
                 {"refused", census->refused},
                 {"halves", census->halves},
                 {"left_out", census->unexplained}}}};
    out["items"] = json_t::array();
    for (const auto& item : census->items)
        out["items"].push_back({{"icloud_id", item.icloud_id}, {"filename", item.filename}, {"code", item.why.code}, {"text", item.why.text}});
    out["acknowledged"] = word ? json_t{{"by", word->by}, {"at", to_iso(word->at)}} : json_t(nullptr);
    out["gate"] = gate ? json_t{{"code", gate->code}, {"text", gate->text}} : json_t(nullptr);
    return out;
}

int why_census(media_db::MediaDb& db, bool as_json) {
    if (as_json) {
        std::cout << census_json(db).dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
        return 0;
    }
    const auto gate = icloud::census_gate(db);
    const auto census = icloud::last_census(db);
    if (!census) {
        std::cout << gate->text << "\n";
        return 0;
    }
    const auto assets = media_db::Reports{db}.assets();
    std::cout << "listed on " << to_iso(census->at) << ": " << census->listed << " photos, iCloud counts " << census->counted << ", media.db knows "
              << assets.listed << "\n";
    if (census->gone > 0) std::cout << "  " << census->gone << " left iCloud since the listing before\n";
    if (census->hidden > 0) std::cout << "  " << census->hidden << " are hidden in iCloud, never touched\n";
    if (assets.resources_missing > 0) std::cout << "  " << assets.resources_missing << " files are still to be fetched\n";
    if (assets.resources_attention > 0) std::cout << "  " << assets.resources_attention << " files cannot be fetched (mediaferry attention)\n";
    if (const auto word = icloud::acknowledged(db)) {
        std::cout << "a difference that " << word->by << " acknowledged on " << to_iso(word->at) << ", so deletion goes on:\n";
        print_difference(*census);
    } else if (gate) {
        std::cout << "NOT EXPLAINED, and no photo is deleted from iCloud while it is not:\n";
        print_difference(*census);
        std::cout << "What to do: run icloud_download again (mediaferry --run-stage icloud_download); iCloud's list is often whole the next time.\n"
                     "If it stays and you know why: mediaferry release census. That holds for exactly this difference, not for another.\n";
    } else {
        std::cout << "no difference that is not explained\n";
    }
    return 0;
}

int release_census(media_db::MediaDb& db, bool as_json) {
    const bool done = icloud::acknowledge_census(db, person(), SystemClock{}.now());
    if (as_json)
        std::cout << json_t{{"acknowledged", done}}.dump() << "\n";
    else if (done)
        std::cout << "acknowledged: this difference stops no deletion any more; another one does\n";
    else
        std::cout << "there is no difference to acknowledge (mediaferry why census)\n";
    return 0;
}

}  // namespace mediaferry::daemon
