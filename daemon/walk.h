#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One walk through the house, as `mediaferry run` makes it: the stages in order, each in processes of its own.

#include <map>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/runs.h"
#include "common/pipeline/step.h"
#include "common/process/process.h"
#include "daemon/display.h"
#include "daemon/status_report.h"

namespace mediaferry::daemon {

/// `--run-stage NAME` of this binary under the same config, with `more` behind it and `environment` on top of ours.
process::Command stage_command(const config::Settings&, std::string_view stage, std::map<std::string, std::string> environment,
                               const std::vector<std::string>& more = {});

class Walk {
public:
    Walk(media_db::MediaDb&, const config::Settings&, WorkflowId, std::vector<const pipeline::Step*> range, Display&);

    /// Until the end of the range, the first stage that fails as a whole, or a stop signal. Returns the exit code.
    int operator()();
    /// Every stage that ran, in the order of the house.
    const std::map<int, StageStatus>& stages() const { return ended_; }

private:
    struct Worker {
        process::Child child;
        bool over = false;
    };
    int walk_stage(const pipeline::Step&);
    int run_processes(const pipeline::Step&);
    int judge(const pipeline::Step&, Worker&, const process::Exit&);
    int repeat_batches();
    void start(const pipeline::Step&, std::vector<Worker>&);
    StageStatus seen(const pipeline::Step&) const;
    bool registered(pid_t) const;
    bool in_range(std::string_view stage) const;

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    WorkflowId workflow_;
    std::vector<const pipeline::Step*> range_;
    Display& display_;
    std::map<int, StageStatus> ended_;
    bool items_failed_ = false;
    bool phone_proved_some_ = false;  ///< the last pixel_verify made room on the phone
};

}  // namespace mediaferry::daemon
