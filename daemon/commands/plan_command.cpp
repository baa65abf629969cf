// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry plan` and `approve`: what would be deleted from iCloud, and a person's yes.
#include <pwd.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/runs.h"
#include "daemon/commands/commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/stop_signal.h"
#include "daemon/table.h"
#include "daemon/walk.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;
using media_db::Plan;

/// The stage itself makes the proposal: it alone knows what I1 asks for.
int refresh_proposal(const config::Settings& settings) {
    process::Child child{stage_command(settings, "icloud_delete", {{"MEDIAFERRY_PLAN_ONLY", "1"}, {"MEDIAFERRY_LOG_LEVEL", "warning"}})};
    int told = 0;
    while (true) {
        if (const auto exit = child.poll()) {
            if (exit->signal == 0) return exit->code;
            std::cerr << "the run of icloud_delete that makes the plan was " << process::to_text(*exit) << "; say it once more\n";
            return kBug;
        }
        if (const int signal = stop_signal(); signal && !std::exchange(told, signal)) child.signal(signal);
        ::usleep(20'000);
    }
}

std::optional<Plan> shown_plan(media_db::MediaDb& db) {
    const media_db::Plans plans{db};
    auto proposed = plans.open_plan("proposed");
    return proposed ? proposed : plans.open_plan("approved");
}

json_t plan_json(const std::optional<Plan>& plan, const media_db::Catalogue& catalogue) {
    json_t out{{"plan", nullptr}, {"held", json_t::array()}};
    if (plan) {
        json_t items = json_t::array();
        for (const auto& item : plan->items) {
            const auto asset = catalogue.asset(item.asset);
            items.push_back({{"asset", item.asset.value},
                             {"filename", asset ? asset->filename : ""},
                             {"icloud_id", asset ? asset->record_name : ""},
                             {"bytes", item.bytes.count},
                             {"status", item.status}});
        }
        out["plan"] = {{"id", plan->id.value}, {"status", plan->status}, {"created_at", to_iso(plan->created)}, {"items", items}};
    }
    for (const auto& asset : catalogue.filed_assets())
        if (asset.hold)
            out["held"].push_back({{"asset", asset.id.value},
                                   {"filename", asset.filename},
                                   {"icloud_id", asset.record_name},
                                   {"code", asset.hold->code},
                                   {"reason", asset.hold->text}});
    return out;
}

void print_plan(const std::optional<Plan>& plan, const media_db::Catalogue& catalogue, const config::Settings& settings) {
    if (!plan) {
        std::cout << "nothing to delete\n";
    } else {
        Bytes all;
        Table table{{"file", "icloud id", ">bytes"}};
        for (const auto& item : plan->items) {
            const auto asset = catalogue.asset(item.asset);
            table.add({asset ? asset->filename : "?", asset ? asset->record_name : "?", to_text(item.bytes)});
            all += item.bytes;
        }
        std::cout << "plan " << plan->id.value << " (" << plan->status << "): " << plan->items.size() << " assets, " << to_text(all) << "\n"
                  << table.text("  ");
    }
    Table held{{"held back", "why"}};
    for (const auto& asset : catalogue.filed_assets())
        if (asset.hold) held.add({asset.filename, asset.hold->text});
    if (!held.empty()) std::cout << held.text();
    if (!settings.icloud_delete.enabled) std::cerr << "deletion is off (icloud_delete.enabled: false): this is what would be proposed\n";
    if (plan && plan->status == "proposed") std::cerr << "to allow it: mediaferry approve " << plan->id.value << "\n";
}

std::string user_name() {
    const auto* entry = ::getpwuid(::getuid());
    return entry ? entry->pw_name : "uid " + std::to_string(::getuid());
}

}  // namespace

int plan_command(const Options& options, const config::Settings& settings) {
    if (!settings.icloud.enabled) {
        std::cerr << "icloud is switched off in " << settings.file.string() << "\n";
        return 0;
    }
    catch_stop_signals();
    const int code = refresh_proposal(settings);
    if (!went_through(code)) return code;
    auto db = look_at_house(settings);
    const media_db::Catalogue catalogue{db};
    const auto plan = shown_plan(db);
    if (options.json)
        std::cout << plan_json(plan, catalogue).dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
    else
        print_plan(plan, catalogue, settings);
    return code;
}

int approve_command(const Options& options, const config::Settings& settings) {
    const auto& text = options.words.front();
    char* end = nullptr;
    const PlanId plan{std::strtoll(text.c_str(), &end, 10)};
    if (text.empty() || *end) throw BadInput{"plan.unknown", "'" + text + "' is no plan number; mediaferry plan shows it"};
    auto db = open_house(settings);
    media_db::Plans plans{db};
    plans.approve(plan, user_name(), SystemClock{}.now());
    const auto approved = plans.plan(plan);
    Bytes all;
    for (const auto& item : approved->items) all += item.bytes;
    if (options.json)
        std::cout << json_t{{"plan", plan.value}, {"status", approved->status}, {"items", approved->items.size()}, {"bytes", all.count}}.dump()
                  << "\n";
    else
        std::cout << "plan " << plan.value << " approved: " << approved->items.size() << " assets, " << to_text(all)
                  << "; the next run of icloud_delete acts on it\n";
    if (!settings.icloud_delete.enabled) std::cerr << "deletion is off: nothing happens before icloud_delete.enabled is true\n";
    return 0;
}

}  // namespace mediaferry::daemon
