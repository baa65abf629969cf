#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What `mediaferry queue` moved to the archive's trash and nobody asked back for: gone after its days.

#include <functional>
#include <string>
#include <vector>

#include "common/stage/stage.h"

namespace mediaferry::stages {

/// What empty_archive_trash() would look at, for a dry run.
std::vector<std::string> archive_trash_due(stage::Run&);
/// `attempt(what, work)` runs each piece. A NAS that is away, or a queue at work, leaves everything for the next run.
void empty_archive_trash(stage::Run&, const std::function<void(const std::string& what, const std::function<void()>& work)>& attempt);

}  // namespace mediaferry::stages
