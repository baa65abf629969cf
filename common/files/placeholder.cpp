// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {

void make_placeholder(const fs::path& path, Bytes size, Timestamp modified) {
    const Tree directory = Tree::open(path.has_parent_path() ? path.parent_path() : fs::path{"."});
    const std::string unfinished = temporary_name();
    Descriptor file = directory.create_new(unfinished);
    try {
        if (MF_AROUND("files.placeholder.size", ::ftruncate(file.get(), static_cast<off_t>(size.count))) != 0)
            throw_errno(errno, "cannot make a placeholder for", path.string());
        calls::set_modified(file.get(), {modified.time_since_epoch().count(), 0}, path.string());
        calls::sync(file.get(), path.string());
        file.close_checked(path.string());
        if (MF_AROUND("files.placeholder.rename",
                      ::renameat(directory.descriptor(), unfinished.c_str(), directory.descriptor(), path.filename().c_str())) != 0) {
            throw_errno(errno, "cannot put a placeholder at", path.string());
        }
    } catch (...) {
        ::unlinkat(directory.descriptor(), unfinished.c_str(), 0);
        throw;
    }
    MF_AROUND("files.placeholder.fsync_folder", directory.sync_directory(""));
}

namespace {

bool is_zero(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

/// Whether the first `limit` bytes are zero.
bool begins_with_zeros(int fd, std::uint64_t limit, const fs::path& path) {
    const auto block = calls::aligned_block();
    for (std::uint64_t at = 0; at < limit;) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(calls::kBlock, limit - at));
        const ssize_t got = calls::read_at(fd, block.get(), wanted, static_cast<off_t>(at));
        if (got < 0) throw_errno(errno, "cannot read", path.string());
        if (got == 0) return true;
        if (!is_zero({block.get(), static_cast<std::size_t>(got)})) return false;
        at += static_cast<std::uint64_t>(got);
    }
    return true;
}

}  // namespace

bool looks_like_placeholder(const fs::path& path) {
    const auto about = status_of(path);
    // Up to 8 KiB of blocks may be extended attributes; more is content.
    if (!about || !S_ISREG(about->st_mode) || about->st_size == 0 || about->st_blocks > 16) return false;
    const Descriptor file = calls::open_regular(path);
    // Block counts and SEEK_DATA alone are no proof: small files live inside the inode, and OpenZFS before 2.2.2 calls fresh data a hole.
    // Reading does not lie, and no photo or film begins with 4 KiB of zeros.
    if (!begins_with_zeros(file.get(), 4096, path)) return false;
    if (::lseek(file.get(), 0, SEEK_DATA) < 0 && errno == ENXIO) return true;
    return about->st_blocks == 0 && begins_with_zeros(file.get(), static_cast<std::uint64_t>(about->st_size), path);
}

}  // namespace mediaferry::files
