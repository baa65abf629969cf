// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded into mediaferry by tests/faults/allocations.py: counts what main() and all below it ask of the heap and has the k-th request fail.
//
//   MEDIAFERRY_ALLOCATION          k[:sticky|:crash]  the k-th request gets nothing (ENOMEM); sticky: every one from then on; crash: it ends the process
//                                  as a fault of ours would (the campaign asks itself whether it would see that)
//   MEDIAFERRY_ALLOCATION_SITES    file: of every request from where it came, a number of 8 bytes in the order of the requests
//   MEDIAFERRY_ALLOCATION_TRACE    set: the one that fails tells on stderr from where it came
//   MEDIAFERRY_ALLOCATION_SERVER   in:out:directory  main() is not entered but waits before it: for each line read from the descriptor `in` (as
//                                  MEDIAFERRY_ALLOCATION) a copy of the process enters it, with the files out and err in the directory as its stdout and
//                                  stderr, and the copy's pid, then its wait status, are written to `out`. Saves the start, which is most of a short run
//
// A crash says on stderr from where it came. Only a process called mediaferry is touched, and not what it forks before its exec. What the loader and static initialisers ask for before main() is
// given: nothing is open then. Nothing in here asks for memory itself but backtrace(), whose first call is made before counting begins.

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

constexpr int kFrames = 14, kSkipped = 3;  // of ours and operator new

struct Plan {
    std::atomic<bool> counting{false};
    std::atomic<long> counted{0};
    long at = 0;
    bool sticky = false, crash = false, trace = false;
    int sites = -1;
    pid_t pid = 0;
};
Plan plan;
thread_local bool inside = false;

/// An address as the linker knows it: the same in every run, wherever the library was loaded.
uint64_t settled(void* address) {
    constexpr size_t kSize = 1 << 16;
    static struct {
        std::atomic<void*> address;
        uint64_t is;
    } known[kSize];
    const size_t at = (reinterpret_cast<uintptr_t>(address) * 0x9E3779B97F4A7C15ULL) >> 48;
    if (known[at].address.load() == address) return known[at].is;
    Dl_info about;
    uint64_t is = 1469598103934665603ULL;
    if (::dladdr(address, &about) != 0 && about.dli_fname != nullptr) {
        const char* slash = strrchr(about.dli_fname, '/');
        for (const char* c = slash != nullptr ? slash + 1 : about.dli_fname; *c != 0; ++c) is = (is ^ static_cast<uint64_t>(*c)) * 1099511628211ULL;
        is ^= reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(about.dli_fbase);
    }
    known[at].address = nullptr;
    known[at].is = is;
    known[at].address = address;
    return is;
}

void note_site() {
    void* frames[kFrames + kSkipped];
    const int depth = ::backtrace(frames, kFrames + kSkipped);
    uint64_t hash = 1469598103934665603ULL;
    for (int i = kSkipped; i < depth; ++i) hash = (hash ^ settled(frames[i])) * 1099511628211ULL;
    ::syscall(SYS_write, plan.sites, &hash, sizeof hash);
}

void tell_site() {
    char line[80];
    const int length = snprintf(line, sizeof line, "allocation %ld fails:\n", plan.at);
    ::syscall(SYS_write, 2, line, length);
    void* frames[48];
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 48), 2);
}

/// Counts a request; true: it is to fail.
bool fails() {
    if (!plan.counting.load(std::memory_order_relaxed) || inside) return false;
    inside = true;
    bool result = false;
    if (::getpid() == plan.pid) {
        const long number = ++plan.counted;
        if (plan.sites >= 0) note_site();
        result = plan.at > 0 && (number == plan.at || (plan.sticky && number > plan.at));
        if (result && plan.trace && number == plan.at) tell_site();
        if (result && plan.crash) ::raise(SIGSEGV);
    }
    inside = false;
    if (result) errno = ENOMEM;
    return result;
}

bool is_meant() {
    char text[4096];
    const auto length = ::readlink("/proc/self/exe", text, sizeof text - 1);
    if (length <= 0) return false;
    text[length] = 0;
    const char* name = strrchr(text, '/');
    return name != nullptr && strcmp(name + 1, "mediaferry") == 0;
}

/// A crash tells whose it is.
void tell_crash(int number) {
    plan.counting = false;
    static const char text[] = "crashed:\n";
    ::syscall(SYS_write, 2, text, sizeof text - 1);
    void* frames[48];
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 48), 2);
    ::signal(number, SIG_DFL);
    ::raise(number);
}

void begin() {
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(number, tell_crash);
    if (const char* given = getenv("MEDIAFERRY_ALLOCATION")) {
        char* rest = nullptr;
        plan.at = strtol(given, &rest, 10);
        plan.sticky = strcmp(rest, ":sticky") == 0;
        plan.crash = strcmp(rest, ":crash") == 0;
    }
    plan.trace = getenv("MEDIAFERRY_ALLOCATION_TRACE") != nullptr;
    if (const char* file = getenv("MEDIAFERRY_ALLOCATION_SITES")) plan.sites = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    for (const char* name : {"MEDIAFERRY_ALLOCATION_TRACE", "MEDIAFERRY_ALLOCATION_SITES", "MEDIAFERRY_ALLOCATION_SERVER"}) ::unsetenv(name);
    if (plan.at == 0) ::setenv("MEDIAFERRY_ALLOCATION", "0", 1);  // main() copies its environment: the same number of allocations always
    plan.pid = ::getpid();
    plan.counting = true;
}

void stands_for(int fd, const char* directory, const char* name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ::dup2(file, fd);
    ::close(file);
}

/// Returns in a copy that is to enter main(), never in the one that was started.
void serve(const char* given) {
    int in = -1, out = -1, at = 0;
    if (sscanf(given, "%d:%d:%n", &in, &out, &at) != 2 || at == 0) ::_exit(99);
    char line[64];
    for (;;) {
        const auto got = ::read(in, line, sizeof line - 1);  // one order at a time
        if (got <= 0) ::_exit(0);
        line[got] = 0;
        line[strcspn(line, "\n")] = 0;
        const pid_t copy = ::fork();
        if (copy == 0) {
            ::close(in);
            ::close(out);
            stands_for(STDOUT_FILENO, given + at, "out");
            stands_for(STDERR_FILENO, given + at, "err");
            ::setenv("MEDIAFERRY_ALLOCATION", line, 1);
            ::unsetenv("MEDIAFERRY_ALLOCATION_SERVER");
            return;
        }
        int status = 0;
        dprintf(out, "%d\n", copy);
        while (::waitpid(copy, &status, 0) < 0 && errno == EINTR) {
        }
        dprintf(out, "%d\n", status);
    }
}

using Main = int (*)(int, char**, char**);
Main the_main;

int counted_main(int count, char** words, char** environment) {
    if (is_meant()) {
        void* frames[4];
        ::backtrace(frames, 4);  // loads the unwinder
        if (const char* given = getenv("MEDIAFERRY_ALLOCATION_SERVER")) serve(given);
        begin();
        environment = environ;
    }
    return the_main(count, words, environment);
}

}  // namespace

extern "C" {

int __libc_start_main(Main main, int count, char** words, void (*init)(), void (*fini)(), void (*loader_fini)(), void* stack_end) {
    the_main = main;
    const auto next = reinterpret_cast<decltype(&__libc_start_main)>(::dlsym(RTLD_NEXT, "__libc_start_main"));
    return next(counted_main, count, words, init, fini, loader_fini, stack_end);
}

void* malloc(size_t size) { return fails() ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { return size > 0 && fails() ? nullptr : __libc_realloc(memory, size); }
void* memalign(size_t alignment, size_t size) { return fails() ? nullptr : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return fails() ? nullptr : __libc_memalign(alignment, size); }
int posix_memalign(void** into, size_t alignment, size_t size) {
    if (fails()) return ENOMEM;
    *into = __libc_memalign(alignment, size);
    return *into == nullptr ? ENOMEM : 0;
}

}  // extern "C"
