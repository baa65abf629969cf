// SPDX-License-Identifier: GPL-3.0-or-later
// What the command line asks of this stage besides its work.
#include "common/stage/verb.h"

#include "stages/compress/policy_change.h"
#include "stages/compress/preview.h"

namespace mediaferry::stages {
namespace {

int answer(const stage::VerbCall& call) {
    if (call.words.at(0) == "policy-changed") return redo_after_policy_change(call);
    return preview(call);
}

}  // namespace
}  // namespace mediaferry::stages

MEDIAFERRY_STAGE_VERB(mediaferry::stages::answer)
