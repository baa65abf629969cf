#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The config changed: which files that concerns, what it will cost, and their way back into the stage.

#include "common/stage/verb.h"

namespace mediaferry::stages {

/// `mediaferry redo compress --policy-changed [--dry-run]`: opens the stage again for each file whose copy another policy made, and for no other.
/// Tells files, bytes and processor hours per tier and kind; a dry run only tells.
int redo_after_policy_change(const stage::VerbCall&);

}  // namespace mediaferry::stages
