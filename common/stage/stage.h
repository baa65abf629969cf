#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One room of the house. A Stage lives only inside a `--run-stage` child, on one thread. A module ends with
// MEDIAFERRY_STAGE(Class); the class has a constructor Class(const config::Settings&).

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/rows.h"
#include "common/stage/outcome.h"
#include "common/stage/run.h"

namespace mediaferry::stage {

using media_db::MediaItem;

class Stage {
public:
    virtual ~Stage() = default;

    /// Once per run, before the first item: sign in, check the mount, find work. Done: go on. Wait: nothing can be done now, and that is no
    /// error (exit 0, told). Failures are exceptions: Unavailable (exit 69), SignInRequired (77), NeedsPerson (1), TransientError (75).
    /// A stage of Unit::none does all its work here and reports items by run.finished()/waits()/failed().
    virtual Outcome begin(Run&) { return Done{}; }

    /// One file (Unit::item). Its evidence goes through run.with_outcome() and is written in one transaction with the outcome.
    /// TransientError means RetryLater, NeedsPerson NeedsAttention, Unavailable ends the run and puts the item back.
    virtual Outcome process(const MediaItem&, Run&) { return Done{}; }

    /// All files of one asset (Unit::asset); one outcome for all of them. Files may be added to `items` by nobody else meanwhile.
    virtual Outcome process_asset(const std::vector<MediaItem>& /*items*/, Run&) { return Done{}; }

    /// Asked before each claim. False: this run takes no further item (the batch is full), goes on with after_items() and ends as if nothing were
    /// ready; whatever is ready stays untouched, so a stage that is full does not walk through a hundred thousand items to say so of each.
    virtual bool wants_more(Run&) { return true; }

    /// After the last item, when nothing is ready any more: wait for what is under way, settle accounts. True: look for ready items again.
    virtual bool after_items(Run&) { return false; }

    /// Says in one line what would be done with the item and touches nothing; nullopt: cannot say.
    virtual std::optional<std::string> rehearse(const MediaItem&, Run&) { return std::nullopt; }
    /// The same for a stage of Unit::none: lines for a dry run.
    virtual std::vector<std::string> rehearse_run(Run&) { return {}; }
};

using CreateStage = Stage* (*)(const config::Settings&);

}  // namespace mediaferry::stage

/// Exports the module's one function and the version it was built for; a module of another build is refused by the loader.
#define MEDIAFERRY_STAGE(Class)                                                                                             \
    extern "C" __attribute__((visibility("default"))) const char* mediaferry_stage_version() { return MEDIAFERRY_VERSION; } \
    extern "C" __attribute__((visibility("default"))) mediaferry::stage::Stage* mediaferry_create_stage(                    \
        const mediaferry::config::Settings& settings) {                                                                     \
        return new Class(settings);                                                                                         \
    }
