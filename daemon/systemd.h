#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the daemon tells systemd (sd_notify). All of it is nothing when nobody listens.

#include <chrono>
#include <optional>
#include <string>

namespace mediaferry::daemon::systemd {

void ready(const std::string& status);
void status(const std::string& text);
void reloading();
void stopping();
void alive();
/// How often alive() must come, already halved; nullopt: no watchdog.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace mediaferry::daemon::systemd
