// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/sequence.h"

#include <iterator>
#include <sstream>

#include "tests/property/lying_icloud/apple.h"
#include "tests/property/lying_icloud/draw.h"

namespace mediaferry::lying {
namespace {

/// What a person or the world does between two runs.
constexpr std::string_view kHands[] = {"edit",        "touch", "remove",    "undelete", "unfile",     "file",       "delete_album", "make_album",
                                       "approve_old", "plan",  "hide",      "unhide",   "nas_change", "nas_remove", "nas_away",     "phone_away",
                                       "bring",       "add",   "duplicate", "redo",     "release",    "stop",       "replace"};
constexpr std::string_view kStages[] = {"icloud_download", "pixel_sync",  "pixel_verify",  "nas_archive", "processing",
                                        "compress",        "icloud_mark", "icloud_delete", "cleanup"};

Step some_lie(Draw& draw) { return {"lie:" + std::string{kLies[draw.below(std::size(kLies))]}, draw.below(1000), draw.below(40)}; }

void disturb(Sequence& out, Draw& draw) {
    const auto kind = draw.below(10);
    if (kind < 5)
        out.steps.push_back(some_lie(draw));
    else if (kind < 8)
        out.steps.push_back({std::string{kHands[draw.below(std::size(kHands))]}, draw.below(1000), draw.below(1000)});
    else if (kind < 9)
        out.steps.push_back({"stage:" + std::string{kStages[draw.below(std::size(kStages))]}, 0, 0});
    else
        out.steps.push_back({"jump", draw.below(2), draw.below(200'000)});
}

}  // namespace

/// Rounds of all stages with waits long enough that photos come through, and disturbances in between: a house at work, not noise.
Sequence draw(std::uint64_t seed) {
    Draw draw{seed};
    Sequence out;
    out.seed = seed;
    out.strict_tags = draw.below(2) == 0;
    out.manual = draw.below(3) != 0;
    out.google = draw.below(4) == 0;
    out.freed = draw.below(3) != 0;
    out.nas_is_touched = draw.below(2) == 0;
    out.keep_days = draw.one_in(6) ? 30 : 0;
    out.max_per_run = draw.one_in(3) ? 1 + static_cast<int>(draw.below(2)) : 500;
    out.max_share = draw.one_in(4) ? 40 : 100;
    out.assets = 2 + static_cast<int>(draw.below(4));
    out.codecs = draw.one_in(8);      // a codec is a program of its own, and slow
    const auto calm = draw.below(3);  // 0: hardly disturbed, so that much is deleted
    for (int phase = 0; phase < 5; ++phase) {
        for (auto n = draw.below(2 + 2 * calm); n > 0; --n) disturb(out, draw);
        out.steps.push_back({"round", 0, 0});
        for (auto n = draw.below(1 + 2 * calm); n > 0; --n) disturb(out, draw);
        if (phase == 1 || phase == 2) out.steps.push_back({"free", 0, 0});
        if (phase > 0) out.steps.push_back({"approve", 0, 0});
        if (phase > 0 && draw.one_in(2)) {  // the last moment is the dangerous one
            disturb(out, draw);
            out.steps.push_back({"stage:icloud_delete", 0, 0});
        }
        out.steps.push_back({"wait", 0, draw.one_in(4) ? draw.below(90'000) : 180'000 + draw.below(90'000)});
    }
    return out;
}

std::string told(const Sequence& sequence) {
    std::ostringstream out;
    out << "seed " << sequence.seed << ": " << sequence.assets << " assets, " << (sequence.strict_tags ? "" : "no ") << "strict tags, "
        << (sequence.manual ? "manual" : "automatic") << " approval, require nas"
        << (sequence.google ? sequence.freed ? "+google(freed)" : "+google(dwelt)" : "") << ", keep_days " << sequence.keep_days << ", max_per_run "
        << sequence.max_per_run << ", max_share " << sequence.max_share << " %\n";
    for (const auto& step : sequence.steps) out << "  " << step.what << " " << step.which << " " << step.much << "\n";
    return out.str();
}

}  // namespace mediaferry::lying
