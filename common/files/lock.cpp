// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {

std::optional<Lock> Lock::try_take(const fs::path& path) {
    make_directories(path.parent_path());
    Descriptor file = calls::open_file(path, O_RDWR | O_CREAT, 0600);
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return std::nullopt;
        if (errno != EINTR) throw_errno(errno, "cannot lock", path.string());
    }
    return Lock{std::move(file)};
}

}  // namespace mediaferry::files
