// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/walls.h"

#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace mediaferry::stages {
namespace {

[[noreturn]] void cannot(const std::string& what, int error) {
    throw TransientError{"codec.walls", "a codec program cannot " + what + ": " + std::strerror(error)};
}

// ---- limits ---------------------------------------------------------------------------------------------------------

/// Address space we have now, from /proc/self/statm.
std::uint64_t address_space() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    file >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limit(__rlimit_resource what, rlim_t soft, rlim_t hard, const char* name) {
    rlimit now{};
    ::getrlimit(what, &now);
    if (now.rlim_max != RLIM_INFINITY && hard > now.rlim_max) hard = now.rlim_max;  // somebody set a tighter one already
    const rlimit wanted{soft < hard ? soft : hard, hard};
    if (::setrlimit(what, &wanted) != 0) cannot(std::string("limit its ") + name, errno);
}

void set_limits(const Limits& limits) {
#if !defined(__SANITIZE_ADDRESS__)  // its shadow memory alone is terabytes of address space
    const auto memory = address_space() + limits.memory.count;
    limit(RLIMIT_AS, memory, memory, "memory");
#endif
    const auto cpu = static_cast<rlim_t>(limits.cpu.count());
    limit(RLIMIT_CPU, cpu, cpu + 5, "processor time");
    limit(RLIMIT_FSIZE, limits.file.count, limits.file.count, "file size");
    ::signal(SIGXFSZ, SIG_IGN);  // a write that would grow too far says so
    limit(RLIMIT_NOFILE, 32, 32, "open files");
    limit(RLIMIT_CORE, 0, 0, "core dump");
    // A core dump that goes to a program ignores the limit, but not this.
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) cannot("forbid core dumps", errno);
}

// ---- Landlock -------------------------------------------------------------------------------------------------------

/// As in linux/landlock.h of Linux 6.12; Debian 12's header ends before the network.
struct LandlockRules {
    std::uint64_t files = 0, network = 0, scopes = 0;
};

/// Every right of the version `abi`, forbidden: there is no rule that gives one back.
LandlockRules everything(int abi) {
    LandlockRules rules;
    rules.files = (1ULL << 13) - 1;           // execute, write, read, list, remove and make anything
    if (abi >= 2) rules.files |= 1ULL << 13;  // link or rename across folders
    if (abi >= 3) rules.files |= 1ULL << 14;  // truncate
    if (abi >= 4) rules.network = 3;          // TCP: bind, connect
    if (abi >= 5) rules.files |= 1ULL << 15;  // ioctl on devices
    if (abi >= 6) rules.scopes = 3;           // abstract sockets, signals to others
    return rules;
}

void raise_landlock(std::vector<std::string>& missing) {
    const auto abi = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U));
    if (abi < 1) {
        missing.emplace_back("landlock");
        return;
    }
    if (abi < 4) missing.emplace_back("landlock.network");
    const auto rules = everything(abi);
    const std::size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    const auto fd = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, size, 0U));
    if (fd < 0) cannot("set up Landlock", errno);
    const auto done = ::syscall(SYS_landlock_restrict_self, fd, 0U);
    const int why = errno;
    ::close(fd);
    if (done != 0) cannot("confine itself with Landlock", why);
}

// ---- seccomp --------------------------------------------------------------------------------------------------------

struct FreeFilter {
    void operator()(void* filter) const { ::seccomp_release(filter); }
};

/// What a codec does once its libraries are loaded and its files are open: memory, threads, time, its two files.
constexpr const char* kAllowed[] = {"read",
                                    "write",
                                    "readv",
                                    "writev",
                                    "pread64",
                                    "pwrite64",
                                    "lseek",
                                    "_llseek",
                                    "fstat",
                                    "fstat64",
                                    "fsync",
                                    "fdatasync",
                                    "ftruncate",
                                    "ftruncate64",
                                    "close",
                                    "fadvise64",
                                    "fadvise64_64",
                                    "mmap",
                                    "mmap2",
                                    "mprotect",
                                    "munmap",
                                    "mremap",
                                    "madvise",
                                    "brk",
                                    "futex",
                                    "futex_time64",
                                    "futex_waitv",
                                    "set_robust_list",
                                    "get_robust_list",
                                    "rseq",
                                    "membarrier",
                                    "sched_yield",
                                    "sched_getaffinity",
                                    "sched_getparam",
                                    "sched_getscheduler",
                                    "sched_get_priority_max",
                                    "sched_get_priority_min",
                                    "getpriority",
                                    "getcpu",
                                    "nanosleep",
                                    "clock_nanosleep",
                                    "clock_nanosleep_time64",
                                    "clock_gettime",
                                    "clock_gettime64",
                                    "clock_getres",
                                    "clock_getres_time64",
                                    "gettimeofday",
                                    "time",
                                    "times",
                                    "getrusage",
                                    "sysinfo",
                                    "uname",
                                    "getpid",
                                    "getppid",
                                    "gettid",
                                    "getuid",
                                    "geteuid",
                                    "getgid",
                                    "getegid",
                                    "getrandom",
                                    "rt_sigaction",
                                    "rt_sigprocmask",
                                    "rt_sigreturn",
                                    "sigaltstack",
                                    "exit",
                                    "exit_group",
                                    "restart_syscall",
                                    "poll",
                                    "ppoll",
                                    "get_mempolicy",
                                    "getrlimit",
                                    "ugetrlimit"};

/// Refused with an error that libraries expect of a file; everything else that is refused does not exist (ENOSYS), so that a newer C library falls
/// back to what it did before.
constexpr const char* kNoFiles[] = {"open",       "openat",   "openat2",    "creat", "access", "faccessat",
                                    "faccessat2", "readlink", "readlinkat", "stat",  "lstat"};

void allow(void* filter, const char* name, std::initializer_list<scmp_arg_cmp> when = {}) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || number < 0) return;  // this architecture has no such call
    const int error = ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, static_cast<unsigned>(when.size()), when.begin());
    if (error != 0) cannot(std::string("filter its system calls (") + name + ")", -error);
}

void raise_seccomp(std::vector<std::string>& missing) {
    if (::prctl(PR_GET_SECCOMP) < 0) {
        missing.emplace_back("seccomp");
        return;
    }
    const std::unique_ptr<void, FreeFilter> filter{::seccomp_init(SCMP_ACT_ERRNO(ENOSYS))};
    if (!filter) throw std::bad_alloc{};
    for (const auto* name : kAllowed) allow(filter.get(), name);
    for (const auto* name : kNoFiles) {
        const int number = ::seccomp_syscall_resolve_name(name);
        if (number >= 0) ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EACCES), number, 0, nullptr);
    }
    // A thread, but no process. (clone3 hides its flags in memory; without it the C library takes clone.)
    allow(filter.get(), "clone", {SCMP_A0(SCMP_CMP_MASKED_EQ, 0x10000, 0x10000)});                 // CLONE_THREAD
    allow(filter.get(), "tgkill", {SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()))});  // abort()
    allow(filter.get(), "prlimit64", {SCMP_A2(SCMP_CMP_EQ, 0)});                                   // to ask, not to set
    allow(filter.get(), "prctl", {SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)});
    allow(filter.get(), "prctl", {SCMP_A0(SCMP_CMP_EQ, PR_GET_NO_NEW_PRIVS)});
    allow(filter.get(), "prctl", {SCMP_A0(SCMP_CMP_EQ, PR_GET_DUMPABLE)});
    allow(filter.get(), "newfstatat", {SCMP_A3(SCMP_CMP_MASKED_EQ, 0x1000, 0x1000)});  // AT_EMPTY_PATH: of an open file
    allow(filter.get(), "fcntl", {SCMP_A1(SCMP_CMP_EQ, 3)});                           // F_GETFL
    const int error = ::seccomp_load(filter.get());
    if (error != 0) cannot("filter its system calls", -error);
}

}  // namespace

std::vector<std::string> close_walls(const Limits& limits) {
    std::vector<std::string> missing;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) cannot("give up new privileges", errno);
    set_limits(limits);
    if (limits.landlock) raise_landlock(missing);
    if (limits.seccomp) raise_seccomp(missing);
    return missing;
}

}  // namespace mediaferry::stages
