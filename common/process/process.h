#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Child programs: run one to its end with deadlines and a line sink, or start one and watch it. Each child is the leader
// of its own process group and dies with its parent (PR_SET_PDEATHSIG); of a run() the whole group does.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/fs.h"

namespace mediaferry::process {

enum class Stream { out, err };

struct Command {
    std::vector<std::string> argv;                   ///< argv[0] is looked up in PATH when it has no slash
    std::map<std::string, std::string> environment;  ///< exactly this, nothing inherited, unless inherit_environment
    bool inherit_environment = false;                ///< start from our own environment, `environment` on top
    fs::path directory;                              ///< working directory; empty: ours
    std::vector<int> inherited;                      ///< descriptors of ours that the child has too, under the same numbers (>= 3)
    std::string input;                               ///< written to stdin, which is then closed
    std::chrono::seconds deadline{0};                ///< wall clock for the whole run; 0: none
    std::chrono::seconds silence{0};                 ///< longest time without a byte of output; 0: no limit
    std::chrono::seconds grace{10};                  ///< from SIGTERM to SIGKILL of the group
    /// Only what nobody else wants of processor (SCHED_IDLE) and disk (ioprio idle). The time in which it was ready and got no processor does not
    /// count against `deadline` and `silence`, up to three times their length. It has a session of its own, with the least share of the processors
    /// where the kernel shares them between sessions; when we die, it dies, but not what it may have started: for programs that start none.
    bool idle = false;
};

struct Exit {
    int code = 0;               ///< exit code; meaningless if signal != 0
    int signal = 0;             ///< the signal that ended it, 0 if it exited
    bool deadline_hit = false;  ///< we ended it: `deadline` or `silence` was over
    bool stopped = false;       ///< we ended it: the sink or `stop` asked for it
    enum class Limit { none, deadline, silence };
    Limit limit = Limit::none;      ///< which one, when deadline_hit
    std::chrono::seconds after{0};  ///< and how long it was
    double cpu_seconds = 0;         ///< user and system time of the program, and of those of its own that it waited for
    std::uint64_t peak_memory = 0;  ///< its largest resident set, bytes
    bool starved = false;           ///< deadline_hit although it was ready to work and got no processor for most of the time
    bool ok() const { return code == 0 && signal == 0 && !deadline_hit && !stopped; }
};

/// Called for each line of output, without its newline (at most 64 KiB of it). Returning false ends the child.
using LineSink = std::function<bool(Stream, std::string_view)>;

/// Runs to the end (that of the program itself: what it left behind in its group is killed then); the whole process group is gone when it returns.
/// `stop` is asked about every 100 ms; true ends the child. Throws Unavailable ("process.start") when the program cannot be started.
Exit run(const Command&, const LineSink& = {}, const std::function<bool()>& stop = {});

/// Like run(), with stdout and stderr collected (each at most 1 MiB).
struct Output {
    Exit exit;
    std::string out;
    std::string err;
};
Output capture(const Command&);

/// "exit 3", "killed by SIGSEGV", "ended by us after 30 s of silence".
std::string to_text(const Exit&);

/// A started child. Destruction ends its group. Only argv, environment and directory of the Command count.
/// It dies with the thread that started it, not with the process alone: start it from one that lasts.
class Child {
public:
    /// stdin is /dev/null, stdout and stderr are ours. Throws Unavailable ("process.start").
    explicit Child(const Command&);
    ~Child();
    Child(Child&&) noexcept;
    Child& operator=(Child&&) noexcept;

    pid_t pid() const;
    /// Reaps it if it has ended; nullopt while it runs.
    std::optional<Exit> poll();
    /// Sends the signal to the leader only (it decides how to end its own children).
    void signal(int number);
    /// SIGKILL to the whole group.
    void kill_group();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::process
