#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What `mediaferry run` shows on stderr: one moving line on a terminal, plain lines elsewhere. What the stage processes
// say themselves comes in through a pipe, so that it never breaks the moving line.

#include <set>
#include <string>

#include "common/files/files.h"
#include "daemon/progress_line.h"

namespace mediaferry::daemon {

class Display {
public:
    /// `live`: draw the moving line; only honoured on a terminal.
    explicit Display(bool live);
    ~Display();
    Display(const Display&) = delete;
    Display& operator=(const Display&) = delete;

    /// Our own stderr leads into the pipe while this lives: a child started meanwhile inherits it.
    class Redirected {
    public:
        explicit Redirected(const Display&);
        ~Redirected();

    private:
        int saved_;
    };

    void line(const std::string& text);  ///< a line that stays
    void progress(const ProgressView&);  ///< redraws the moving line
    void stage_ended();                  ///< the moving line is gone, what was said is forgotten
    /// Waits up to 50 ms for the children to say something and shows it; each sentence once a stage.
    void listen();
    void drain();

private:
    void read_some();
    void say(const std::string& text);
    void erase();

    bool live_;
    LineStyle style_;
    int terminal_;
    files::Descriptor read_, write_;
    std::string unfinished_;
    std::set<std::string> said_;
    bool drawn_ = false;
};

}  // namespace mediaferry::daemon
