// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded into mediaferry by the fault campaign (tests/faults): counts the system calls that change something and spoils the k-th.
//
//   MEDIAFERRY_FAULT        what:k[:sticky][:path]   the k-th counted call whose path contains `path`; sticky: every one from then on
//     kill | kill_after     SIGKILL before or after the call;  torn: half of the bytes of a write, then SIGKILL
//     pause                 SIGSTOP before the call, for a world that changes meanwhile
//     EIO, ENOSPC, …        the call fails and does nothing;  EIO_after, …: it is done and then fails (an NFS request sent twice)
//     short                 a write writes half
//     read_EIO, read_ESTALE the k-th read of a file fails;  read_flip: one bit of what it returns is turned over
//     close_EIO, …          the k-th close of a file that was open for writing is done and fails (what a NAS could not write comes then)
//     recv_ECONNRESET, …    the k-th answer read from a socket fails;  recv_short: it ends there, as if the other side had hung up
//   MEDIAFERRY_FAULT_CLOCK  seconds[@k]: the wall clock is wrong by so much, from the k-th counted call on
//   MEDIAFERRY_FAULT_HURRY  a whole number: whoever sleeps for a time sleeps for so many times less (a trial is not to wait for a stand-in)
//   MEDIAFERRY_FAULT_NOSYNC set: fsync does nothing and says that it did (to see that a power cut would be noticed)
//   MEDIAFERRY_FAULT_UNDER  ':'-separated path prefixes of the files that count ("socket:" for what is sent)
//   MEDIAFERRY_FAULT_IN     only in a process whose command line contains this
//   MEDIAFERRY_FAULT_LOG    file to which every counted call is appended
//   MEDIAFERRY_FAULT_ORDER  set: that log has a line "0@<process> from <path>" before each rename and link, too
//
// Only a process called mediaferry is touched, and not what it forks before its exec. Written without allocations: it runs inside malloc's callers.

#include "call.h"

namespace {

template <class Do>
auto on_path(const char* operation, int directory, const char* name, Do&& work) {
    using Result = decltype(work());
    if (plan.pid == 0) return work();
    const Path path{directory, name};
    const Call call{operation, path.text};
    return call.fails() ? call.failed<Result>() : call.after(work());
}

template <class Do>
auto on_fd(const char* operation, int fd, Do&& work) {
    using Result = decltype(work());
    if (plan.pid == 0) return work();
    const Path path{fd};
    const Call call{operation, path.text};
    return call.fails() ? call.failed<Result>() : call.after(work());
}

template <class Do>
ssize_t on_write(int fd, size_t size, Do&& work, const char* operation = "write") {
    if (plan.pid == 0) return work(size);
    const Path path{fd};
    const Call call{operation, path.text};
    return call.fails() ? call.failed<ssize_t>() : call.written(work(call.part_of(size)));
}

template <class Do>
ssize_t on_read(int fd, void* into, Do&& work) {
    if (plan.pid == 0 || (plan.what != What::read_error && plan.what != What::read_flip)) return work();
    const Path path{fd};
    const Call call{"read", path.text, true};
    if (call.fails()) return call.failed<ssize_t>();
    const ssize_t got = work();
    if (call.flips() && got > 0) static_cast<char*>(into)[got / 2] ^= 4;
    return got;
}

/// A log of the order of things needs to know what was given a new name.
void note_origin(int directory, const char* name) {
    static const bool wanted = getenv("MEDIAFERRY_FAULT_ORDER") != nullptr;
    if (!wanted || plan.log < 0 || ::getpid() != plan.pid) return;
    char line[2200];
    const Path path{directory, name};
    const int length = snprintf(line, sizeof line, "0@%d from %s\n", plan.pid, path.text);
    ::syscall(SYS_write, plan.log, line, length);
}

bool creates(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TRUNC) != 0; }

mode_t mode_in(int flags, va_list list) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(list, int)) : 0; }

}  // namespace

#define MODE_OF(flags)                        \
    va_list list;                             \
    va_start(list, flags);                    \
    const mode_t mode = mode_in(flags, list); \
    va_end(list)

extern "C" {

int open(const char* name, int flags, ...) {
    MODE_OF(flags);
    static const auto next = REAL(open);
    return creates(flags) ? on_path("open", AT_FDCWD, name, [&] { return next(name, flags, mode); }) : next(name, flags, mode);
}
int open64(const char* name, int flags, ...) {
    MODE_OF(flags);
    static const auto next = REAL(open64);
    return creates(flags) ? on_path("open", AT_FDCWD, name, [&] { return next(name, flags, mode); }) : next(name, flags, mode);
}
int openat(int directory, const char* name, int flags, ...) {
    MODE_OF(flags);
    static const auto next = REAL(openat);
    return creates(flags) ? on_path("open", directory, name, [&] { return next(directory, name, flags, mode); }) : next(directory, name, flags, mode);
}
int openat64(int directory, const char* name, int flags, ...) {
    MODE_OF(flags);
    static const auto next = REAL(openat64);
    return creates(flags) ? on_path("open", directory, name, [&] { return next(directory, name, flags, mode); }) : next(directory, name, flags, mode);
}

long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long given[6];
    for (auto& one : given) one = va_arg(list, long);
    va_end(list);
    static const auto next = REAL(syscall);
    const auto work = [&] { return next(number, given[0], given[1], given[2], given[3], given[4], given[5]); };
    if (number != SYS_openat2 || !creates(static_cast<int>(reinterpret_cast<const struct open_how*>(given[2])->flags))) return work();
    return on_path("open", static_cast<int>(given[0]), reinterpret_cast<const char*>(given[1]), work);
}

ssize_t write(int fd, const void* from, size_t size) {
    static const auto next = REAL(write);
    return on_write(fd, size, [&](size_t part) { return next(fd, from, part); });
}
ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
    static const auto next = REAL(pwrite);
    return on_write(fd, size, [&](size_t part) { return next(fd, from, part, at); });
}
ssize_t pwrite64(int fd, const void* from, size_t size, off64_t at) {
    static const auto next = REAL(pwrite64);
    return on_write(fd, size, [&](size_t part) { return next(fd, from, part, at); });
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
    static const auto next = REAL(writev);
    return on_write(fd, 0, [&](size_t) { return next(fd, parts, count); });
}
ssize_t send(int fd, const void* from, size_t size, int flags) {
    static const auto next = REAL(send);
    return on_write(
        fd, size, [&](size_t part) { return next(fd, from, part, flags); }, "send");
}

ssize_t read(int fd, void* into, size_t size) {
    static const auto next = REAL(read);
    return on_read(fd, into, [&] { return next(fd, into, size); });
}
ssize_t pread(int fd, void* into, size_t size, off_t at) {
    static const auto next = REAL(pread);
    return on_read(fd, into, [&] { return next(fd, into, size, at); });
}
ssize_t pread64(int fd, void* into, size_t size, off64_t at) {
    static const auto next = REAL(pread64);
    return on_read(fd, into, [&] { return next(fd, into, size, at); });
}

ssize_t recv(int fd, void* into, size_t size, int flags) {
    static const auto next = REAL(recv);
    if (plan.pid == 0 || (plan.what != What::recv_error && plan.what != What::recv_short)) return next(fd, into, size, flags);
    const Path path{fd};
    const Call call{"recv", path.text, true};
    if (call.fails()) return call.failed<ssize_t>();
    return call.ends() ? 0 : next(fd, into, size, flags);
}

int close(int fd) {
    static const auto next = REAL(close);
    if (plan.pid == 0 || plan.what != What::close_error || (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) return next(fd);
    const Path path{fd};
    const Call call{"close", path.text, true};
    const int result = next(fd);
    return call.fails() ? call.failed<int>() : result;
}

int nanosleep(const struct timespec* asked, struct timespec* left) {
    static const auto next = REAL(nanosleep);
    if (plan.pid == 0 || plan.hurry <= 1) return next(asked, left);
    const long nanoseconds = (asked->tv_sec * 1'000'000'000L + asked->tv_nsec) / plan.hurry;
    const struct timespec shorter{nanoseconds / 1'000'000'000L, nanoseconds % 1'000'000'000L};
    return next(&shorter, left);
}

int clock_gettime(clockid_t which, struct timespec* into) {
    static const auto next = REAL(clock_gettime);
    const int result = next(which, into);
    if (result == 0 && which == CLOCK_REALTIME && plan.pid != 0 && plan.counted >= plan.clock_at) into->tv_sec += plan.clock_off;
    return result;
}

int fsync(int fd) {
    static const auto next = REAL(fsync);
    if (plan.lying_fsync && plan.pid != 0) return on_fd("fsync", fd, [] { return 0; });
    return on_fd("fsync", fd, [&] { return next(fd); });
}
int fdatasync(int fd) {
    static const auto next = REAL(fdatasync);
    if (plan.lying_fsync && plan.pid != 0) return on_fd("fsync", fd, [] { return 0; });
    return on_fd("fsync", fd, [&] { return next(fd); });
}
int ftruncate(int fd, off_t size) {
    static const auto next = REAL(ftruncate);
    return on_fd("truncate", fd, [&] { return next(fd, size); });
}
int ftruncate64(int fd, off64_t size) {
    static const auto next = REAL(ftruncate64);
    return on_fd("truncate", fd, [&] { return next(fd, size); });
}
int futimens(int fd, const struct timespec times[2]) {
    static const auto next = REAL(futimens);
    return on_fd("times", fd, [&] { return next(fd, times); });
}
int utimensat(int directory, const char* name, const struct timespec times[2], int flags) {
    static const auto next = REAL(utimensat);
    return on_path("times", directory, name, [&] { return next(directory, name, times, flags); });
}
ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t size, unsigned flags) {
    static const auto next = REAL(copy_file_range);
    return on_write(to, size, [&](size_t part) { return next(from, from_at, to, to_at, part, flags); });
}
int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void* given = va_arg(list, void*);
    va_end(list);
    static const auto next = REAL(ioctl);
    return request == FICLONE ? on_fd("clone", fd, [&] { return next(fd, request, given); }) : next(fd, request, given);
}

int rename(const char* from, const char* to) {
    note_origin(AT_FDCWD, from);
    static const auto next = REAL(rename);
    return on_path("rename", AT_FDCWD, to, [&] { return next(from, to); });
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) {
    note_origin(from_directory, from);
    static const auto next = REAL(renameat);
    return on_path("rename", to_directory, to, [&] { return next(from_directory, from, to_directory, to); });
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
    note_origin(from_directory, from);
    static const auto next = REAL(renameat2);
    return on_path("rename", to_directory, to, [&] { return next(from_directory, from, to_directory, to, flags); });
}
int link(const char* from, const char* to) {
    note_origin(AT_FDCWD, from);
    static const auto next = REAL(link);
    return on_path("link", AT_FDCWD, to, [&] { return next(from, to); });
}
int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
    note_origin(from_directory, from);
    static const auto next = REAL(linkat);
    return on_path("link", to_directory, to, [&] { return next(from_directory, from, to_directory, to, flags); });
}
int unlink(const char* name) {
    static const auto next = REAL(unlink);
    return on_path("unlink", AT_FDCWD, name, [&] { return next(name); });
}
int unlinkat(int directory, const char* name, int flags) {
    static const auto next = REAL(unlinkat);
    return on_path("unlink", directory, name, [&] { return next(directory, name, flags); });
}
int remove(const char* name) {
    static const auto next = REAL(remove);
    return on_path("unlink", AT_FDCWD, name, [&] { return next(name); });
}
int rmdir(const char* name) {
    static const auto next = REAL(rmdir);
    return on_path("rmdir", AT_FDCWD, name, [&] { return next(name); });
}
int mkdir(const char* name, mode_t mode) {
    static const auto next = REAL(mkdir);
    return on_path("mkdir", AT_FDCWD, name, [&] { return next(name, mode); });
}
int mkdirat(int directory, const char* name, mode_t mode) {
    static const auto next = REAL(mkdirat);
    return on_path("mkdir", directory, name, [&] { return next(directory, name, mode); });
}

}  // extern "C"
