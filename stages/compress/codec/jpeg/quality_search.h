#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The lowest quality that looks good enough, found with few tries. Pure.

#include <functional>
#include <optional>

namespace mediaferry::stages {

struct QualityRange {
    int lowest = 50, highest = 95;
    int most_probes = 6;  ///< a quality that is good enough is taken then, although a lower one might do
};

/// What a search found: the lowest quality whose score reaches the floor (or one that is hardly better than the floor), or none. `probes`: how often
/// it looked.
struct Found {
    std::optional<int> quality;
    int probes = 0;
};

/// Where most photos reach this floor.
int start_for(double floor);
/// How many steps of quality lie between a score and the floor, about; negative when the score is above.
int steps_away(double score, double floor);

/// `score` must not fall when quality rises (a little noise costs precision only). Begins at `start`, then goes where a line through what it knows
/// reaches the floor, and halves the range when the line leads nowhere new.
Found lowest_quality(const QualityRange&, double floor, int start, const std::function<double(int quality)>& score);

}  // namespace mediaferry::stages
