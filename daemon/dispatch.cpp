// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/dispatch.h"

#include <cstdlib>
#include <iostream>

#include "common/clock/clock.h"
#include "common/log/log.h"
#include "daemon/commands/adopt_archive.h"
#include "daemon/commands/archive_commands.h"
#include "daemon/commands/auth_commands.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/config_commands.h"
#include "daemon/commands/db_commands.h"
#include "daemon/commands/db_restore.h"
#include "daemon/commands/exchange_commands.h"
#include "daemon/commands/setup_wizard.h"
#include "daemon/daemon.h"
#include "daemon/run_stage.h"

namespace mediaferry::daemon {

namespace {

using Command = int (*)(const Options&, const config::Settings&);

int db_command(const Options& options, const config::Settings& settings) {
    auto words = options.words;
    const auto what = words.front();
    if (what == "adopt" && std::erase(words, "--from-archive") > 0) {
        if (words.size() > 1) throw UsageError{"usage.words", "db adopt --from-archive makes the configured media.db; it takes no file"};
        return db_adopt_from_archive(settings, options.json);
    }
    const bool sure = what == "restore" && std::erase(words, "--yes") > 0;
    const fs::path file = words.size() > 1 ? words[1] : "";
    if (words.size() > 2 || file.string().starts_with("--"))
        throw UsageError{
            "usage.words",
            "usage: mediaferry db adopt|backup|check [FILE], mediaferry db adopt --from-archive, mediaferry db restore [BACKUP] [--yes]"};
    const auto now = SystemClock{}.now();
    if (what == "adopt") return db_adopt(settings, file, options.json, now, std::cout, std::cerr);
    if (what == "backup") return db_backup(settings, file, options.json, now, std::cout, std::cerr);
    if (what == "check") return db_check(settings, options.json, std::cout, std::cerr);
    if (what == "restore") return db_restore(settings, {file, sure, options.json}, now, std::cin, std::cout, std::cerr);
    const auto near = nearest(what, {"adopt", "backup", "check", "restore"});
    throw UsageError{"usage.verb", "unknown command 'db " + what + "'" + (near.empty() ? "" : " (did you mean " + near + "?)")};
}

/// Verbs that need a config; the others parse what follows by themselves.
const std::map<std::string_view, Command>& commands() {
    static const std::map<std::string_view, Command> table{
        {"daemon", daemon_command},       {"run", run_command},         {"run-stage", run_stage},
        {"status", status_command},       {"stages", stages_command},   {"plan", plan_command},
        {"approve", approve_command},     {"why", why_command},         {"history", history_command},
        {"attention", attention_command}, {"release", release_command}, {"redo", redo_command},
        {"audit", audit_command},         {"doctor", doctor_command},   {"archive", archive_command},
        {"auth", auth_command},           {"db", db_command},           {"compare", compare_command},
        {"exchange", exchange_command},   {"queue", queue_command},     {"compress", compress_command},
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

/// These must work on a config that does not load, or is not there yet.
int config_command(const Options& options) {
    const auto& what = options.words.front();
    const fs::path file = options.words.size() > 1 ? fs::path{options.words[1]} : options.config;
    if (options.words.size() > 2) throw UsageError{"usage.words", "usage: mediaferry config check|show|init|setup [FILE]"};
    if (what == "check") return config_check(file, std::cout, std::cerr, options.json);
    if (what == "show") return config_show(file, options.json, std::cout);
    if (what == "init") return config_init(file, std::cout, std::cerr);
    if (what == "setup") return config_setup(file, std::cin, std::cout);
    const auto near = nearest(what, {"check", "show", "init", "setup"});
    throw UsageError{"usage.verb", "unknown command 'config " + what + "'" + (near.empty() ? "" : " (did you mean " + near + "?)")};
}

}  // namespace

int dispatch(const Options& options) {
    if (options.verb == "help") return std::cout << help_text(options.topic), 0;
    if (options.verb == "version") return std::cout << "mediaferry " MEDIAFERRY_VERSION "\n", 0;
    if (options.verb == "config") return config_command(options);
    const auto settings = config::load(options.config);
    start_log(options, settings);
    return commands().at(options.verb)(options, settings);
}

}  // namespace mediaferry::daemon
