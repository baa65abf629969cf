#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The loop every stage run is: begin, then claim, process, record, until nothing is ready. The one place where a stage's
// exceptions end and become outcomes.

#include <cstddef>
#include <functional>
#include <optional>

#include "common/pipeline/step.h"
#include "common/stage/run.h"
#include "common/stage/stage.h"

namespace mediaferry::stage {

struct WorkOptions {
    bool dry_run = false;
    std::optional<MediaId> item;                             ///< this one only
    std::size_t limit = 0;                                   ///< at most so many items (assets for Unit::asset); 0: all
    std::function<void(const std::string&)> say;             ///< dry run: one line per item
    std::function<void(std::chrono::seconds)> arm_deadline;  ///< called before each item with its deadline, with 0 after it
};

struct WorkResult {
    int exit_code = 0;             ///< DESIGN section 6
    std::optional<Reason> reason;  ///< why it ended early or waits, or what of it that has no row was not done
};

/// Runs the stage to its end. Throws nothing but bugs.
WorkResult work(Stage&, const pipeline::Step&, Run&, const WorkOptions& = {});

}  // namespace mediaferry::stage
