#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One message when a trouble begins and one when it is over, however many runs meet it in between.

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::notify {

/// The troubles that a person has been told of: pairs of a stage and a reason's code. A value; whoever keeps it over restarts stores lines().
class Episodes {
public:
    Episodes() = default;
    /// From lines(); lines that are none are left out.
    explicit Episodes(const std::vector<std::string>& lines);

    /// `failing`: a run of `stage` met `code`; true the first time. Not `failing`: it is over; true if it had been told.
    bool should_notify(std::string_view stage, std::string_view code, bool failing);
    /// A run of `stage` met no trouble: ends its episodes and returns their codes, each of which calls for one message.
    std::vector<std::string> recovered(std::string_view stage);

    /// "stage code", sorted.
    std::vector<std::string> lines() const;

private:
    std::set<std::pair<std::string, std::string>> open_;
};

}  // namespace mediaferry::notify
