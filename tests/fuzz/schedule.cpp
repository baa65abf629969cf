// SPDX-License-Identifier: GPL-3.0-or-later
// When a stage runs: the config's check and the daemon's reading agree, and the next time is always later.
#include "daemon/schedule.h"

#include "common/config/values.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

FUZZ(schedule) {
    const Timestamp now{std::chrono::seconds{1'700'000'000}};
    const auto rule = daemon::Rule::from_text(input);
    require(config::schedule_is_valid(input) == rule.has_value(), "the config and the daemon disagree about a schedule");
    if (rule) {
        const auto next = rule->next(now);
        require(next > now && rule->next(next) > next, "a next time that is not later");
    }
    const auto window = Window::from_text(input);
    require(config::window_is_valid(input) == window.has_value(), "the config and the daemon disagree about a window");
    if (window) {
        const auto open = next_open({*window}, now);
        require(open >= now && window->contains(open), "a window that does not open when it should");
    }
}
