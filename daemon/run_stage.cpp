// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/run_stage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/known_time.h"
#include "common/stage/worker.h"
#include "daemon/exit_code.h"
#include "daemon/last_words.h"
#include "daemon/open_house.h"
#include "daemon/slots.h"
#include "daemon/stage_module.h"
#include "daemon/stop_signal.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using media_db::MediaDb;

/// A directory of this run alone; gone when it ends.
class Scratch {
public:
    explicit Scratch(fs::path directory) : directory_(std::move(directory)) {
        fs::create_directories(directory_.parent_path());
        fs::remove_all(directory_);
        if (::mkdir(directory_.c_str(), 0700) != 0) files::throw_errno(errno, "make the run's directory", directory_.string());
    }
    ~Scratch() {
        boost::system::error_code ignored;  // cleanup takes what is left
        fs::remove_all(directory_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const fs::path& path() const { return directory_; }

private:
    fs::path directory_;
};

const pipeline::Step& stage_named(const std::string& name) {
    if (const auto* step = stages::find_stage(name)) return *step;
    std::vector<std::string> known;
    for (const auto& step : stages::house()) known.emplace_back(step.stage);
    const auto near = nearest(name, known);
    throw UsageError{"usage.stage",
                     "no stage '" + name + "'" + (near.empty() ? "" : " (did you mean " + near + "?)") + "; mediaferry stages lists them"};
}

std::optional<WorkflowId> workflow_of_parent() {
    const char* text = std::getenv("MEDIAFERRY_WORKFLOW");
    if (!text || !*text) return std::nullopt;
    return WorkflowId{std::strtoll(text, nullptr, 10)};
}

/// `mediaferry plan` asks for the proposal alone, which is allowed while deletion is switched off.
bool only_plans(const pipeline::Step& step, const config::Settings& settings) {
    return step.stage == "icloud_delete" && settings.icloud.enabled && std::getenv("MEDIAFERRY_PLAN_ONLY") != nullptr;
}

std::optional<MediaId> item_asked_for(MediaDb& db, const Options& options) {
    if (!options.item) return std::nullopt;
    const auto found = media_db::Catalogue{db}.find(*options.item);
    if (found.empty()) throw BadInput{"item.unknown", "no file '" + *options.item + "' in media.db"};
    if (found.size() > 1)
        throw BadInput{"item.several", "'" + *options.item + "' names " + std::to_string(found.size()) + " files; give its id (mediaferry why " +
                                           *options.item + ")"};
    return found.front().id;
}

/// An operator (or a test) may allow a file less time, or more.
std::chrono::seconds allowed(std::chrono::seconds deadline) {
    const char* given = std::getenv("MEDIAFERRY_ITEM_DEADLINE");
    return given && *given && deadline.count() > 0 ? std::chrono::seconds{std::max(1, std::atoi(given))} : deadline;
}

stage::WorkOptions work_options(MediaDb& db, const Options& options) {
    stage::WorkOptions how;
    how.dry_run = options.dry_run;
    how.item = item_asked_for(db, options);
    how.limit = options.limit;
    how.say = [](const std::string& line) { std::cout << line << "\n"; };
    // SIGALRM keeps its default action: the kernel ends a codec that hangs, and the next run counts it as a crash of this item.
    if (!options.dry_run) how.arm_deadline = [](std::chrono::seconds deadline) { ::alarm(static_cast<unsigned>(allowed(deadline).count())); };
    return how;
}

int rehearse(const pipeline::Step& step, const Options& options, const config::Settings& settings) {
    auto db = look_if_there(settings);
    if (!db) {
        std::cerr << step.stage << ": no database yet (" << settings.database.string() << "): the first real run makes it\n";
        return 0;
    }
    const SystemClock clock;
    const auto room = load_stage(step.stage, settings);
    stage::Run run{*db, settings, clock, RunId{}, {}, [] { return stop_signal() != 0; }};
    const auto result = stage::work(*room, step, run, work_options(*db, options));
    for (const auto& line : run.told()) std::cerr << line << "\n";
    if (result.reason) std::cerr << step.stage << ": " << result.reason->text << "\n";
    return stop_signal() ? 128 + stop_signal() : result.exit_code;
}

/// The work between begin and end of the run row; every failure becomes an exit code and a reason here.
stage::WorkResult do_work(const pipeline::Step& step, const Options& options, const config::Settings& settings, MediaDb& db, stage::Run& run) {
    try {
        const auto how = work_options(db, options);
        const auto room = load_stage(step.stage, settings);
        return stage::work(*room, step, run, how);
    } catch (const std::exception& error) {
        return {exit_code_of(error), Reason{code_of(error), full_message(error)}};
    }
}

}  // namespace

std::string summary_line(std::string_view stage, const media_db::Runs::Progress& progress, std::chrono::milliseconds took) {
    std::ostringstream out;
    out.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would go on without what it has no room for
    out << stage << ": " << progress.done << " done, " << progress.waiting << " waiting, " << progress.attention
        << (progress.attention == 1 ? " needs a person, " : " need a person, ") << to_text(progress.bytes) << " in " << to_text(took);
    return out.str();
}

namespace {

int work_in_slot(const pipeline::Step& step, const Options& options, const config::Settings& settings, const Slot& slot) {
    const auto began = std::chrono::steady_clock::now();
    MediaDb db = open_house(settings);
    const TrustedClock clock{media_db::known_time(db)};
    media_db::keep_time(db, clock);
    sweep_dead_runs(db, settings, step.stage, slot.number, clock.now());
    media_db::Runs runs{db};
    const RunId id = runs.begin(step.stage, slot.number, ::getpid(), workflow_of_parent(), clock.now());
    last_words_go_to(slot_file(settings, step.stage, slot.number), id);
    const log::Scope scope{{{"STAGE", step.stage}, {"RUN_ID", id.value}}};

    const Scratch scratch{settings.state_directory() / "runs" / std::to_string(id.value)};
    stage::Run run{db, settings, clock, id, scratch.path(), [] { return stop_signal() != 0; }};
    auto result = do_work(step, options, settings, db, run);
    ::alarm(0);
    media_db::Conveyor{db}.put_back(id);  // nothing, unless it ended in the middle
    if (const int signal = stop_signal()) result.exit_code = 128 + signal;
    run.flush_progress();
    runs.end(id, result.exit_code, result.reason, clock.now());
    media_db::keep_time(db, clock);
    media_db::keep_head(db);

    for (const auto& line : run.told()) std::cerr << line << "\n";
    if (result.reason) std::cerr << step.stage << ": " << result.reason->text << "\n";
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    const bool planning = std::getenv("MEDIAFERRY_PLAN_ONLY") != nullptr;  // `mediaferry plan` shows the plan, not the run
    if (!workflow_of_parent() && !planning) std::cerr << summary_line(step.stage, run.progress(), took) << "\n";  // else the parent sums up
    log::info("stage finished", {{"EXIT", result.exit_code},
                                 {"DONE", run.progress().done},
                                 {"WAITING", run.progress().waiting},
                                 {"ATTENTION", run.progress().attention},
                                 {"BYTES", run.progress().bytes.count},
                                 {"MS", took.count()}});
    return result.exit_code;
}

}  // namespace

int run_stage(const Options& options, const config::Settings& settings) {
    const auto& step = stage_named(options.stage);
    if (!settings.stage_enabled(step.stage) && !only_plans(step, settings)) {
        std::cerr << step.stage << " is switched off in " << settings.file.string() << "\n";
        return 0;
    }
    catch_stop_signals();
    if (options.dry_run) return rehearse(step, options, settings);

    // OpenSSL makes itself ready at its first use and does not bear a want of memory there (it crashes): before any file is held.
    files::digest_bytes({});
    auto slot = take_slot(settings, step.stage);
    if (!slot)
        throw TryLater{"stage.slot_taken", "slot taken: " + std::string{step.stage} + " is already running in " +
                                               std::to_string(settings.processes(step.stage)) + " process(es); try again when it is done"};
    try {
        return work_in_slot(step, options, settings, *slot);
    } catch (const std::exception& error) {
        // Here, where the slot is still ours: nobody sweeps up after us yet.
        if (out_of_memory(error)) say_that_memory_ran_out();
        throw;
    }
}

}  // namespace mediaferry::daemon
