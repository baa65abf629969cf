// SPDX-License-Identifier: GPL-3.0-or-later
// lying_icloud: random sequences of lies, runs, hands and clocks; after every deletion that took effect, whether it was right.
//   lying_icloud [--first N] [--count N]   sequences with the seeds N, N+1, …; ends at the first that fails, shortened
//   lying_icloud --seed N                  that one, with its story
// The last line on stdout is JSON: {"sequences":…,"deletions":…,"stage_runs":…,"failed":…}
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>

#include "common/log/log.h"
#include "tests/property/lying_icloud/port.h"
#include "tests/property/lying_icloud/world.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::lying;

namespace {

struct Given {
    std::uint64_t first = 1, count = 50;
    bool story = false, keep_going = false;
};

Given given(int argc, char** argv) {
    Given out;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--keep-going") {
            out.keep_going = true;
        } else if (i + 1 < argc && (word == "--first" || word == "--count" || word == "--seed")) {
            const auto number = std::strtoull(argv[++i], nullptr, 10);
            if (word == "--count")
                out.count = number;
            else
                out.first = number;
            if (word == "--seed") out.count = 1, out.story = true;
        } else {
            std::cerr << "lying_icloud: what is " << word << "? (--first N, --count N, --seed N, --keep-going)\n";
            std::exit(64);
        }
    }
    return out;
}

Verdict play(Port& port, const Sequence& sequence) {
    try {
        return World{port, sequence}.play();
    } catch (const std::exception& error) {
        return {{std::string{"it threw: "} + error.what()}, 0, 0, {}};
    }
}

void show(const Sequence& sequence, const Verdict& verdict) {
    std::cout << told(sequence);
    for (const auto& line : verdict.story) std::cout << "    | " << line << "\n";
    for (const auto& violation : verdict.violations) std::cout << "  VIOLATED: " << violation << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    const auto wanted = given(argc, argv);
    const char* level = std::getenv("MEDIAFERRY_LOG_LEVEL");
    log::init(log::level_from_text(level ? level : "error"), log::Format::logfmt);
    const test::TempDir place;
    Port port{place.path()};
    std::uint64_t sequences = 0, failed = 0;
    std::int64_t deletions = 0, stage_runs = 0;
    for (auto seed = wanted.first; seed < wanted.first + wanted.count; ++seed) {
        const auto sequence = draw(seed);
        const auto verdict = play(port, sequence);
        ++sequences;
        deletions += verdict.deletions;
        stage_runs += verdict.stage_runs;
        if (wanted.story) show(sequence, verdict);
        if (verdict.violations.empty()) continue;
        ++failed;
        std::cout << "FAILED after " << sequences << " sequences, seed " << seed << ": " << verdict.violations.front() << std::endl;
        if (wanted.keep_going) continue;
        const auto kind = verdict.violations.front().substr(0, verdict.violations.front().find(' '));
        const auto shorter = shrink(sequence, [&](const Sequence& one) {
            const auto again = play(port, one);
            return !again.violations.empty() && again.violations.front().starts_with(kind);
        });
        std::cout << "shortened from " << sequence.steps.size() << " to " << shorter.steps.size() << " steps; run it again: lying_icloud --seed "
                  << seed << "\n";
        show(shorter, play(port, shorter));
        break;
    }
    std::cout << R"({"sequences":)" << sequences << R"(,"deletions":)" << deletions << R"(,"stage_runs":)" << stage_runs << R"(,"failed":)" << failed
              << "}\n";
    return failed == 0 ? 0 : 1;
}
