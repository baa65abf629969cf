#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Port numbers for servers that are other programs (Syncthing, Samba): they cannot be given a socket, so a number has to be known before they bind it.

#include <cstdint>

namespace mediaferry::test {

/// A TCP port of 127.0.0.1 on which nobody listens, this process's own until it ends, also while its server is stopped: no other test is given it
/// (tests/support/port.py asks the same way), and no connection takes it as its own end. Throws std::runtime_error if all are taken.
std::uint16_t reserved_port();

}  // namespace mediaferry::test
