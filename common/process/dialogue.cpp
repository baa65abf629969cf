// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/process/dialogue.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "common/errors/errors.h"
#include "common/process/end.h"
#include "common/process/start.h"

namespace mediaferry::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPromptPause{200};  // a line that stands still this long is a prompt
constexpr std::size_t kLongest = 64 << 10;

void make_pipe(End& read, End& write) {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw Unavailable{"process.start", "no pipe can be made: too many open files?"};
    read.set(fds[0]);
    write.set(fds[1]);
}

struct Source {
    Stream stream = Stream::out;
    End end;
    std::string text;
    bool told = true;  ///< the unfinished line was handed out as it stands
};

}  // namespace

struct Dialogue::Impl {
    std::array<Source, 2> sources;
    End in;  ///< a socket, not a pipe: a child that is gone must not end us with SIGPIPE
    pid_t pid = -1;
    std::chrono::seconds grace{10};
    std::optional<Exit> exit;

    std::optional<Said> take(bool unfinished_too) {
        for (auto& source : sources) {
            const auto newline = source.text.find('\n');
            if (newline != std::string::npos) {
                Said said{source.stream, source.text.substr(0, newline), true};
                source.text.erase(0, newline + 1);
                source.told = source.text.empty();
                return said;
            }
            if (source.text.empty()) continue;
            if (!source.end.open()) {
                Said said{source.stream, std::move(source.text), true};
                source.text.clear();
                return said;
            }
            if (unfinished_too && !source.told) {
                source.told = true;
                return Said{source.stream, source.text, false};
            }
        }
        return std::nullopt;
    }

    bool open() const { return sources[0].end.open() || sources[1].end.open(); }

    // False: nothing came within `wait`.
    bool read_some(milliseconds wait) {
        std::array<pollfd, 2> fds{};
        for (std::size_t i = 0; i < 2; ++i) fds[i] = {sources[i].end.get(), POLLIN, 0};
        if (::poll(fds.data(), fds.size(), static_cast<int>(wait.count())) <= 0) return false;
        for (std::size_t i = 0; i < 2; ++i) {
            if (fds[i].fd < 0 || fds[i].revents == 0) continue;
            std::array<char, 4096> piece;
            const ssize_t n = ::read(fds[i].fd, piece.data(), piece.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) {
                sources[i].end.close();
            } else if (sources[i].text.size() < kLongest) {
                sources[i].text.append(piece.data(), static_cast<std::size_t>(n));
                sources[i].told = false;
            }
        }
        return true;
    }

    // After its end nothing more is wanted of what it, or a grandchild that holds the pipe, may still say.
    void stop_listening() {
        for (auto& source : sources) {
            source.end.close();
            source.text.clear();
        }
    }

    // True once it has ended and is buried.
    bool wait_until(steady_clock::time_point end) {
        while (!exit) {
            if (auto ended = peek(pid)) {
                bury(pid);
                exit = ended;
                stop_listening();
            } else if (steady_clock::now() >= end) {
                return false;
            } else {
                // Its last words must not block it, and are of no more use.
                if (open())
                    read_some(milliseconds{20});
                else
                    std::this_thread::sleep_for(milliseconds{20});
                for (auto& source : sources)
                    if (source.text.size() >= kLongest) source.text.clear();
            }
        }
        return true;
    }
};

Dialogue::Dialogue(const Command& command) : impl_(std::make_unique<Impl>()) {
    End out, err, in;
    make_pipe(impl_->sources[0].end, out);
    make_pipe(impl_->sources[1].end, err);
    impl_->sources[1].stream = Stream::err;
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
        throw Unavailable{"process.start", "no socket can be made: too many open files?"};
    impl_->in.set(pair[0]);
    in.set(pair[1]);
    impl_->grace = command.grace;
    impl_->pid = start(command, {in.get(), out.get(), err.get()});
}

Dialogue::~Dialogue() {
    if (impl_->exit || impl_->pid < 0) return;
    ::kill(-impl_->pid, SIGKILL);
    bury(impl_->pid);
}

std::optional<Dialogue::Said> Dialogue::listen(milliseconds wait) {
    const auto end = steady_clock::now() + wait;
    for (;;) {
        if (auto said = impl_->take(false)) return said;
        if (!impl_->open()) return std::nullopt;
        const bool unfinished =
            (!impl_->sources[0].told && !impl_->sources[0].text.empty()) || (!impl_->sources[1].told && !impl_->sources[1].text.empty());
        const auto left = std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(end - steady_clock::now()));
        if (impl_->read_some(unfinished ? kPromptPause : left)) continue;
        if (auto said = impl_->take(true)) return said;
        if (steady_clock::now() >= end) return std::nullopt;
    }
}

bool Dialogue::ended() const { return !impl_->open() && impl_->sources[0].text.empty() && impl_->sources[1].text.empty(); }

bool Dialogue::answer(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(impl_->in.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void Dialogue::hang_up() { impl_->in.close(); }

Exit Dialogue::finish(std::chrono::seconds patience) {
    const auto now = steady_clock::now();
    if (impl_->wait_until(now + patience)) return *impl_->exit;
    ::kill(impl_->pid, SIGTERM);
    if (!impl_->wait_until(steady_clock::now() + impl_->grace)) {
        ::kill(-impl_->pid, SIGKILL);
        impl_->wait_until(steady_clock::now() + std::chrono::minutes{1});
    }
    if (!impl_->exit) impl_->exit = Exit{};
    impl_->exit->stopped = true;
    return *impl_->exit;
}

}  // namespace mediaferry::process
