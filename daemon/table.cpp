// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/table.h"

#include <algorithm>

namespace mediaferry::daemon {

namespace {
bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }
}  // namespace

std::size_t shown_width(const std::string& text) { return static_cast<std::size_t>(std::ranges::count_if(text, starts_character)); }

std::string cut(const std::string& text, std::size_t width) {
    if (shown_width(text) <= width || width == 0) return text;
    std::size_t end = 0;
    for (std::size_t seen = 0; end < text.size(); ++end)
        if (starts_character(text[end]) && ++seen == width) break;
    return text.substr(0, end) + "…";
}

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)), right_(headings_.size()) {
    for (std::size_t i = 0; i < headings_.size(); ++i) {
        right_[i] = !headings_[i].empty() && headings_[i][0] == '>';
        if (right_[i]) headings_[i].erase(0, 1);
    }
}

std::string Table::text(const std::string& indent) const {
    std::vector<std::size_t> widths;
    for (const auto& heading : headings_) widths.push_back(shown_width(heading));
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], shown_width(row[i]));
    std::string out;
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text = indent;
        for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
            const std::string gap(widths[i] - shown_width(cells[i]), ' ');
            text += (i ? "  " : "") + (right_[i] ? gap + cells[i] : cells[i] + gap);
        }
        out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
    };
    line(headings_);
    for (const auto& row : rows_) line(row);
    return out;
}

}  // namespace mediaferry::daemon
