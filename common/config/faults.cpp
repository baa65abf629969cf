// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/faults.h"

#include <algorithm>
#include <limits>

#include "common/errors/errors.h"

namespace mediaferry::config {

namespace {

/// Insertions, deletions, replacements and swaps of neighbours that make `a` of `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::string Faults::line(Position at, std::string_view key, std::string_view what) const {
    std::string text = file_.string() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
    if (!key.empty()) text += std::string{key} + ": ";
    return text.append(what);
}

void Faults::add_elsewhere(const fs::path& file, int line_number, std::string_view what) {
    constexpr Position kLast{std::numeric_limits<int>::max(), 1};
    faults_.push_back({kLast, file.string() + ":" + std::to_string(line_number) + ":1: " + std::string{what}});
}

Position Faults::position_of(std::string key) const {
    while (!key.empty()) {
        if (const auto found = positions_.find(key); found != positions_.end()) return found->second;
        const auto dot = key.find_last_of(".[");
        key.erase(dot == std::string::npos ? 0 : dot);
    }
    return {};
}

std::vector<std::string> Faults::sorted(std::vector<Line> lines) {
    std::ranges::stable_sort(lines, {}, &Line::at);
    std::vector<std::string> texts;
    for (auto& line : lines) texts.push_back(std::move(line.text));
    return texts;
}

void Faults::throw_if_any() const {
    if (faults_.empty()) return;
    std::string all;
    for (const auto& text : sorted(faults_)) all += (all.empty() ? "" : "\n") + text;
    throw ConfigError{"config.invalid", all};
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : known) {
        const auto distance = edit_distance(word, candidate);
        if (distance >= least || distance >= std::max(word.size(), candidate.size())) continue;
        least = distance;
        best = candidate;
    }
    return best;
}

std::string alternatives(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return text;
}

}  // namespace mediaferry::config
