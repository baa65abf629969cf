#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What `mediaferry compare` was asked: its words and options, the config's defaults beneath. Shared with `queue`.

#include <string>
#include <vector>

#include "common/compare/compare.h"
#include "common/config/settings.h"

namespace mediaferry::daemon {

struct CompareOptions {
    fs::path local, archive;
    compare::View view = compare::View::safety;
    compare::Asked asked;
    bool sort_recent = false;
};

/// [LOCAL] [ARCHIVE] [--view safety|pull] [--rules NAME] [--depth N] [--without CLASS] [--include-CLASS] [--checksum] [--sort name|recent].
/// Throws UsageError, and ConfigError when there is no archive to compare with.
CompareOptions compare_options(const std::vector<std::string>& words, const config::Settings&);

/// The rules, classes and depth of the config, all classes of `leave_out` left out.
compare::Asked asked_by(const config::Compare&);

}  // namespace mediaferry::daemon
