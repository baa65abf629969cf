// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry status`: how it stands, once or again and again.
#include <unistd.h>

#include <iostream>

#include "common/clock/clock.h"
#include "daemon/commands/commands.h"
#include "daemon/open_house.h"
#include "daemon/status_report.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

StatusReport report_now(std::optional<media_db::MediaDb>& db, const config::Settings& settings) {
    const auto now = SystemClock{}.now();
    if (!db) db = look_if_there(settings);
    return db ? gather_status(*db, settings, now) : empty_status(settings, now);
}

}  // namespace

int status_command(const Options& options, const config::Settings& settings) {
    const bool terminal = ::isatty(STDOUT_FILENO) != 0;
    std::optional<media_db::MediaDb> db;
    const auto show = [&](const StatusReport& report) {
        return options.json ? status_json(report, options.follow ? -1 : 2) + "\n" : status_text(report, {terminal});
    };
    if (!options.follow) {
        std::cout << show(report_now(db, settings));
        return 0;
    }
    catch_stop_signals();
    std::string last;
    while (!stop_signal()) {
        auto report = report_now(db, settings);
        const std::string text = show(report);
        report.at = {};  // the clock alone is no news
        if (const auto news = show(report); news != last || terminal) {
            std::cout << (terminal && !options.json ? "\x1b[H\x1b[2J" : "") << text << std::flush;
            last = news;
        }
        if (!std::cout) return 0;  // the reader has gone
        ::sleep(1);
    }
    return 128 + stop_signal();
}

}  // namespace mediaferry::daemon
