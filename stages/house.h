#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The way of a photo through the house, as data.

#include <functional>
#include <string_view>
#include <vector>

#include "common/pipeline/step.h"

namespace mediaferry::stages {

/// All stages in their order (DESIGN section 2).
const std::vector<pipeline::Step>& house();
/// By name or by number ("4", "nas_archive"); nullptr: no such stage.
const pipeline::Step* find_stage(std::string_view name_or_number);
/// 1-based position in house().
int number_of(const pipeline::Step&);
/// The predecessors of `step` when those that are switched off are passed over: each is replaced by its own predecessors.
std::vector<std::string_view> effective_after(const pipeline::Step& step, const std::function<bool(std::string_view)>& enabled);

}  // namespace mediaferry::stages
