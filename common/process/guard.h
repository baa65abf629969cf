#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// PR_SET_PDEATHSIG reaches a program, not what the program has started (icloudpd's release binary is a launcher with a child of its own).
// So a tiny process sits in its group, waits for our end on a pipe, and takes the group with it.

#include <sys/types.h>

namespace mediaferry::process {

class Guard {
public:
    /// Watches over the group of `leader`, which must not be reaped before the guard is buried. Without a guard (no process or pipe to be
    /// had) the program runs all the same: it is a second rope.
    explicit Guard(pid_t leader);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    /// After the group was killed: reaps the guard.
    void bury();

private:
    pid_t pid_ = -1;
    int lifeline_ = -1;
};

}  // namespace mediaferry::process
