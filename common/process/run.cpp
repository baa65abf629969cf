// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/errors/errors.h"
#include "common/process/end.h"
#include "common/process/guard.h"
#include "common/process/lines.h"
#include "common/process/process.h"
#include "common/process/start.h"

namespace mediaferry::process {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
    End read, write;
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw TransientError{"process.pipe", std::string("no pipe for a child program: ") + std::strerror(errno)};
        read.set(ends[0]);
        write.set(ends[1]);
    }
};

/// A second descriptor of our end, which outlives the Pipe and never blocks. (The flag belongs to the open end, not to the child's.)
int kept(int fd) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    ::fcntl(copy, F_SETFL, ::fcntl(copy, F_GETFL) | O_NONBLOCK);
    return copy;
}

/// write(2) to a pipe whose reader may be gone, without the signal that would end us and without touching the program's handlers.
ssize_t write_quietly(int fd, std::string_view bytes) {
    sigset_t pipe_only, before, waiting;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&waiting);
    const bool was_waiting = sigismember(&waiting, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    const int why = errno;
    if (written < 0 && why == EPIPE && !was_waiting) {
        const timespec now{0, 0};
        while (sigtimedwait(&pipe_only, nullptr, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = why;
    return written;
}

/// How long its most unlucky thread has been ready to run and was not (/proc/PID/task/TID/schedstat, second number).
std::chrono::nanoseconds waited_for_a_processor(pid_t pid) {
    std::chrono::nanoseconds longest{0};
    boost::system::error_code none;
    for (fs::directory_iterator task{"/proc/" + std::to_string(pid) + "/task", none}, end; !none && task != end; task.increment(none)) {
        std::ifstream file((task->path() / "schedstat").string());
        std::int64_t ran = 0, waited = 0;
        if (file >> ran >> waited) longest = std::max(longest, std::chrono::nanoseconds{waited});
    }
    return longest;
}

/// One running program and everything that may end it.
class Run {
public:
    Run(const Command& command, const LineSink& sink, const std::function<bool()>& stop)
        : command_(command), sink_(sink), stop_(stop), input_(command.input) {
        Pipe in;
        Pipe out;
        Pipe err;
        pid_ = start(command, {input_.empty() ? -1 : in.read.get(), out.write.get(), err.write.get()});
        if (!input_.empty()) input_end_.set(kept(in.write.get()));
        streams_[0].end.set(kept(out.read.get()));
        streams_[1].end.set(kept(err.read.get()));
        guard_.emplace(pid_);
        watch_.set(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    }

    ~Run() {
        if (pid_ > 0) bury_all();
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Exit to_the_end() {
        for (;;) {
            wait_for_something();
            feed();
            for (Source& source : streams_) drain(source);
            if (const auto exit = peek(pid_)) return finish(*exit);
            judge();
        }
    }

private:
    struct Source {
        Stream stream;
        End end;
        Lines lines;
    };

    void wait_for_something() const {
        std::array<pollfd, 4> watched{pollfd{input_end_.get(), POLLOUT, 0}, pollfd{streams_[0].end.get(), POLLIN, 0},
                                      pollfd{streams_[1].end.get(), POLLIN, 0}, pollfd{watch_.get(), POLLIN, 0}};
        ::poll(watched.data(), watched.size(), 100);
    }

    void feed() {
        while (input_end_.open() && !input_.empty()) {
            const ssize_t written = write_quietly(input_end_.get(), input_);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0 && errno == EAGAIN) return;
            if (written <= 0) break;  // it does not want the rest
            input_.remove_prefix(static_cast<std::size_t>(written));
        }
        input_end_.close();
    }

    void drain(Source& source) {
        std::array<char, 65536> block;
        // Not for ever: a child that never pauses must not keep us from the clock.
        for (int turn = 0; turn < 64 && source.end.open(); ++turn) {
            const ssize_t got = ::read(source.end.get(), block.data(), block.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && errno == EAGAIN) return;
            if (got <= 0) {
                source.end.close();
                return;
            }
            last_sound_ = SteadyClock::now();
            silence_pardon_ = std::chrono::nanoseconds{0};
            source.lines.add({block.data(), static_cast<std::size_t>(got)}, [&](std::string_view line) { hand_over(source.stream, line); });
        }
    }

    void hand_over(Stream stream, std::string_view line) {
        if (!sink_ || deaf_) return;
        if (sink_(stream, line)) return;
        deaf_ = true;
        if (!ending_) end([](Exit& exit) { exit.stopped = true; });
    }

    void judge() {
        const auto now = SteadyClock::now();
        if (ending_) {
            if (now >= kill_at_) ::kill(-pid_, SIGKILL);
            return;
        }
        if (stop_ && stop_()) return end([](Exit& exit) { exit.stopped = true; });
        judge_limit(Exit::Limit::deadline, command_.deadline, now - started_, deadline_pardon_);
        if (!ending_) judge_limit(Exit::Limit::silence, command_.silence, now - last_sound_, silence_pardon_);
    }

    void judge_limit(Exit::Limit limit, std::chrono::seconds longest, SteadyClock::duration lasted, std::chrono::nanoseconds& pardon) {
        if (longest.count() == 0 || lasted - pardon < longest) return;
        const auto waited = command_.idle ? waited_for_a_processor(pid_) : std::chrono::nanoseconds{0};
        const bool starved = waited * 2 > lasted;
        pardon = std::min<std::chrono::nanoseconds>({waited, longest * 3, lasted});
        if (lasted - pardon < longest) return;
        verdict_.starved = starved;
        end_at(limit, longest);
    }

    void end_at(Exit::Limit limit, std::chrono::seconds after) {
        end([=](Exit& exit) {
            exit.deadline_hit = true;
            exit.limit = limit;
            exit.after = after;
        });
    }

    template <class Mark>
    void end(Mark mark) {
        mark(verdict_);
        ending_ = true;
        kill_at_ = SteadyClock::now() + command_.grace;
        if (pid_ > 0) ::kill(-pid_, SIGTERM);
    }

    void bury_all() {
        const pid_t leader = std::exchange(pid_, -1);
        ::kill(-leader, SIGKILL);
        guard_.reset();  // first: bury() waits until the group is empty
        bury(leader);
    }

    Exit finish(const Exit& exit) {
        bury_all();
        for (Source& source : streams_) {
            // Whoever left the group and still holds the pipe is not waited for.
            drain(source);
            source.lines.finish([&](std::string_view line) { hand_over(source.stream, line); });
        }
        Exit result = verdict_;
        result.code = exit.code;
        result.signal = exit.signal;
        result.cpu_seconds = exit.cpu_seconds;
        result.peak_memory = exit.peak_memory;
        return result;
    }

    const Command& command_;
    const LineSink& sink_;
    const std::function<bool()>& stop_;
    std::string_view input_;
    pid_t pid_ = -1;
    std::optional<Guard> guard_;
    End input_end_, watch_;
    std::array<Source, 2> streams_{Source{Stream::out, End{}, {}}, Source{Stream::err, End{}, {}}};
    SteadyClock::time_point started_ = SteadyClock::now(), last_sound_ = started_, kill_at_{};
    std::chrono::nanoseconds deadline_pardon_{0}, silence_pardon_{0};
    bool ending_ = false, deaf_ = false;
    Exit verdict_;
};

}  // namespace

Exit run(const Command& command, const LineSink& sink, const std::function<bool()>& stop) { return Run{command, sink, stop}.to_the_end(); }

Output capture(const Command& command) {
    constexpr std::size_t kMost = 1 << 20;
    Output output;
    output.exit = run(command, [&](Stream stream, std::string_view line) {
        std::string& text = stream == Stream::out ? output.out : output.err;
        if (text.size() < kMost) {
            text += line.substr(0, kMost - text.size());
            if (text.size() < kMost) text += '\n';
        }
        return true;
    });
    return output;
}

}  // namespace mediaferry::process
