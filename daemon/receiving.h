#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry exchange receive`, started by the daemon again and again while exchange.remote_sources names folders. A process of its own like every
// stage, but no stage: it has no step in any photo's way.

#include <optional>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/process/process.h"
#include "daemon/troubles.h"

namespace mediaferry::daemon {

class Receiving {
public:
    explicit Receiving(const Clock& clock) : clock_(clock) {}

    /// Reaps it, and starts it when its time has come.
    void look(const config::Settings&, Troubles&, bool may_start);
    /// When look() has something to do next.
    Timestamp next(const config::Settings&) const;
    bool running() const { return child_.has_value(); }
    void signal(int number);
    void kill();

private:
    const Clock& clock_;
    std::optional<process::Child> child_;
    std::optional<Timestamp> begun_;
    int failures_ = 0;
};

}  // namespace mediaferry::daemon
