// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/pipeline/working_name.h"

#include <algorithm>

namespace mediaferry::pipeline {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool of_stage_name(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/// Whether `text` begins with "_20250115_143022_".
bool begins_with_time(std::string_view text) {
    constexpr std::string_view form = "_dddddddd_dddddd_";
    if (text.size() < form.size()) return false;
    return std::equal(form.begin(), form.end(), text.begin(), [](char wanted, char c) { return wanted == 'd' ? digit(c) : c == wanted; });
}

}  // namespace

std::string working_name(int stage_number, std::string_view stage, Timestamp handled, std::string_view filename) {
    std::string number = std::to_string(stage_number);
    if (number.size() < 2) number.insert(0, "0");
    return "step" + number + "_" + std::string(stage) + "_" + to_compact(handled) + "_" + std::string(own_name(filename));
}

std::string_view own_name(std::string_view filename) {
    constexpr std::size_t number_ends = 6;  // "step05"
    if (filename.size() < number_ends || !filename.starts_with("step") || !digit(filename[4]) || !digit(filename[5])) return filename;
    for (std::size_t at = number_ends; at < filename.size() && of_stage_name(filename[at]); ++at) {
        if (at > number_ends && begins_with_time(filename.substr(at))) {
            const auto own = filename.substr(at + 17);
            return own.empty() ? filename : own;
        }
    }
    return filename;
}

}  // namespace mediaferry::pipeline
