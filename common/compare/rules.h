#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Which paths take part: named rule sets, and classes of files that may be left out of an action. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::compare {

/// A word matches where the path contains it; with * or ? it must match the whole path (* crosses folders).
bool matches(std::string_view pattern, std::string_view path);
bool matches_any(const std::vector<std::string>& patterns, std::string_view path);

/// Named in the config: `images` excludes paths with WBPP or Processing, `wip` takes only those.
struct RuleSet {
    std::string name;
    std::vector<std::string> include;  ///< empty: everything
    std::vector<std::string> exclude;
    bool takes(std::string_view path) const;
};

/// A class of files by pattern: `flats` = _FlatWizard. What is in none is of the class kOtherClass.
struct FileClass {
    std::string name;
    std::vector<std::string> paths;
};
inline constexpr std::string_view kOtherClass = "lights";
/// Name of the first class that has it.
std::string_view class_of(const std::vector<FileClass>&, std::string_view path);

}  // namespace mediaferry::compare
