// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>

#include <utility>

#include "common/process/process.h"
#include "common/process/start.h"

namespace mediaferry::process {

struct Child::Impl {
    pid_t pid;
    std::optional<Exit> exit = {};

    explicit Impl(pid_t started) : pid(started) {}
    ~Impl() {
        if (exit) return;
        ::kill(-pid, SIGKILL);
        bury(pid);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
};

Child::Child(const Command& command) : impl_(std::make_unique<Impl>(start(command, {}))) {}
Child::~Child() = default;
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&&) noexcept = default;

pid_t Child::pid() const { return impl_->pid; }

std::optional<Exit> Child::poll() {
    if (!impl_->exit) {
        impl_->exit = peek(impl_->pid);
        if (impl_->exit) bury(impl_->pid);
    }
    return impl_->exit;
}

void Child::signal(int number) {
    // Once reaped, the number may belong to a stranger.
    if (!impl_->exit) ::kill(impl_->pid, number);
}

void Child::kill_group() {
    if (!impl_->exit) ::kill(-impl_->pid, SIGKILL);
}

}  // namespace mediaferry::process
