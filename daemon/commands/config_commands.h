#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry config check|show|init`; `config setup` is setup_wizard.h.

#include <iosfwd>
#include <string_view>

#include "common/types/fs.h"

namespace mediaferry::daemon {

/// 0 and "config ok: FILE" on `out`, or 78 and every fault, one a line, on `err`. Warnings go to `err` either way.
int config_check(const fs::path& file, std::ostream& out, std::ostream& err, bool json = false);
/// Every key with its value in force, as YAML or JSON. Throws ConfigError when the file is wrong.
int config_show(const fs::path& file, bool json, std::ostream& out);
/// Writes the commented example, mode 0600, and makes its folder. 65 when there is a file already: it is left as it is.
int config_init(const fs::path& target, std::ostream& out, std::ostream& err);

/// Makes a file of mode 0600 and the folders above it; it appears complete or not at all. Throws file.exists rather than overwrite.
void write_new_file(const fs::path&, std::string_view content);

}  // namespace mediaferry::daemon
