// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {
namespace {

bool lives_in_memory(int fd) {
    struct statfs about {};
    if (::fstatfs(fd, &about) != 0) return false;
    return about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC;
}

/// Whether no page of the file is in the page cache. A mapping pins nothing until it is touched, but a live one stops a later eviction,
/// so it is gone before this returns. The kernel answers "all of them" to those who may not know: then this says false.
bool absent_from_cache(int fd, std::uint64_t size) {
    constexpr std::uint64_t kWindow = 1ULL << 30;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> present;
    for (std::uint64_t at = 0; at < size; at += kWindow) {
        const std::size_t length = static_cast<std::size_t>(std::min(kWindow, size - at));
        void* mapping = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(at));
        if (mapping == MAP_FAILED) return false;
        present.assign((length + page - 1) / page, 1);
        const int answer = ::mincore(mapping, length, present.data());
        ::munmap(mapping, length);
        if (answer != 0 || std::any_of(present.begin(), present.end(), [](unsigned char bits) { return (bits & 1) != 0; })) return false;
    }
    return true;
}

/// Drops the cached pages: they would vouch for bytes that the storage never took. Dirty pages cannot be dropped: only then, a flush first. (One
/// that is not needed costs as much as all the rest of a small file.)
bool evict(int fd, std::uint64_t size, const std::string& name) {
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (attempt > 0 && ::fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != EINTR) throw_errno(errno, "cannot flush to storage", name);
        ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        if (absent_from_cache(fd, size)) return true;
        if (attempt == 0) continue;
        // Another processor may hold a page for a moment (read-ahead, a pending list); it lets go by itself.
        const timespec moment{0, 5'000'000L << (attempt - 1)};
        ::nanosleep(&moment, nullptr);
    }
    return false;
}

/// Whether the kernel vouches that O_DIRECT on this very file goes to the device (statx, Linux 6.1). Many file systems accept the flag
/// and read through the cache all the same: tmpfs, btrfs with compression, ext4 with data journalling.
bool direct_is_honest(int fd) {
#ifdef STATX_DIOALIGN
    struct statx answer {};
    return ::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &answer) == 0 && (answer.stx_mask & STATX_DIOALIGN) != 0 &&
           answer.stx_dio_offset_align != 0;
#else
    (void)fd;
    return false;
#endif
}

void leave_direct(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags & ~O_DIRECT);
}

struct Reading {
    Digests digests;
    bool all_direct = false;
};

Reading read_all(int fd, std::uint64_t size, bool direct, const std::string& name, const std::function<bool()>& stop) {
    thread_local const auto block = calls::aligned_block();
    Digester digester{Checksums::sha256_only};
    Reading reading;
    reading.all_direct = direct;
    for (off_t at = 0;;) {
        if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while reading back " + name};
        // A short read may leave an odd offset, at the end of the file or after a signal; O_DIRECT cannot go on from there.
        const bool aligned = at % static_cast<off_t>(calls::kAlignment) == 0;
        if (direct && !aligned) {
            leave_direct(fd);
            direct = false;
        }
        // Not more than is left, rounded up: the kernel pins and clears all of a direct reading's memory, and for a small file that is most of the work.
        const auto left = static_cast<std::uint64_t>(at) < size ? size - static_cast<std::uint64_t>(at) : 0;
        const auto wanted = std::min<std::uint64_t>(calls::kBlock, (left / calls::kAlignment + 1) * calls::kAlignment);
        const ssize_t got = calls::read_at(fd, block.get(), wanted, at);
        if (got < 0 && errno == EINVAL && direct) {
            leave_direct(fd);
            direct = reading.all_direct = false;
            continue;
        }
        if (got < 0) throw_errno(errno, "cannot read back", name);
        if (got == 0) break;
        if (!aligned) reading.all_direct = false;
        digester.add({block.get(), static_cast<std::size_t>(got)});
        at += got;
    }
    reading.digests = digester.take();
    return reading;
}

}  // namespace

ReadBack read_back(const Tree& tree, const fs::path& name, const std::function<bool()>& stop) {
    const std::string shown = (tree.root() / name).string();
    calls::open_regular(tree.descriptor(), name, shown);  // a socket there says "no such device", which would look like a share that is gone
    int fd = calls::open_beneath(tree.descriptor(), name, O_RDONLY | O_NONBLOCK | O_DIRECT);
    const bool direct = fd >= 0;
    if (fd < 0 && errno == EINVAL) fd = calls::open_beneath(tree.descriptor(), name, O_RDONLY | O_NONBLOCK);
    if (fd < 0) throw_errno(errno, "cannot open", shown);
    const Descriptor file{fd};
    struct stat about {};
    if (::fstat(fd, &about) != 0) throw_errno(errno, "cannot look at", shown);
    if (!S_ISREG(about.st_mode)) throw TransientError{"file.refused", shown + " is not a regular file"};

    const bool memory = lives_in_memory(fd);
    const bool evicted = !memory && evict(fd, static_cast<std::uint64_t>(about.st_size), shown);
    const Reading reading = read_all(fd, static_cast<std::uint64_t>(about.st_size), direct && !memory, shown, stop);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);

    ReadBack result;
    result.digests = reading.digests;
    result.past_the_cache = !memory && (evicted || (reading.all_direct && direct_is_honest(fd)));
    result.method = memory ? "memory" : goes_through_fuse(fd) ? "server" : reading.all_direct ? "direct" : evicted ? "evicted" : "cached";
    return result;
}

}  // namespace mediaferry::files
