// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry attention`, `release`, `redo`: what needs a person, and a person's answer.
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/reports.h"
#include "common/media_db/runs.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/why_census.h"
#include "daemon/exit_code.h"
#include "daemon/find_items.h"
#include "daemon/open_house.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

constexpr std::size_t kAtMost = 1000;

/// Stages whose last run ended before any file with a reason that only a person can mend: a sign-in, a folder set up wrongly.
std::vector<media_db::RunRow> stopped_stages(media_db::MediaDb& db, const config::Settings& settings) {
    std::vector<media_db::RunRow> stopped;
    for (const auto& step : stages::house()) {
        const auto run = media_db::Runs{db}.latest_finished(step.stage);
        if (run && run->reason && settings.stage_enabled(step.stage) && (run->exit_code == kSignIn || run->exit_code == kItemsFailed))
            stopped.push_back(*run);
    }
    return stopped;
}

json_t as_json(const std::vector<media_db::RunRow>& stopped, const std::vector<media_db::Conveyor::Waiting>& files,
               const std::vector<media_db::Reports::ResourceProblem>& resources, const std::vector<media_db::Catalogue::SetAside>& aside) {
    json_t out{{"stages", json_t::array()}, {"files", json_t::array()}, {"resources", json_t::array()}, {"set_aside", json_t::array()}};
    for (const auto& run : stopped)
        out["stages"].push_back({{"stage", run.stage}, {"exit_code", *run.exit_code}, {"code", run.reason->code}, {"text", run.reason->text}});
    for (const auto& [item, step] : files)
        out["files"].push_back({{"id", item.id.value},
                                {"filename", item.filename},
                                {"stage", step.stage},
                                {"code", step.reason ? step.reason->code : ""},
                                {"text", step.reason ? step.reason->text : ""},
                                {"attempts", step.attempts},
                                {"deaths", step.deaths}});
    for (const auto& [asset, resource] : resources)
        out["resources"].push_back({{"asset", asset.filename},
                                    {"icloud_id", asset.record_name},
                                    {"resource", to_text(resource.kind)},
                                    {"code", resource.reason ? resource.reason->code : ""},
                                    {"text", resource.reason ? resource.reason->text : ""}});
    for (const auto& file : aside)
        out["set_aside"].push_back({{"path", file.path.string()}, {"code", file.reason.code}, {"text", file.reason.text}, {"at", to_iso(file.at)}});
    return out;
}

/// An asset of which nothing has arrived has no file to name.
std::string release_word(media_db::MediaDb& db, const media_db::Asset& asset) {
    const auto files = media_db::Catalogue{db}.items_of(asset.id);
    return files.empty() ? "--all" : std::to_string(files.front().id.value);
}

std::string count_text(std::int64_t n, const std::string& one, const std::string& many) { return std::to_string(n) + " " + (n == 1 ? one : many); }

}  // namespace

int attention_command(const Options& options, const config::Settings& settings) {
    auto db = look_at_house(settings);
    const auto stopped = stopped_stages(db, settings);
    const auto files = media_db::Conveyor{db}.attention(kAtMost);
    const auto resources = media_db::Reports{db}.resource_attention(kAtMost);
    const auto aside = media_db::Catalogue{db}.set_aside();
    if (options.json) {
        std::cout << as_json(stopped, files, resources, aside).dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
        return 0;
    }
    if (stopped.empty() && files.empty() && resources.empty()) std::cout << "nothing needs a person\n";
    for (const auto& run : stopped) std::cout << run.stage << " cannot run: " << run.reason->text << "\n";
    for (const auto& [item, step] : files)
        std::cout << item.id.value << "  " << item.filename << "  " << step.stage << ": " << (step.reason ? step.reason->text : "no reason known")
                  << "\n    when it is mended: mediaferry release " << item.id.value << "\n";
    for (const auto& [asset, resource] : resources)
        std::cout << asset.filename << "  " << to_text(resource.kind)
                  << " not fetched: " << (resource.reason ? resource.reason->text : "no reason known")
                  << "\n    when it is mended: mediaferry release " << release_word(db, asset) << "\n";
    if (!aside.empty()) {
        std::cout << "set aside, never taken in (fetched again from iCloud; look, then remove):\n";
        for (const auto& file : aside) std::cout << "  " << file.path.string() << ": " << file.reason.text << "\n";
    }
    return 0;
}

int release_command(const Options& options, const config::Settings& settings) {
    auto db = open_house(settings);
    if (!options.all && options.words.front() == kCensusWord) return release_census(db, options.json);
    const auto now = SystemClock{}.now();
    media_db::Conveyor conveyor{db};
    std::int64_t released = 0;
    if (options.all) {
        released = conveyor.release_all(now);
    } else {
        for (const auto& item : items_meant(db, options.words.front())) released += conveyor.release(item.id, now) ? 1 : 0;
    }
    if (options.json)
        std::cout << json_t{{"released", released}}.dump() << "\n";
    else
        std::cout << count_text(released, "file", "files") << " released: tried again at the next run\n";
    return 0;
}

int redo_command(const Options& options, const config::Settings& settings) {
    const auto* step = stages::find_stage(options.words[0]);
    if (!step) throw UsageError{"usage.stage", "no stage '" + options.words[0] + "'; mediaferry stages lists them"};
    if (options.policy_changed && (step->stage != "compress" || options.words.size() > 1))
        throw UsageError{"usage.redo", "--policy-changed is for compress and finds the files by itself: mediaferry redo compress --policy-changed"};
    if (options.policy_changed) return redo_changed_policy(options, settings);
    if (options.words.size() < 2) throw UsageError{"usage.words", "usage: mediaferry redo STAGE ID"};
    if (options.dry_run) throw UsageError{"usage.redo", "--dry-run goes with --policy-changed"};
    auto db = open_house(settings);
    const auto item = item_meant(db, options.words[1]);
    media_db::Conveyor{db}.redo(item.id, step->stage, SystemClock{}.now());
    if (options.json)
        std::cout << json_t{{"id", item.id.value}, {"stage", step->stage}}.dump() << "\n";
    else
        std::cout << step->stage << " does " << item.filename << " again at its next run\n";
    return 0;
}

}  // namespace mediaferry::daemon
