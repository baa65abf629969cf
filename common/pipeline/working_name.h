#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a file is called in a working folder when `workflow.prefix_names` is on. The NAS and library/ never use these names.

#include <string>
#include <string_view>

#include "common/types/timestamp.h"

namespace mediaferry::pipeline {

/// "step05_processing_20250115_143022_IMG_1234.jpg": the stage, when it handled the file, and the file's own name. The prefix of an
/// earlier stage is replaced, not stacked.
std::string working_name(int stage_number, std::string_view stage, Timestamp handled, std::string_view filename);
/// The file's own name: without a prefix of working_name()'s form, unchanged when it has none.
std::string_view own_name(std::string_view filename);

}  // namespace mediaferry::pipeline
