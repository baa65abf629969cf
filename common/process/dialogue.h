#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A child that asks and is answered: its output arrives as it is printed, prompts without a newline included, and its stdin
// stays open. Like every child it leads its own process group and dies with its parent.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "common/process/process.h"

namespace mediaferry::process {

class Dialogue {
public:
    /// Command::input, deadline and silence are not used. Throws Unavailable ("process.start").
    explicit Dialogue(const Command&);
    ~Dialogue();  ///< ends the whole group
    Dialogue(const Dialogue&) = delete;
    Dialogue& operator=(const Dialogue&) = delete;

    struct Said {
        Stream stream = Stream::out;
        std::string text;       ///< one line without its newline, or what stands there so far
        bool complete = false;  ///< a whole line; false: a prompt, or a line under way (told again when it grows)
    };
    /// The next line, or the unfinished one once nothing more came for 200 ms. nullopt: nothing within `wait`, or the child has closed its output.
    std::optional<Said> listen(std::chrono::milliseconds wait);
    /// True once all output was read and closed.
    bool ended() const;
    /// Writes to its stdin. False: it no longer listens.
    bool answer(std::string_view text);
    /// Closes stdin.
    void hang_up();
    /// Waits for the end: SIGTERM after `patience`, SIGKILL after the command's grace.
    Exit finish(std::chrono::seconds patience);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::process
