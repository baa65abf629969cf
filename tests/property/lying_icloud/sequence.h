#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A sequence is data: drawn from its seed, printed, shortened.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::lying {

/// What may happen. `which` and `much` mean something else for each; any step makes sense in any order, so that steps can be left out.
struct Step {
    std::string what;
    std::uint32_t which = 0, much = 0;
};

struct Sequence {
    std::uint64_t seed = 0;
    // the house, for all of the sequence
    bool strict_tags = true, manual = true, google = false, freed = true, nas_is_touched = true, codecs = false;
    int keep_days = 0, max_per_run = 500, max_share = 100, assets = 3;
    std::vector<Step> steps;
};

Sequence draw(std::uint64_t seed);
std::string told(const Sequence&);

/// What went wrong with it; nullopt: nothing.
struct Verdict {
    std::vector<std::string> violations;
    std::int64_t deletions = 0, stage_runs = 0;
    std::vector<std::string> story;  ///< what happened, step by step
};

/// The shortest sequence that still fails which leaving out steps one at a time leads to.
template <class Fails>
Sequence shrink(Sequence failing, const Fails& fails) {
    for (std::size_t at = failing.steps.size(); at-- > 0;) {
        Sequence shorter = failing;
        shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(at));
        if (fails(shorter)) failing = std::move(shorter);
    }
    return failing;
}

}  // namespace mediaferry::lying
