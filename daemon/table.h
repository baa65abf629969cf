#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Columns that line up, for a person.

#include <string>
#include <vector>

namespace mediaferry::daemon {

class Table {
public:
    /// A heading that begins with '>' makes a column of numbers, aligned to the right.
    explicit Table(std::vector<std::string> headings);
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const { return rows_.empty(); }
    /// Two blanks between columns, no trailing blanks, every line ended.
    std::string text(const std::string& indent = "") const;

private:
    std::vector<std::string> headings_;
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

/// Characters as a terminal counts them (UTF-8 sequences as one; wide ones too).
std::size_t shown_width(const std::string&);
/// `text` cut to `width` characters, with "…" when something was left out.
std::string cut(const std::string& text, std::size_t width);

}  // namespace mediaferry::daemon
