// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/files/calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"

namespace mediaferry::files::calls {

void FreeAligned::operator()(char* memory) const { std::free(memory); }

Buffer aligned_block() {
    auto* memory = static_cast<char*>(std::aligned_alloc(kAlignment, kBlock));
    if (memory == nullptr) throw std::bad_alloc();
    return Buffer{memory};
}

Descriptor open_file(const fs::path& path, int flags, mode_t mode) {
    const int fd = open_path(path, flags, mode);
    if (fd < 0) throw_errno(errno, (flags & O_CREAT) != 0 ? "cannot create" : "cannot open", path.string());
    return Descriptor{fd};
}

ssize_t read_at(int fd, char* into, std::size_t size, off_t offset) {
    for (;;) {
        const ssize_t got = ::pread(fd, into, size, offset);
        if (got >= 0 || errno != EINTR) return got;
    }
}

void write_all(int fd, std::string_view bytes, const std::string& name_for_errors) {
    while (!bytes.empty()) {
        const ssize_t written = MF_AROUND("files.write", ::write(fd, bytes.data(), bytes.size()));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) throw_errno(written < 0 ? errno : EIO, "cannot write", name_for_errors);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

void sync(int fd, const std::string& name_for_errors) {
    while (MF_AROUND("files.fsync", ::fsync(fd)) != 0) {
        if (errno != EINTR) throw_errno(errno, "cannot flush to storage", name_for_errors);
    }
}

void set_modified(int fd, timespec modified, const std::string& name_for_errors) {
    const timespec times[2] = {{0, UTIME_OMIT}, modified};
    // Some shares keep their own times. The bytes are what counts.
    if (MF_AROUND("files.set_time", ::futimens(fd, times)) != 0 && errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP) {
        throw_errno(errno, "cannot set the time of", name_for_errors);
    }
}

std::string read_whole(int fd, std::size_t limit, const std::string& name_for_errors) {
    std::string content;
    char block[16384];
    for (;;) {
        const ssize_t got = read_at(fd, block, sizeof block, static_cast<off_t>(content.size()));
        if (got < 0) throw_errno(errno, "cannot read", name_for_errors);
        if (got == 0) return content;
        content.append(block, static_cast<std::size_t>(got));
        if (content.size() > limit) {
            throw TransientError{"file.too_large",
                                 name_for_errors + " is longer than " + std::to_string(limit) + " bytes: it is not the file that belongs there"};
        }
    }
}

namespace {

bool same_file(int directory_a, const std::string& a, int directory_b, const std::string& b) {
    struct stat first {
    }, second{};
    return ::fstatat(directory_a, a.c_str(), &first, AT_SYMLINK_NOFOLLOW) == 0 &&
           ::fstatat(directory_b, b.c_str(), &second, AT_SYMLINK_NOFOLLOW) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

void rename_new(int from_directory, const std::string& from, int to_directory, const std::string& to, const std::string& name_for_errors) {
    if (MF_AROUND("files.rename", ::renameat2(from_directory, from.c_str(), to_directory, to.c_str(), RENAME_NOREPLACE)) == 0) return;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) throw_errno(errno, "cannot rename to", name_for_errors);
    if (MF_AROUND("files.rename.by_link", ::linkat(from_directory, from.c_str(), to_directory, to.c_str(), 0)) != 0) {
        const int why = errno;
        // NFS may report EEXIST for a link that its own first, unanswered request has made.
        const bool ours = why == EEXIST && same_file(from_directory, from, to_directory, to);
        if (!ours) throw_errno(why, "cannot rename without overwriting to", name_for_errors);
    }
    if (MF_AROUND("files.rename.unlink_old", ::unlinkat(from_directory, from.c_str(), 0)) != 0 && errno != ENOENT)
        throw_errno(errno, "cannot remove the old name of", name_for_errors);
}

}  // namespace mediaferry::files::calls
