#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Carries out an approved plan: batches, each record's own answer, read back.

#include <vector>

#include "common/icloud/client.h"
#include "common/media_db/runs.h"
#include "common/stage/run.h"
#include "stages/icloud_delete/judgement.h"

namespace mediaferry::stages {

/// Deletes those items of the plan that are still accepted with the same change tag and resources; notes the others as held. Stops at the first
/// answer that nobody expected (throws Unavailable "icloud.refused_delete"). The plan is finished when no item is open any more.
void execute(stage::Run&, icloud::Client&, Judgement&, const media_db::Plan&, const std::vector<Accepted>&);

}  // namespace mediaferry::stages
