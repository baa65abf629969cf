// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/compare/rules.h"

#include <fnmatch.h>

#include <algorithm>

namespace mediaferry::compare {

bool matches(std::string_view pattern, std::string_view path) {
    if (pattern.find_first_of("*?") == std::string_view::npos) return !pattern.empty() && path.find(pattern) != std::string_view::npos;
    return ::fnmatch(std::string(pattern).c_str(), std::string(path).c_str(), 0) == 0;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view path) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, path); });
}

bool RuleSet::takes(std::string_view path) const { return (include.empty() || matches_any(include, path)) && !matches_any(exclude, path); }

std::string_view class_of(const std::vector<FileClass>& classes, std::string_view path) {
    for (const auto& one : classes)
        if (matches_any(one.paths, path)) return one.name;
    return kOtherClass;
}

}  // namespace mediaferry::compare
