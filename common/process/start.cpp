// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/process/start.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/process/child.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/search_path.hpp>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "common/errors/errors.h"

extern char** environ;

namespace mediaferry::process {
namespace {

namespace bp = boost::process;

std::vector<std::string> environment_of(const Command& command) {
    std::map<std::string, std::string> all;
    if (command.inherit_environment) {
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            const std::string_view text = *entry;
            const auto equals = text.find('=');
            if (equals != std::string_view::npos && equals > 0) all.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    for (const auto& [name, value] : command.environment) all[name] = value;
    std::vector<std::string> entries;
    for (const auto& [name, value] : all) entries.push_back(name + "=" + value);
    return entries;
}

/// The program's file. The child's own PATH decides when it is given one, as in a shell.
fs::path program_of(const Command& command) {
    if (command.argv.empty() || command.argv.front().empty()) throw Unavailable{"process.start", "no program is named to be started"};
    const std::string& name = command.argv.front();
    if (name.find('/') != std::string::npos) return name;
    const auto own = command.environment.find("PATH");
    const char* ours = std::getenv("PATH");
    std::istringstream path(own != command.environment.end() ? own->second : ours != nullptr ? ours : "/usr/local/bin:/usr/bin:/bin");
    path.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would end before what it has no room for
    std::vector<fs::path> directories;
    for (std::string directory; std::getline(path, directory, ':');) {
        if (!directory.empty()) directories.emplace_back(directory);
    }
    const fs::path found = bp::search_path(name, directories);
    if (found.empty()) throw Unavailable{"process.start", "no program '" + name + "' in PATH: install it, or write its full path"};
    return found;
}

/// As exec wants them, with a null pointer at the end.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// What happens between fork and exec, as system calls only: another thread may have held the allocator's lock.
class Preparation : public bp::extend::handler {
public:
    Preparation(char** arguments, char** environment, const char* directory, const Streams& streams, const Command& command)
        : arguments_(arguments),
          environment_(environment),
          directory_(directory),
          streams_(streams),
          inherited_(command.inherited),
          idle_(command.idle),
          parent_(::getpid()) {}

    template <class Executor>
    void on_exec_setup(Executor& executor) const {
        executor.cmd_line = arguments_;  // the library's own way through bp::args cannot pass an empty argument
        executor.env = environment_;
        if (!idle_ || ::setsid() < 0) ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent_) ::_exit(127);  // it died before the line above
        for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        take(streams_.in, STDIN_FILENO);
        take(streams_.out, STDOUT_FILENO);
        take(streams_.err, STDERR_FILENO);
        // Locks and databases of ours must not live on in a child.
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        for (const int fd : inherited_) ::fcntl(fd, F_SETFD, 0);
        if (idle_) stand_back();
        if (directory_ != nullptr && ::chdir(directory_) != 0) ::_exit(126);
    }

    /// The library leaves the child that could not exec as a zombie.
    template <class Executor>
    void on_error(Executor& executor, const std::error_code&) const {
        if (executor.pid > 0) ::waitpid(executor.pid, nullptr, 0);
    }

private:
    /// Neither needs a privilege; where one is refused (a strict container) the child is only not idle.
    static void stand_back() {
        const sched_param none{};
        ::sched_setscheduler(0, SCHED_IDLE, &none);
        constexpr int kOfProcess = 1, kIdleClass = 3 << 13;  // linux/ioprio.h, which the C library does not wrap
        ::syscall(SYS_ioprio_set, kOfProcess, 0, kIdleClass);
        // Where the kernel shares the processors between sessions first (sched(7), autogroups), being idle counts within a session only: the child
        // has one of its own, and that gets the least share.
        if (const int share = ::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC); share >= 0) {
            static_cast<void>(!::write(share, "19", 2));
            ::close(share);
        }
    }

    static void take(int fd, int as) {
        if (fd >= 0 && fd != as) {
            ::dup2(fd, as);
        } else if (fd < 0 && as == STDIN_FILENO) {
            const int nothing = ::open("/dev/null", O_RDONLY);
            if (nothing > 0) {
                ::dup2(nothing, as);
                ::close(nothing);
            }
        }
    }

    char** arguments_;
    char** environment_;
    const char* directory_;
    Streams streams_;
    const std::vector<int>& inherited_;
    bool idle_;
    pid_t parent_;
};

}  // namespace

pid_t start(const Command& command, const Streams& streams) {
    const fs::path program = program_of(command);
    const std::string where = command.directory.string();
    boost::system::error_code unknown;
    if (!where.empty() && !fs::is_directory(command.directory, unknown)) {
        throw Unavailable{"process.start", "cannot start " + program.string() + " in " + where + ": no such folder"};
    }
    std::vector<std::string> words = command.argv;
    std::vector<std::string> entries = environment_of(command);
    std::vector<char*> arguments = pointers_to(words);
    std::vector<char*> environment = pointers_to(entries);

    std::error_code failure;
    bp::child child(bp::exe = program.string(), failure,
                    Preparation{arguments.data(), environment.data(), where.empty() ? nullptr : where.c_str(), streams, command});
    if (failure) {
        throw Unavailable{"process.start",
                          "cannot start " + program.string() + ": " + failure.message() + "; check that it is installed and may be run"};
    }
    const pid_t pid = child.id();
    child.detach();  // run() and Child wait for it: the library cannot tell an exit code from a signal
    return pid;
}

}  // namespace mediaferry::process
