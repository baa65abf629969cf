#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Looks for what the phone has deleted, and decides what that proves (facts/syncthing.md D.3 to D.5).

#include "common/stage/run.h"
#include "common/syncthing/road.h"

namespace mediaferry::stages {

/// Stores a `freed` receipt, or the doubt about it, for every delivered file that the phone has deleted. The folder must have been checked and the
/// phone be present. Throws NeedsPerson ("pixel.canary") and believes nothing when the phone deleted something that Google Photos cannot own.
void watch_for_freed(stage::Run&, syncthing::Road&, const std::string& canary);

}  // namespace mediaferry::stages
