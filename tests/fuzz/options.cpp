// SPDX-License-Identifier: GPL-3.0-or-later
// The command line, one word a line.
#include "daemon/options.h"

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;

FUZZ(options) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= input.size() && words.size() < 12;) {
        const auto end = std::min(input.find('\n', at), input.size());
        words.emplace_back(input.substr(at, end - at));
        at = end + 1;
    }
    const auto options = daemon::parse_options(words, {});
    fuzz::require(!options.verb.empty() && !options.config.empty(), "an order without a verb or a config");
}
