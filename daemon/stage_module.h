#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The door to a stage's module: loaded in a --run-stage child only, so that a broken codec library closes one room.

#include <memory>
#include <string_view>

#include "common/stage/stage.h"
#include "common/stage/verb.h"

namespace mediaferry::daemon {

/// <binary>/../lib/mediaferry/stages, or $MEDIAFERRY_STAGES_DIR.
fs::path stages_directory();
/// Loads <stage>.so and makes its Stage. Throws Unavailable ("module.missing", "module.broken", "module.version") with the loader's words.
std::unique_ptr<stage::Stage> load_stage(std::string_view stage, const config::Settings&);
/// Has <stage>.so answer a verb of its own (common/stage/verb.h). Throws as load_stage().
int ask_stage(std::string_view stage, const stage::VerbCall&);
/// The running binary, absolute.
fs::path own_binary();

}  // namespace mediaferry::daemon
