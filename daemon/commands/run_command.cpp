// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry run`: all stages in order, once.
#include <unistd.h>

#include <iostream>

#include "common/clock/clock.h"
#include "common/media_db/reports.h"
#include "daemon/commands/commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/stop_signal.h"
#include "daemon/table.h"
#include "daemon/walk.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

const pipeline::Step& bound(const std::optional<std::string>& name, const pipeline::Step& otherwise) {
    if (!name) return otherwise;
    if (const auto* step = stages::find_stage(*name)) return *step;
    throw UsageError{"usage.stage", "no stage '" + *name + "'; mediaferry stages lists them"};
}

std::vector<const pipeline::Step*> range_of(const Options& options) {
    const auto& first = bound(options.start, stages::house().front());
    const auto& last = bound(options.end, stages::house().back());
    if (stages::number_of(first) > stages::number_of(last))
        throw UsageError{"usage.range", "--start " + std::string{first.stage} + " comes after --end " + std::string{last.stage}};
    std::vector<const pipeline::Step*> range;
    for (const auto* step = &first; step <= &last; ++step) range.push_back(step);
    return range;
}

int rehearse(const std::vector<const pipeline::Step*>& range, const config::Settings& settings) {
    for (const auto* step : range) {
        std::cout << "[" << stages::number_of(*step) << "/" << stages::house().size() << "] " << step->stage << "\n" << std::flush;
        process::Child child{stage_command(settings, step->stage, {}, {"--dry-run"})};
        std::optional<process::Exit> exit;
        int told = 0;
        while (!(exit = child.poll())) {
            if (const int signal = stop_signal(); signal && !std::exchange(told, signal)) child.signal(signal);
            ::usleep(20'000);
        }
        if (const int signal = stop_signal()) return 128 + signal;
        if (exit->signal) {
            std::cerr << step->stage << " was " << process::to_text(*exit) << "\n";
            return kBug;
        }
        if (!went_through(exit->code)) return exit->code;
    }
    return 0;
}

std::string state_word(const StageStatus& stage) {
    if (stage.exit_code && !went_through(*stage.exit_code)) return "failed (" + std::to_string(*stage.exit_code) + ")";
    return stage.state;
}

void print_table(const std::map<int, StageStatus>& stages) {
    Table table{{">#", "stage", ">done", ">waiting", ">failed", ">bytes", ">time", "ended"}};
    for (const auto& [number, stage] : stages) {
        const auto took = stage.started && stage.finished ? *stage.finished - *stage.started : std::chrono::seconds{0};
        table.add({std::to_string(number), stage.stage, std::to_string(stage.done), std::to_string(stage.waiting), std::to_string(stage.attention),
                   to_text(stage.bytes), to_text(std::chrono::milliseconds{took}), state_word(stage)});
    }
    std::cout << table.text() << std::flush;
}

/// Files that need a person now, whoever put them there: a run that leaves some behind has not gone well.
std::int64_t needing_a_person(media_db::MediaDb& db) {
    const media_db::Reports reports{db};
    std::int64_t files = reports.assets().resources_attention;
    for (const auto& [stage, counts] : reports.stages()) files += counts.attention;
    return files;
}

}  // namespace

int run_command(const Options& options, const config::Settings& settings) {
    const auto range = range_of(options);
    catch_stop_signals();
    if (options.dry_run) return rehearse(range, settings);
    const SystemClock clock;
    auto db = open_house(settings);
    media_db::Runs runs{db};
    const auto workflow = runs.begin_workflow("run", ::getpid(), range.front()->stage, range.back()->stage, clock.now());
    Display display{!options.no_progress};
    display.line(runs.workflow(workflow)->name);
    Walk walk{db, settings, workflow, range, display};
    int code = kBug;
    try {
        code = walk();
    } catch (...) {
        runs.end_workflow(workflow, kBug, clock.now());
        throw;
    }
    const auto people = needing_a_person(db);
    if (code == 0 && people > 0) code = kItemsFailed;
    runs.end_workflow(workflow, code, clock.now());
    display.stage_ended();
    print_table(walk.stages());
    if (people > 0) display.line(std::to_string(people) + (people == 1 ? " file needs" : " files need") + " a person: mediaferry attention");
    return code;
}

}  // namespace mediaferry::daemon
