// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/systemd.h"

#include <systemd/sd-daemon.h>

#include <ctime>

namespace mediaferry::daemon::systemd {

namespace {
std::string one_line(std::string text) {
    for (char& c : text)
        if (c == '\n') c = ' ';
    return text;
}
void say(const std::string& text) { ::sd_notify(0, text.c_str()); }
}  // namespace

void ready(const std::string& status) { say("READY=1\nSTATUS=" + one_line(status)); }
void status(const std::string& text) { say("STATUS=" + one_line(text)); }

void reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1000));
}

void stopping() { say("STOPPING=1\nSTATUS=finishing the files at hand"); }
void alive() { say("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t limit = 0;
    if (::sd_watchdog_enabled(0, &limit) <= 0) return std::nullopt;
    return std::chrono::microseconds{limit / 2};
}

}  // namespace mediaferry::daemon::systemd
