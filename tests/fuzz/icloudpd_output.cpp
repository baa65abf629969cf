// SPDX-License-Identifier: GPL-3.0-or-later
// What icloudpd prints, in whatever pieces it comes.
#include <vector>

#include "common/icloud/icloudpd.h"
#include "common/process/lines.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

std::vector<std::string> cut(std::string_view text, std::size_t piece) {
    std::vector<std::string> lines;
    process::Lines cutter;
    const auto take = [&](std::string_view line) { lines.emplace_back(line); };
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) cutter.add(text.substr(0, piece), take);
    cutter.finish(take);
    return lines;
}

}  // namespace

FUZZ(icloudpd_output) {
    const auto lines = cut(input, input.size() + 1);
    require(lines == cut(input, 7), "the pieces in which lines come change them");
    icloud::OutputReader reader;
    for (const auto& line : lines) {
        require(line.size() <= process::Lines::kLongest && line.find('\n') == std::string::npos, "a line that is none");
        const auto read = icloud::read_line(line);
        require(!icloud::to_text(read.hint).empty(), "a hint without a word");
        require(line.find(read.subject) != std::string::npos, "a subject that was not said");
        if (!reader.take(line)) break;
    }
    require(reader.result.failed.size() <= 100, "failures without end");
    reader.result.problem();
    reader.result.sign_in_problem();
}
