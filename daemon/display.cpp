// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/display.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace mediaferry::daemon {

namespace {

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written <= 0) return;  // nobody looks any more
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (const char* value = std::getenv(name); value && *value) {
            const std::string_view text = value;
            return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos;
        }
    return false;
}

}  // namespace

Display::Display(bool live) : live_(live && ::isatty(STDERR_FILENO)), terminal_(STDERR_FILENO) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) files::throw_errno(errno, "make a pipe", "stderr");
    read_ = files::Descriptor{ends[0]};
    write_ = files::Descriptor{ends[1]};
    // The children share the writing end and must not meet a pipe that refuses.
    ::fcntl(write_.get(), F_SETFL, ::fcntl(write_.get(), F_GETFL) & ~O_NONBLOCK);
    const char* no_colour = std::getenv("NO_COLOR");
    style_.colour = !(no_colour && *no_colour);
    style_.utf8 = speaks_utf8();
}

Display::~Display() {
    drain();
    erase();
}

Display::Redirected::Redirected(const Display& display) : saved_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    ::dup2(display.write_.get(), STDERR_FILENO);
}
Display::Redirected::~Redirected() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
}

void Display::erase() {
    if (drawn_) write_all(terminal_, "\r\x1b[K");
    drawn_ = false;
}

void Display::line(const std::string& text) {
    erase();
    write_all(terminal_, text + "\n");
}

void Display::progress(const ProgressView& view) {
    if (!live_) return;
    winsize size{};
    if (::ioctl(terminal_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style_.width = size.ws_col;
    write_all(terminal_, "\r" + progress_line(view, style_) + "\x1b[K");
    drawn_ = true;
}

void Display::stage_ended() {
    drain();
    erase();
    said_.clear();
}

void Display::say(const std::string& text) {
    if (said_.insert(text).second) line(text);
}

void Display::read_some() {
    std::array<char, 4096> block;
    for (ssize_t got = 0; (got = ::read(read_.get(), block.data(), block.size())) > 0;) {
        unfinished_.append(block.data(), static_cast<std::size_t>(got));
        for (auto end = unfinished_.find('\n'); end != std::string::npos; end = unfinished_.find('\n')) {
            say(unfinished_.substr(0, end));
            unfinished_.erase(0, end + 1);
        }
    }
}

void Display::listen() {
    pollfd ready{read_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 50) > 0) read_some();
}

void Display::drain() {
    read_some();
    if (!unfinished_.empty()) say(std::exchange(unfinished_, {}));
}

}  // namespace mediaferry::daemon
