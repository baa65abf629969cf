// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/process/guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace mediaferry::process {
namespace {

/// System calls only: we are a fork, and another thread may have held the allocator's lock.
[[noreturn]] void watch(pid_t leader, int lifeline) {
    // As a member it keeps the group's number taken: what it kills cannot be a stranger's group.
    if (::setpgid(0, leader) != 0) ::_exit(0);
    ::prctl(PR_SET_NAME, "mediaferry-gd");
    // All signals are blocked, since before the fork: the group's SIGTERM is not for us.
    // Our copies of locks, databases and pipes would keep them open for others.
    ::dup2(lifeline, 0);
    ::close_range(1, ~0U, 0);
    char byte = 0;
    while (::read(0, &byte, 1) < 0 && errno == EINTR) {
    }
    ::kill(0, SIGKILL);
    ::_exit(0);
}

}  // namespace

Guard::Guard(pid_t leader) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    // Blocked before the fork: a SIGTERM to the group must not meet our own handlers in the guard before it has masked them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    pid_ = ::fork();
    if (pid_ == 0) watch(leader, ends[0]);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    ::close(ends[0]);
    lifeline_ = ends[1];
    // From both sides: whoever comes first, the guard is in the group before the group can be ended.
    if (pid_ > 0) ::setpgid(pid_, leader);
}

Guard::~Guard() { bury(); }

void Guard::bury() {
    const pid_t pid = std::exchange(pid_, -1);
    if (pid > 0) {
        ::kill(pid, SIGKILL);
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    if (lifeline_ >= 0) ::close(std::exchange(lifeline_, -1));
}

}  // namespace mediaferry::process
