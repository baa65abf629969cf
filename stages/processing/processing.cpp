// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/processing/processing.h"

#include "common/errors/errors.h"
#include "common/stage/relocate.h"

namespace mediaferry::stages {

using stage::Done;
using stage::MediaItem;
using stage::Outcome;
using stage::Relocated;
using stage::Run;

namespace {

constexpr int kStageNumber = 5;
constexpr std::string_view kStage = "processing";

}  // namespace

Outcome Processing::process(const MediaItem& item, Run& run) {
    const auto& folders = run.settings().folders;
    // Redone for a file that is further on already: its original does not go back.
    if (item.local_path && !item.local_path->lexically_relative(folders.delete_pending).empty() &&
        *item.local_path->lexically_relative(folders.delete_pending).begin() != "..")
        return Done{Reason{"original.there", "the original is further on already"}};
    switch (stage::relocate_original(run, item, folders.compress, kStageNumber, kStage)) {
        case Relocated::no_original: return Done{Reason{"original.released", "the original is not at home any more; compress works from the NAS"}};
        case Relocated::there: return Done{Reason{"original.there", "the original is there already"}};
        case Relocated::recovered: return Done{Reason{"original.there", "an earlier run had moved it"}};
        case Relocated::moved: break;
    }
    return Done{};
}

std::optional<std::string> Processing::rehearse(const MediaItem& item, Run& run) {
    if (!item.local_path) return "nothing to move: the original of " + item.filename + " is not at home any more";
    return "would move " + item.local_path->string() + " to " +
           stage::relocation_target(run, item, run.settings().folders.compress, kStageNumber, kStage).string();
}

}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::Processing)
