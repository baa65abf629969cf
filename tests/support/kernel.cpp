// SPDX-License-Identifier: GPL-3.0-or-later
// The functions of these names here are found before the C library's, by the program and by the libraries that it loads.
#include "tests/support/kernel.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace mediaferry::test {
namespace {

struct Flush {
    dev_t device;
    ino_t inode;
    bool writer;
};

struct Between {
    std::mutex mutex;
    bool watching = false, nothing_vouched_for = false, blocks_shared = false, read_only = false, no_safe_rename = false;
    long magic = 0;
    std::optional<Bytes> free;
    std::vector<Flush> flushes;
    std::optional<std::pair<dev_t, ino_t>> awaited;
    std::function<void()> then;
};

Between& between() {
    static auto* it = new Between;  // outlives whatever flushes at the end of the program
    return *it;
}

int flushed(long call, int fd) {
    const auto answer = static_cast<int>(::syscall(call, fd));
    struct stat about {};
    std::function<void()> then;
    {
        const std::lock_guard guard{between().mutex};
        if (answer != 0 || !between().watching || ::fstat(fd, &about) != 0) return answer;
        between().flushes.push_back({about.st_dev, about.st_ino, (::fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY});
        if (between().awaited == std::pair{about.st_dev, about.st_ino}) then = std::exchange(between().then, nullptr);
    }
    if (then) then();
    return answer;
}

int copied(int from, int to) {
    struct stat about {};
    if (::fstat(from, &about) != 0) return -1;
    off_t at = 0;
    while (at < about.st_size)
        if (::sendfile(to, from, &at, static_cast<std::size_t>(about.st_size - at)) <= 0) return -1;
    return 0;
}

int coloured(int answer, struct statvfs* about) {
    if (answer != 0) return answer;
    if (const auto& free = between().free) about->f_bavail = std::min<fsblkcnt_t>(about->f_bavail, free->count / about->f_frsize);
    if (between().read_only) about->f_flag |= ST_RDONLY;
    return answer;
}

template <class Which>
bool any_flush(const fs::path& path, Which which) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return false;
    const std::lock_guard guard{between().mutex};
    return std::ranges::any_of(between().flushes,
                               [&](const Flush& one) { return one.device == about.st_dev && one.inode == about.st_ino && which(one); });
}

}  // namespace

Flushes::Flushes() {
    const std::lock_guard guard{between().mutex};
    between().flushes.clear();
    between().watching = true;
}
Flushes::Flushes(const fs::path& of, std::function<void()> then) : Flushes() {
    struct stat about {};
    const std::lock_guard guard{between().mutex};
    if (::stat(of.c_str(), &about) == 0) between().awaited = {about.st_dev, about.st_ino};
    between().then = std::move(then);
}
Flushes::~Flushes() {
    const std::lock_guard guard{between().mutex};
    between().awaited.reset();
    between().then = nullptr;
    between().watching = false;
}
bool Flushes::of(const fs::path& path) const {
    return any_flush(path, [](const Flush&) { return true; });
}
bool Flushes::by_writer_of(const fs::path& path) const {
    return any_flush(path, [](const Flush& one) { return one.writer; });
}

EverythingLiesOn::EverythingLiesOn(long magic) { between().magic = magic; }
EverythingLiesOn::~EverythingLiesOn() { between().magic = 0; }

NoSafeRename::NoSafeRename() { between().no_safe_rename = true; }
NoSafeRename::~NoSafeRename() { between().no_safe_rename = false; }

DisksSayReadOnly::DisksSayReadOnly() { between().read_only = true; }
DisksSayReadOnly::~DisksSayReadOnly() { between().read_only = false; }

NearlyFull::NearlyFull(Bytes free) { between().free = free; }
NearlyFull::~NearlyFull() { between().free.reset(); }

BlocksAreShared::BlocksAreShared() { between().blocks_shared = true; }
BlocksAreShared::~BlocksAreShared() { between().blocks_shared = false; }

DirectIsNotVouchedFor::DirectIsNotVouchedFor() { between().nothing_vouched_for = true; }
DirectIsNotVouchedFor::~DirectIsNotVouchedFor() { between().nothing_vouched_for = false; }

}  // namespace mediaferry::test

extern "C" {

int fsync(int fd) { return mediaferry::test::flushed(SYS_fsync, fd); }
int fdatasync(int fd) { return mediaferry::test::flushed(SYS_fdatasync, fd); }

int statfs(const char* path, struct statfs* about) noexcept {
    const auto answer = static_cast<int>(::syscall(SYS_statfs, path, about));
    if (answer == 0 && mediaferry::test::between().magic != 0) about->f_type = mediaferry::test::between().magic;
    return answer;
}

int fstatfs(int fd, struct statfs* about) noexcept {
    const auto answer = static_cast<int>(::syscall(SYS_fstatfs, fd, about));
    if (answer == 0 && mediaferry::test::between().magic != 0) about->f_type = mediaferry::test::between().magic;
    return answer;
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) noexcept {
    if (flags != 0 && mediaferry::test::between().no_safe_rename) return errno = EINVAL, -1;
    return static_cast<int>(::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags));
}

int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) noexcept {
    if (mediaferry::test::between().no_safe_rename) return errno = EPERM, -1;
    return static_cast<int>(::syscall(SYS_linkat, from_directory, from, to_directory, to, flags));
}

int statvfs(const char* path, struct statvfs* about) noexcept {
    static const auto next = reinterpret_cast<int (*)(const char*, struct statvfs*)>(::dlsym(RTLD_NEXT, "statvfs"));
    return mediaferry::test::coloured(next(path, about), about);
}
int fstatvfs(int fd, struct statvfs* about) noexcept {
    static const auto next = reinterpret_cast<int (*)(int, struct statvfs*)>(::dlsym(RTLD_NEXT, "fstatvfs"));
    return mediaferry::test::coloured(next(fd, about), about);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
    va_list list;
    va_start(list, request);
    void* given = va_arg(list, void*);
    va_end(list);
    if (request == FICLONE && mediaferry::test::between().blocks_shared)
        return mediaferry::test::copied(static_cast<int>(reinterpret_cast<std::intptr_t>(given)), fd);
    return static_cast<int>(::syscall(SYS_ioctl, fd, request, given));
}

int statx(int directory, const char* path, int flags, unsigned mask, struct statx* about) noexcept {
    const auto answer = static_cast<int>(::syscall(SYS_statx, directory, path, flags, mask, about));
#ifdef STATX_DIOALIGN
    if (answer == 0 && mediaferry::test::between().nothing_vouched_for) about->stx_mask &= ~static_cast<unsigned>(STATX_DIOALIGN);
#endif
    return answer;
}

}  // extern "C"
