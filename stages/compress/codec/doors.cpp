// SPDX-License-Identifier: GPL-3.0-or-later
// The walls, tried from inside.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "stages/compress/codec/walls.h"

namespace mediaferry::stages {
namespace {

bool opens() { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0; }

bool creates() {
    const std::string name = "/tmp/.mediaferry-trial-" + std::to_string(::getpid());
    const bool made = ::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0;
    if (made) ::unlink(name.c_str());
    return made;
}

/// Port 9 refuses or even answers: either way the packet went out.
bool connects() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(9);
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool went = ::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 || (errno != EACCES && errno != EPERM);
    ::close(fd);
    return went;
}

bool signals() { return ::kill(::getppid(), 0) == 0; }

bool forks() {
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (pid == 0) ::_exit(0);
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    return pid > 0;
}

/// A file that is no program: to be told so is to have been let through.
bool executes(int no_program) {
    const char* const words[] = {"x", nullptr};
    ::syscall(SYS_execveat, no_program, "", words, words, AT_EMPTY_PATH);
    return errno == ENOEXEC;
}

/// Reads the memory of whoever started us. A wrong address is told only to those who may look.
bool traces() {
    char byte = 0;
    const iovec here{&byte, 1}, there{reinterpret_cast<void*>(std::uintptr_t{1}), 1};
    return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0) == 1 || errno == EFAULT;
}

bool takes_memory(const Limits& limits) {
    const auto size = static_cast<std::size_t>(limits.memory.count) + 1;
    void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    ::munmap(memory, size);
    return true;
}

bool grows(const Limits& limits, int room) { return ::pwrite(room, "x", 1, static_cast<off_t>(limits.file.count)) == 1; }

bool lasts(const Limits& limits) {
    rlimit now{};
    return ::getrlimit(RLIMIT_CPU, &now) != 0 || now.rlim_cur > static_cast<rlim_t>(limits.cpu.count());
}

bool dumps_core() {
    rlimit now{};
    return ::getrlimit(RLIMIT_CORE, &now) != 0 || now.rlim_max != 0 || ::prctl(PR_GET_DUMPABLE) != 0;
}

bool gains_privileges() { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1; }

}  // namespace

std::vector<std::string> open_doors(const Limits& limits, int room) {
    std::vector<std::string> open;
    const auto tried = [&](const char* name, bool done) {
        if (done) open.emplace_back(name);
    };
    tried("open", opens());
    tried("create", creates());
    tried("connect", connects());
    tried("signal", signals());
    tried("fork", forks());
    tried("exec", executes(room));
    tried("ptrace", traces());
#if !defined(__SANITIZE_ADDRESS__)
    tried("memory", takes_memory(limits));
#endif
    tried("file", grows(limits, room));
    tried("cpu", lasts(limits));
    tried("core", dumps_core());
    tried("privileges", gains_privileges());
    return open;
}

}  // namespace mediaferry::stages
