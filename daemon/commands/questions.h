#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A talk in questions and answers, line by line. An empty answer takes what stands in the brackets.

#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>

namespace mediaferry::daemon {

/// The answers ended before the questions did.
struct NoMoreAnswers : std::runtime_error {
    NoMoreAnswers() : std::runtime_error("the answers ended early") {}
};

class Questions {
public:
    /// What is wrong with an answer; "" when nothing is.
    using Check = std::function<std::string(const std::string&)>;

    Questions(std::istream& in, std::ostream& out) : in_(in), out_(out) {}

    void say(const std::string& text);
    /// Asks until `check` has nothing to say. An answer is never empty unless `usual` is.
    std::string ask(const std::string& question, const std::string& usual, const Check& check = {});
    bool yes(const std::string& question, bool usual);
    /// Not shown while it is typed on a terminal; "" for none.
    std::string secret(const std::string& question);

private:
    std::string line();
    std::istream& in_;
    std::ostream& out_;
};

}  // namespace mediaferry::daemon
