// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {

std::optional<Lock> Lock::try_take(const fs::path& path) {
    make_directories(path.parent_path());
    for (;;) {
        Descriptor file = calls::open_file(path, O_RDWR | O_CREAT, 0600);
        while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) return std::nullopt;
            if (errno != EINTR) throw_errno(errno, "cannot lock", path.string());
        }
        // Its last holder may have taken the file away, or given it its final name, between our two calls: then nobody else would meet us there.
        struct stat held {};
        if (::fstat(file.get(), &held) != 0) throw_errno(errno, "cannot look at", path.string());
        const auto named = status_of(path);
        if (named && named->st_dev == held.st_dev && named->st_ino == held.st_ino) return Lock{std::move(file)};
    }
}

}  // namespace mediaferry::files
