#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A descriptor of ours at one end of a pipe or socket, or a pidfd.

#include <unistd.h>

namespace mediaferry::process {

/// One end of a pipe, or a pidfd; closed when it goes.
class End {
public:
    explicit End(int fd = -1) : fd_(fd) {}
    ~End() { close(); }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }
    void set(int fd) {
        close();
        fd_ = fd;
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

}  // namespace mediaferry::process
