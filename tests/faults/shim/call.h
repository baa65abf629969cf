#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the shim was told to do, and one counted call: whether it is the one to spoil.

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

enum class What { none, kill, kill_after, torn, pause, error, error_after, short_write, read_error, read_flip, close_error, recv_error, recv_short };

struct Plan {
    What what = What::none;
    int error = 0;
    long at = 0;
    bool sticky = false;
    char path[256] = "";
    char under[2048] = "";
    int log = -1;
    pid_t pid = 0;
    long clock_off = 0, clock_at = 0;  // seconds that the wall clock is wrong by, from the k-th counted call on
    bool lying_fsync = false;
    long hurry = 1;  // how many times shorter a sleep is
    std::atomic<long> counted{0}, reads{0};
};
Plan plan;

constexpr struct {
    const char* name;
    int number;
} kErrors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC},         {"EDQUOT", EDQUOT},      {"EROFS", EROFS}, {"EINTR", EINTR},
               {"ESTALE", ESTALE}, {"EACCES", EACCES},         {"EPERM", EPERM},        {"EXDEV", EXDEV}, {"EOPNOTSUPP", EOPNOTSUPP},
               {"EBUSY", EBUSY},   {"ECONNRESET", ECONNRESET}, {"ETIMEDOUT", ETIMEDOUT}};

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
    if (is("recv_short")) plan.what = What::recv_short;
    if (plan.what == What::none) {
        if (length > 6 && strncmp(text + length - 6, "_after", 6) == 0) {
            plan.what = What::error_after;
            plan.error = number_of(text, length - 6);
        } else if (length > 5 && strncmp(text, "read_", 5) == 0) {
            plan.what = What::read_error;
            plan.error = number_of(text + 5, length - 5);
        } else if (length > 6 && strncmp(text, "close_", 6) == 0) {
            plan.what = What::close_error;
            plan.error = number_of(text + 6, length - 6);
        } else if (length > 5 && strncmp(text, "recv_", 5) == 0) {
            plan.what = What::recv_error;
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
    if (const char* off = getenv("MEDIAFERRY_FAULT_CLOCK")) {
        char* rest = nullptr;
        plan.clock_off = strtol(off, &rest, 10);
        plan.clock_at = *rest == '@' ? strtol(rest + 1, nullptr, 10) : 0;
    }
    if (const char* hurry = getenv("MEDIAFERRY_FAULT_HURRY")) plan.hurry = strtol(hurry, nullptr, 10);
    plan.lying_fsync = getenv("MEDIAFERRY_FAULT_NOSYNC") != nullptr;
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
        // Counted by themselves: reads of files, closes, answers.
        const bool for_reads = plan.what == What::read_error || plan.what == What::read_flip || plan.what == What::close_error ||
                               plan.what == What::recv_error || plan.what == What::recv_short;
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
    bool fails() const { return what_ == What::error || what_ == What::read_error || what_ == What::close_error || what_ == What::recv_error; }
    bool ends() const { return what_ == What::recv_short; }
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
        const int length = snprintf(line, sizeof line, "%ld@%d %s %s\n", number, plan.pid, operation, path);
        ::syscall(SYS_write, plan.log, line, length);
    }
    What what_ = What::none;
};

struct Path {
    char text[2048];
    explicit Path(int fd) { path_of(fd, text, sizeof text); }
    Path(int directory, const char* name) { path_at(directory, name, text, sizeof text); }
};

}  // namespace
