#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a row of the house's stage table says.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::pipeline {

/// How a stage claims its work.
enum class Unit {
    none,   ///< finds its own work in begin(): no step rows are claimed
    item,   ///< one file
    asset,  ///< all files of one iCloud asset at once; ready only when every one of them is
};

/// One row of the stage table (stages/house.cpp).
struct Step {
    std::string_view stage;
    std::vector<std::string_view> after;  ///< stages that must be done for a file first
    std::string_view status;              ///< the word in media.status once done; "" for cleanup
    Unit unit = Unit::item;
    bool has_rows = true;                                          ///< files have a row in `step` for it
    std::chrono::seconds item_deadline{std::chrono::minutes{30}};  ///< a hung process() is killed after this
    std::string_view does;                                         ///< one line for `mediaferry stages` and the README
};

/// media.step.status.
enum class StepStatus { pending, running, done, attention };
std::string_view to_text(StepStatus);

}  // namespace mediaferry::pipeline
