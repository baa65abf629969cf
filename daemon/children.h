#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's stage processes: started, reaped, and their ends put into the books.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/media_db/runs.h"
#include "common/process/process.h"

namespace mediaferry::daemon {

/// How one stage process ended.
struct Ended {
    std::string stage;
    process::Exit exit;
    std::optional<media_db::RunRow> run;  ///< absent: it never got a slot
};

class Children {
public:
    Children(media_db::MediaDb& db, const Clock& clock, WorkflowId workflow) : db_(db), clock_(clock), workflow_(workflow) {}

    /// Throws Unavailable ("process.start").
    void start(const config::Settings&, const std::string& stage);
    /// Reaps what has ended; for one that crashed, what it held is counted against the files and its signal is named.
    std::vector<Ended> reap(const config::Settings&);
    int running(const std::string& stage) const;
    bool none() const { return children_.empty(); }
    void signal_all(int number);
    /// SIGKILL to every group; what they held goes back without blame: the time was up, not their fault.
    void kill_all();
    /// "compress, nas_archive"
    std::string names() const;

private:
    struct Started {
        std::string stage;
        process::Child child;
    };
    Ended ended(const config::Settings&, const Started&, const process::Exit&);

    media_db::MediaDb& db_;
    const Clock& clock_;
    WorkflowId workflow_;
    std::vector<Started> children_;
};

}  // namespace mediaferry::daemon
