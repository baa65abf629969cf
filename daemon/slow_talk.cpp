// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/slow_talk.h"

#include <unistd.h>

#include <iostream>

namespace mediaferry::daemon {

namespace {
constexpr std::chrono::seconds kQuietAtFirst{3}, kNowAndThen{30};
constexpr std::chrono::milliseconds kFrame{200};
}  // namespace

SlowTalk::SlowTalk(bool wanted)
    : wanted_(wanted), terminal_(::isatty(STDERR_FILENO) == 1), next_(std::chrono::steady_clock::now() + (terminal_ ? kQuietAtFirst : kNowAndThen)) {}

SlowTalk::~SlowTalk() {
    if (moving_) std::cerr << "\r\x1b[K" << std::flush;
}

void SlowTalk::operator()(const std::string& doing, std::int64_t done, std::int64_t of) {
    const auto now = std::chrono::steady_clock::now();
    if (!wanted_ || now < next_) return;
    const std::string line = doing + " " + std::to_string(done) + (of > 0 ? " of " + std::to_string(of) : "");
    if (terminal_)
        std::cerr << "\r\x1b[K" << line << std::flush;
    else
        std::cerr << line << "\n";
    moving_ = terminal_;
    if (terminal_)
        next_ = now + kFrame;
    else
        next_ = now + kNowAndThen;
}

}  // namespace mediaferry::daemon
