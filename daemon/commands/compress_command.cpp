// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry compress`: what the stage answers by itself, asked through its module. Nothing is decoded here: the stage starts a codec program.
#include "daemon/commands/commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/stage_module.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

int ask(const stage::VerbCall& call) {
    catch_stop_signals();
    try {
        return ask_stage("compress", call);
    } catch (const Interrupted&) {
        return 128 + stop_signal();
    }
}

bool told_to_stop() { return stop_signal() != 0; }

}  // namespace

int compress_command(const Options& options, const config::Settings& settings) {
    if (options.words.front() != "preview")
        throw UsageError{"usage.verb", "unknown command 'compress " + options.words.front() + "' (did you mean compress preview?)"};
    return ask({settings, options.words, options.json, false, nullptr, told_to_stop});
}

int redo_changed_policy(const Options& options, const config::Settings& settings) {
    auto db = options.dry_run ? look_at_house(settings) : open_house(settings);
    return ask({settings, {"policy-changed"}, options.json, options.dry_run, &db, told_to_stop});
}

}  // namespace mediaferry::daemon
