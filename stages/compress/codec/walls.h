#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The walls of a codec program: it decodes bytes that anybody may have made, so it is built to be taken over and to gain nothing by it.
//
//   Landlock        no file can be opened, made or run, no TCP connection made (kernel 6.7), nobody outside signalled (6.12)
//   seccomp         only the system calls that a codec needs; no open, socket, fork, exec, ptrace at all
//   limits          memory, processor time, size of what it writes; no core dump, no new privileges, no debugger
//
// What it needs it has before: its libraries are loaded, and the two files are open.

#include <string>
#include <vector>

#include "stages/compress/order.h"

namespace mediaferry::stages {

/// Closes the walls around this process, for good. To be called while it has one thread. Returns what this kernel does not offer:
/// "landlock", "landlock.network", "seccomp". Throws TransientError ("codec.walls") when something that is offered fails.
std::vector<std::string> close_walls(const Limits&);

/// Tries from inside what must not be possible, and names what was: "open", "create", "connect", "signal", "fork", "exec", "ptrace", "memory",
/// "file", "core", "cpu", "privileges". `room` is a descriptor of an empty file to write to.
std::vector<std::string> open_doors(const Limits&, int room);

}  // namespace mediaferry::stages
