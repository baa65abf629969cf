// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded into mediaferry by the fault campaign (tests/faults): counts the system calls that change something and spoils the k-th.
//
//   MEDIAFERRY_FAULT        what:k[:sticky][:path]   the k-th counted call whose path contains `path`; sticky: every one from then on
//     kill | kill_after     SIGKILL before or after the call;  torn: half of the bytes of a write, then SIGKILL
//     pause                 SIGSTOP before the call, for a world that changes meanwhile
//     EIO, ENOSPC, …        the call fails and does nothing;  EIO_after, …: it is done and then fails (an NFS request sent twice)
//     short                 a write writes half
//     read_EIO, read_ESTALE the k-th read of a file fails;  read_flip: one bit of what it returns is turned over
//   MEDIAFERRY_FAULT_UNDER  ':'-separated path prefixes of the files that count ("socket:" for what is sent)
//   MEDIAFERRY_FAULT_IN     only in a process whose command line contains this
//   MEDIAFERRY_FAULT_LOG    file to which every counted call is appended
//
// Only a process called mediaferry is touched, and not what it forks before its exec. Written without allocations: it runs inside malloc's callers.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

enum class What { none, kill, kill_after, torn, pause, error, error_after, short_write, read_error, read_flip };

struct Plan {
    What what = What::none;
    int error = 0;
    long at = 0;
    bool sticky = false;
    char path[256] = "";
    char under[2048] = "";
    int log = -1;
    pid_t pid = 0;
    std::atomic<long> counted{0}, reads{0};
};
Plan plan;

constexpr struct {
    const char* name;
    int number;
} kErrors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},           {"EINTR", EINTR}, {"ESTALE", ESTALE},
               {"EACCES", EACCES}, {"EPERM", EPERM},   {"EXDEV", EXDEV},   {"EOPNOTSUPP", EOPNOTSUPP}, {"EBUSY", EBUSY}};

template <class F>
F real(const char* name) {
    return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) real<decltype(&::name)>(#name)

int number_of(const char* word, size_t length) {
    for (const auto& one : kErrors)
        if (strlen(one.name) == length && strncmp(one.name, word, length) == 0) return one.number;
    return 0;
}

void understand(const char* text) {
    const char* colon = strchr(text, ':');
    if (colon == nullptr) return;
    const auto length = static_cast<size_t>(colon - text);
    const auto is = [&](const char* word) { return strlen(word) == length && strncmp(text, word, length) == 0; };
    if (is("kill")) plan.what = What::kill;
    if (is("kill_after")) plan.what = What::kill_after;
    if (is("torn")) plan.what = What::torn;
    if (is("pause")) plan.what = What::pause;
    if (is("short")) plan.what = What::short_write;
    if (is("read_flip")) plan.what = What::read_flip;
    if (plan.what == What::none) {
        if (length > 6 && strncmp(text + length - 6, "_after", 6) == 0) {
            plan.what = What::error_after;
            plan.error = number_of(text, length - 6);
        } else if (length > 5 && strncmp(text, "read_", 5) == 0) {
            plan.what = What::read_error;
            plan.error = number_of(text + 5, length - 5);
        } else {
            plan.what = What::error;
            plan.error = number_of(text, length);
        }
        if (plan.error == 0) {
            fprintf(stderr, "fault shim: not a fault: %s\n", text);
            _exit(99);
        }
    }
    char* rest = nullptr;
    plan.at = strtol(colon + 1, &rest, 10);
    if (strncmp(rest, ":sticky", 7) == 0) {
        plan.sticky = true;
        rest += 7;
    }
    if (*rest == ':') snprintf(plan.path, sizeof plan.path, "%s", rest + 1);
}

bool told_of(const char* wanted) {
    char line[4096];
    const int fd = REAL(open)("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = ::syscall(SYS_read, fd, line, sizeof line - 1);
    ::syscall(SYS_close, fd);
    if (got < 0) got = 0;
    line[got] = 0;
    for (ssize_t i = 0; i < got; ++i)
        if (line[i] == 0) line[i] = ' ';
    return strstr(line, wanted) != nullptr;
}

__attribute__((constructor)) void begin() {
    char self[1024];
    const auto length = ::readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) return;
    self[length] = 0;
    const char* name = strrchr(self, '/');
    if (name == nullptr || strcmp(name + 1, "mediaferry") != 0) return;
    if (const char* in = getenv("MEDIAFERRY_FAULT_IN"); in != nullptr && !told_of(in)) return;
    snprintf(plan.under, sizeof plan.under, "%s", getenv("MEDIAFERRY_FAULT_UNDER") != nullptr ? getenv("MEDIAFERRY_FAULT_UNDER") : "/");
    if (const char* fault = getenv("MEDIAFERRY_FAULT")) understand(fault);
    if (const char* log = getenv("MEDIAFERRY_FAULT_LOG")) plan.log = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    plan.pid = ::getpid();
}

bool counts(const char* path) {
    for (const char* at = plan.under; *at != 0;) {
        const char* end = strchrnul(at, ':');
        size_t length = static_cast<size_t>(end - at);
        if (strncmp(at, "socket:", 7) == 0) {  // the word's own colon
            length = 7;
            end = at + 6;
        }
        if (length > 0 && strncmp(path, at, length) == 0) return true;
        at = *end == 0 ? end : end + 1;
    }
    return false;
}

void path_of(int fd, char* into, size_t size) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const auto length = ::readlink(link, into, size - 1);
    into[length > 0 ? length : 0] = 0;
}

void path_at(int directory, const char* name, char* into, size_t size) {
    if (name == nullptr) name = "";
    if (name[0] == '/') {
        snprintf(into, size, "%s", name);
        return;
    }
    char base[1024] = "";
    if (directory == AT_FDCWD) {
        if (::getcwd(base, sizeof base) == nullptr) base[0] = 0;
    } else {
        path_of(directory, base, sizeof base);
    }
    snprintf(into, size, "%s/%s", base, name);
}

/// One counted call: what is to become of it.
class Call {
public:
    Call(const char* operation, const char* path, bool reads = false) {
        if (plan.pid == 0 || ::getpid() != plan.pid || !counts(path)) return;
        const bool for_reads = plan.what == What::read_error || plan.what == What::read_flip;
        if (plan.path[0] != 0 && strstr(path, plan.path) == nullptr) return;
        if (reads && !for_reads) return;
        const long number = reads ? ++plan.reads : ++plan.counted;
        if (plan.log >= 0) note(number, operation, path);
        if (reads != for_reads) return;
        if (plan.what == What::none || !(number == plan.at || (plan.sticky && number > plan.at))) return;
        what_ = plan.what;
        if (what_ == What::error && nothing_to_refuse(operation)) what_ = What::none;
        if (what_ == What::kill) die();
        if (what_ == What::pause) ::syscall(SYS_kill, plan.pid, SIGSTOP);
    }
    bool fails() const { return what_ == What::error || what_ == What::read_error; }
    bool flips() const { return what_ == What::read_flip; }
    template <class Result>
    Result failed() const {
        errno = plan.error;
        return static_cast<Result>(-1);
    }
    template <class Result>
    Result after(Result result) const {
        if (what_ == What::kill_after) die();
        if (what_ == What::error_after && result >= 0) return failed<Result>();
        return result;
    }
    size_t part_of(size_t size) const { return (what_ == What::short_write || what_ == What::torn) && size > 1 ? size / 2 : size; }
    template <class Result>
    Result written(Result result) const {
        if (what_ == What::torn) die();
        return after(result);
    }

private:
    [[noreturn]] static void die() {
        ::syscall(SYS_kill, plan.pid, SIGKILL);
        for (;;) ::syscall(SYS_pause);
    }
    /// A full disk refuses no removal, and nothing but reading, writing and waiting is interrupted.
    static bool nothing_to_refuse(const char* operation) {
        const bool removes = strncmp(operation, "unlink", 6) == 0 || strcmp(operation, "rmdir") == 0;
        if (plan.error == ENOSPC || plan.error == EDQUOT) return removes || strcmp(operation, "send") == 0;
        if (plan.error == EINTR) return strcmp(operation, "write") != 0 && strcmp(operation, "fsync") != 0 && strcmp(operation, "open") != 0;
        if (plan.error == EXDEV) return strcmp(operation, "rename") != 0 && strcmp(operation, "link") != 0;
        return strcmp(operation, "send") == 0;
    }
    static void note(long number, const char* operation, const char* path) {
        char line[1400];
        const int length = snprintf(line, sizeof line, "%ld %s %s\n", number, operation, path);
        ::syscall(SYS_write, plan.log, line, length);
    }
    What what_ = What::none;
};

struct Path {
    char text[2048];
    explicit Path(int fd) { path_of(fd, text, sizeof text); }
    Path(int directory, const char* name) { path_at(directory, name, text, sizeof text); }
};

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

int fsync(int fd) {
    static const auto next = REAL(fsync);
    return on_fd("fsync", fd, [&] { return next(fd); });
}
int fdatasync(int fd) {
    static const auto next = REAL(fdatasync);
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
    static const auto next = REAL(rename);
    return on_path("rename", AT_FDCWD, to, [&] { return next(from, to); });
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) {
    static const auto next = REAL(renameat);
    return on_path("rename", to_directory, to, [&] { return next(from_directory, from, to_directory, to); });
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
    static const auto next = REAL(renameat2);
    return on_path("rename", to_directory, to, [&] { return next(from_directory, from, to_directory, to, flags); });
}
int link(const char* from, const char* to) {
    static const auto next = REAL(link);
    return on_path("link", AT_FDCWD, to, [&] { return next(from, to); });
}
int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
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
