// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/quality_search.h"

#include <algorithm>
#include <cmath>

namespace mediaferry::stages {
namespace {

constexpr double kNear = 0.001;  // above the floor: a quality lower by one would save a percent and cost another look

struct Try {
    int quality = 0;
    double score = 0;
};

/// How much is lost, so that a line leads from one try to the next: the logarithm falls evenly with quality.
double loss(double score) { return std::log(std::max(1e-5, 1 - score)); }

/// Where the line through both meets the floor, strictly between them.
int crossing(const Try& low, const Try& high, double floor) {
    const double fall = loss(low.score) - loss(high.score);
    const double share = fall > 1e-6 ? (loss(low.score) - loss(floor)) / fall : 0.5;
    return std::clamp(low.quality + static_cast<int>(std::ceil(share * (high.quality - low.quality))), low.quality + 1, high.quality - 1);
}

}  // namespace

// Half the loss is 17 steps away.
int steps_away(double score, double floor) { return static_cast<int>(std::lround((loss(score) - loss(floor)) / std::log(2.0) * 17)); }

int start_for(double floor) { return 75 + static_cast<int>(std::lround((loss(0.965) - loss(floor)) / std::log(2.0) * 22)); }

Found lowest_quality(const QualityRange& range, double floor, int start, const std::function<double(int)>& score) {
    Found found;
    std::optional<Try> fails, holds;  // the highest that is too low, the lowest that is good enough
    int misses = 0;
    bool held_before = false;
    int next = std::clamp(start, range.lowest, range.highest);
    for (;;) {
        const Try now{next, score(next)};
        ++found.probes;
        const bool holds_now = now.score >= floor;
        misses = holds_now == held_before ? misses + 1 : 1;
        held_before = holds_now;
        (holds_now ? holds : fails) = now;
        if (fails && fails->quality >= range.highest) return found;
        if (holds && found.probes >= range.most_probes) {
            found.quality = holds->quality;
            return found;
        }
        const bool near = holds && holds->score - floor < kNear;
        if (holds && (near || holds->quality <= range.lowest || (fails && holds->quality - fails->quality == 1))) {
            found.quality = holds->quality;
            return found;
        }
        if (fails && holds) {
            // The curve is flat in one place and steep in another: a line that misses on the same side twice gives way to halving.
            next = misses < 2 ? crossing(*fails, *holds, floor + kNear / 2) : (fails->quality + holds->quality) / 2;
        } else {
            const int step = steps_away(now.score, floor);
            next = holds ? std::clamp(holds->quality + std::min(step, -1), range.lowest, holds->quality - 1)
                         : std::clamp(fails->quality + std::max(step, 1), fails->quality + 1, range.highest);
        }
    }
}

}  // namespace mediaferry::stages
