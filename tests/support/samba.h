#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A real Samba server on the loopback, of this test's own: unprivileged port, its files in a temporary folder, one user, the share "photos".

#include <string>

#include <sys/types.h>

#include "common/types/fs.h"
#include "tests/support/temp_dir.h"

namespace mediaferry::test {

class Samba {
public:
    /// `options`: more lines for the share's section, or after "[global]\n" for the whole server.
    explicit Samba(const std::string& options = "");
    ~Samba();
    Samba(const Samba&) = delete;
    Samba& operator=(const Samba&) = delete;

    /// As a power cut would end it: every process of it, at once.
    void kill();
    void start();

    /// What lies on the server's disk.
    fs::path disk() const { return dir_ / "photos"; }
    std::string url(const std::string& path = "") const;
    std::uint16_t port() const { return port_; }
    std::string user() const { return user_; }
    static std::string password() { return "geheim, 12 Zeichen"; }

private:
    TempDir dir_;
    std::string user_;
    std::uint16_t port_ = 0;
    pid_t server_ = -1;
};

}  // namespace mediaferry::test
