#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The fork and exec under run() and Child: the one place that sees the library behind it.

#include "common/process/process.h"

namespace mediaferry::process {

/// What becomes the child's standard streams; -1: /dev/null for stdin, ours for the others.
struct Streams {
    int in = -1;
    int out = -1;
    int err = -1;
};

/// Starts it as the leader of a new process group, with default signal handling, that dies with the calling thread.
/// Throws Unavailable ("process.start").
pid_t start(const Command&, const Streams&);

/// How the process ended, without reaping it: its number, and that of its group, stay taken. nullopt: it runs.
std::optional<Exit> peek(pid_t);
/// Kills what is left of the ended leader's group, then reaps the leader and waits until the group is gone.
void bury(pid_t leader);

}  // namespace mediaferry::process
