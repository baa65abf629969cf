#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What lies in incoming/ and is neither file nor folder. We never follow it; icloudpd would, so it is not let in beside it.

#include <optional>
#include <string>
#include <vector>

#include "common/errors/errors.h"
#include "common/types/fs.h"

namespace mediaferry::stages {

/// "2024/06: a symbolic link" for each, relative to `incoming`, as it may be shown to a person; none behind a link.
std::vector<std::string> strangers_below(const fs::path& incoming);

/// Why icloudpd is not run now ("incoming.stranger"); nullopt: nothing stands in its way.
std::optional<Reason> why_not_icloudpd(const fs::path& incoming, const std::vector<std::string>& strangers);

}  // namespace mediaferry::stages
