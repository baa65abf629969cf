// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/questions.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace mediaferry::daemon {

namespace {

/// While it lives a terminal does not show what is typed. Does nothing for an input that is no terminal.
class Unseen {
public:
    explicit Unseen(const std::istream& in) : active_(&in == &std::cin && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (!active_) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    ~Unseen() {
        if (active_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;
    bool active() const { return active_; }

private:
    termios before_{};
    bool active_;
};

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t\r");
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

void Questions::say(const std::string& text) { out_ << text << "\n"; }

std::string Questions::line() {
    out_ << std::flush;
    std::string text;
    if (!std::getline(in_, text)) throw NoMoreAnswers{};
    return text;
}

std::string Questions::ask(const std::string& question, const std::string& usual, const Check& check) {
    while (true) {
        out_ << question << (usual.empty() ? "" : " [" + usual + "]") << ": ";
        std::string answer = trimmed(line());
        if (answer.empty()) answer = usual;
        const std::string wrong = check ? check(answer) : "";
        if (wrong.empty()) return answer;
        say("  " + wrong);
    }
}

bool Questions::yes(const std::string& question, bool usual) {
    const auto answer = ask(question + " (yes or no)", usual ? "yes" : "no", [](const std::string& text) {
        return text == "yes" || text == "no" || text == "y" || text == "n" ? "" : "Please answer yes or no.";
    });
    return answer.front() == 'y';
}

std::string Questions::secret(const std::string& question) {
    out_ << question << ": ";
    const Unseen unseen{in_};
    std::string answer = line();
    if (!answer.empty() && answer.back() == '\r') answer.pop_back();
    if (unseen.active()) out_ << "\n";
    return answer;
}

}  // namespace mediaferry::daemon
