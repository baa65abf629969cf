// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/receiving.h"

#include "common/errors/errors.h"
#include "common/log/log.h"
#include "daemon/exit_code.h"
#include "daemon/walk.h"

namespace mediaferry::daemon {

namespace {

constexpr const char* kName = "exchange receive";

bool is_wanted(const config::Settings& settings) { return settings.exchange.enabled && !settings.exchange.remote_sources.empty(); }

process::Command receive_command(const config::Settings& settings) {
    // The notify socket is the daemon's: a child that spoke on it would vouch for it.
    auto command = stage_command(settings, "", {{"NOTIFY_SOCKET", ""}, {"WATCHDOG_USEC", ""}, {"WATCHDOG_PID", ""}}, {});
    command.argv.resize(3);  // the binary and its config
    for (const char* word : {"exchange", "receive", "--quiet"}) command.argv.emplace_back(word);
    return command;
}

}  // namespace

void Receiving::look(const config::Settings& settings, Troubles& troubles, bool may_start) {
    if (child_) {
        const auto exit = child_->poll();
        if (!exit) return;
        child_.reset();
        if (exit->ok() || exit->code == kTryLater) {
            failures_ = 0;
            troubles.went_through(kName, 0, clock_.now());
        } else if (may_start) {
            ++failures_;
            log::warning("receiving failed", {{"HOW", process::to_text(*exit)}});
            troubles.failed(kName, exit->signal ? kBug : exit->code,
                            {"exchange.receive", "files from another archive could not be taken in (" + process::to_text(*exit) +
                                                     "); run mediaferry exchange receive by hand to see which and why"},
                            failures_, clock_.now());
        }
    }
    if (!may_start || !is_wanted(settings) || clock_.now() < next(settings)) return;
    begun_ = clock_.now();
    try {
        child_.emplace(receive_command(settings));
    } catch (const Unavailable& error) {
        log::error("receiving could not be started", {{"REASON", error.code()}, {"TEXT", full_message(error)}});
    }
}

Timestamp Receiving::next(const config::Settings& settings) const {
    if (!is_wanted(settings)) return Timestamp::max();
    return begun_ ? *begun_ + settings.exchange.every : clock_.now();
}

void Receiving::signal(int number) {
    if (child_) child_->signal(number);
}

void Receiving::kill() {
    if (child_) child_->kill_group();
    child_.reset();
}

}  // namespace mediaferry::daemon
