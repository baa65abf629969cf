#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Real programs that tests make their files with, and ask about ours.

#include <string>
#include <vector>

namespace mediaferry::test {

/// What the program printed. Throws std::runtime_error with its words when it failed.
std::string said_by(std::vector<std::string> argv);
/// At blanks.
std::vector<std::string> words(const std::string& text);

}  // namespace mediaferry::test
