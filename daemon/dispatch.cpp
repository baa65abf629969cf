// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dispatch.h"

#include <cstdlib>
#include <iostream>

#include "common/log/log.h"
#include "daemon/commands/commands.h"
#include "daemon/run_stage.h"

namespace mediaferry::daemon {

namespace {

using Command = int (*)(const Options&, const config::Settings&);

/// Verbs that need a config; the others parse what follows by themselves.
const std::map<std::string_view, Command>& commands() {
    static const std::map<std::string_view, Command> table{
        {"run", run_command}, {"run-stage", run_stage}, {"status", status_command}, {"stages", stages_command},
        {"plan", plan_command}, {"approve", approve_command}, {"why", why_command}, {"history", history_command},
        {"attention", attention_command}, {"release", release_command}, {"redo", redo_command},
    };
    return table;
}

log::Format format_from_text(const std::string& text) {
    if (text == "journald") return log::Format::journald;
    return text == "logfmt" ? log::Format::logfmt : log::Format::automatic;
}

/// The daemon and its stages log as the config says; a question is answered without talk below a warning.
void start_log(const Options& options, const config::Settings& settings) {
    const bool works = options.verb == "daemon" || options.verb == "run-stage";
    const char* given = std::getenv("MEDIAFERRY_LOG_LEVEL");
    const bool overridden = given && *given;
    auto level = log::level_from_text(overridden ? std::string_view{given} : std::string_view{settings.log.level});
    if (!works && !overridden && level < log::Level::warning) level = log::Level::warning;
    log::init(level, format_from_text(settings.log.format));
    for (const auto* secret : {&settings.icloud.password, &settings.syncthing.api_key, &settings.notify.smtp.password, &settings.notify.ntfy_token})
        if (secret->present) log::redact(secret->value);
    if (works && options.verb == "daemon")
        for (const auto& warning : settings.warnings) log::warning("config", {{"TEXT", warning}});
}

}  // namespace

int dispatch(const Options& options) {
    if (options.verb == "help") return std::cout << help_text(options.topic), 0;
    if (options.verb == "version") return std::cout << "mediaferry " MEDIAFERRY_VERSION "\n", 0;
    const auto settings = config::load(options.config);
    start_log(options, settings);
    const auto command = commands().find(options.verb);
    if (command == commands().end()) throw UsageError{"usage.later", "mediaferry " + options.verb + " is not there yet"};
    return command->second(options, settings);
}

}  // namespace mediaferry::daemon
