// SPDX-License-Identifier: GPL-3.0-or-later
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <sstream>

#include "common/process/start.h"

namespace mediaferry::process {

std::optional<Exit> peek(pid_t pid) {
    siginfo_t info{};
    rusage used{};
    // The call itself, not the C library's: only it tells what was used up.
    while (::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, &used) != 0) {
        // Somebody else reaped it (SIGCHLD set to be ignored): it is gone, and nobody knows how.
        if (errno != EINTR) return Exit{.code = 255};
    }
    if (info.si_pid == 0) return std::nullopt;
    Exit exit;
    (info.si_code == CLD_EXITED ? exit.code : exit.signal) = info.si_status;
    const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
    exit.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    exit.peak_memory = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    return exit;
}

namespace {

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

/// Whether a member of the group still runs. A killed one that init has not reaped yet (in a container perhaps never) is gone.
bool has_living_member(pid_t group) {
    const std::unique_ptr<DIR, CloseDirectory> processes{::opendir("/proc")};
    if (!processes) return false;
    while (const dirent* entry = ::readdir(processes.get())) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        std::ifstream file(std::string("/proc/") + entry->d_name + "/stat");
        std::string stat;
        std::getline(file, stat);
        const auto name_end = stat.rfind(')');  // the name before it may hold anything
        if (name_end == std::string::npos) continue;
        std::istringstream fields(stat.substr(name_end + 1));
        char state = 0;
        pid_t parent = 0, its_group = 0;
        if (fields >> state >> parent >> its_group && its_group == group && state != 'Z' && state != 'X') return true;
    }
    return false;
}

}  // namespace

void bury(pid_t leader) {
    // While the leader is a zombie its number is taken: this cannot reach a stranger's group.
    ::kill(-leader, SIGKILL);
    while (::waitpid(leader, nullptr, 0) < 0 && errno == EINTR) {
    }
    // One that hangs in a dead network share cannot be waited for without end.
    for (int tick = 0; tick < 200 && ::kill(-leader, 0) == 0 && has_living_member(leader); ++tick) {
        const timespec moment{0, 5'000'000};
        ::nanosleep(&moment, nullptr);
    }
}

}  // namespace mediaferry::process
