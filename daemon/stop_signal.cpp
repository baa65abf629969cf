// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stop_signal.h"

#include <csignal>
#include <initializer_list>

namespace mediaferry::daemon {

namespace {
volatile std::sig_atomic_t caught = 0;
void remember(int signal) { caught = signal; }
}  // namespace

void catch_stop_signals() {
    struct sigaction action {};
    action.sa_handler = remember;
    // Restart: an item that is being finished must not meet EINTR in a library that does not expect it.
    action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
    for (const int signal : {SIGTERM, SIGINT}) ::sigaction(signal, &action, nullptr);
}

int stop_signal() { return caught; }

}  // namespace mediaferry::daemon
