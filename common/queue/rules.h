#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What an action means for one file of its target. Pure.

#include <optional>

#include "common/compare/compare.h"
#include "common/errors/errors.h"

namespace mediaferry::queue {

enum class Do {
    copy,   ///< to the side that lacks it
    trash,  ///< on the NAS, once both sides were read and are equal
    skip,   ///< the reason says why
};
struct Step {
    Do what = Do::skip;
    Reason why = {};
};
/// nullopt: the action is not about this file (a pull is about what lies on the NAS, a push about what lies here). Where the two sides differ
/// nothing is done: a person decides. `only_copy`: trash takes files too that are not here at all.
std::optional<Step> step_for(compare::Action, const compare::Judged&, bool only_copy);

/// Whether an index or media.db row says that mediaferry archived the file: such a copy is never moved away, something may rely on it.
Reason relied_upon();

}  // namespace mediaferry::queue
