#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The command line as it was meant: one verb, its words, its options (DESIGN section 6).

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/fs.h"

namespace mediaferry::daemon {

struct Options {
    std::string verb;                ///< "run", "status", …; "run-stage" for --run-stage; "help" and "version" too
    std::vector<std::string> words;  ///< what follows the verb; for config, db, auth and archive their own options too, in order
    fs::path config;                 ///< --config, else $MEDIAFERRY_CONFIG, else /etc/mediaferry/mediaferry.yaml
    std::string stage;               ///< --run-stage NAME
    std::string topic;               ///< `mediaferry run --help`: "run"
    std::optional<std::string> item, start, end, without, sample, seed;
    std::size_t limit = 0;
    bool json = false, dry_run = false, no_progress = false, follow = false, all = false, offline = false, full = false, policy_changed = false;
};

/// One row of the list of verbs.
struct Verb {
    std::string_view name;
    std::string_view usage;  ///< what follows the name
    std::string_view does;
    std::vector<std::string_view> options;  ///< which of ours it takes, beside --config and --help
    std::size_t least_words = 0, most_words = 0;
    bool own_options = false;  ///< parses what follows by itself
    bool later = false;        ///< comes with a later release
};
const std::vector<Verb>& verbs();

/// Reads the arguments (without the program's name). `environment` is asked for MEDIAFERRY_CONFIG.
/// Throws UsageError with a suggestion where one is near.
Options parse_options(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment);

/// The text of --help, or of one verb.
std::string help_text(std::string_view verb = {});

/// The candidate that `word` most likely meant; "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace mediaferry::daemon
