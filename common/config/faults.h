#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Everything wrong with a config file, told at once: `file:line:column: key: what is wrong (what to write)`.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/document.h"
#include "common/types/fs.h"

namespace mediaferry::config {

class Faults {
public:
    explicit Faults(fs::path file) : file_(std::move(file)) {}

    void add(Position at, std::string_view key, std::string_view what) { faults_.push_back({at, line(at, key, what)}); }
    void warn(Position at, std::string_view key, std::string_view what) { warnings_.push_back({at, line(at, key, what)}); }
    /// A fault in another file (.env), told after those of the config file.
    void add_elsewhere(const fs::path& file, int line, std::string_view what);

    /// Remembers where a key stands, for faults that are found later, between keys.
    void remember(const std::string& key, Position at) { positions_[key] = at; }
    /// Whether the file gives the key.
    bool mentions(const std::string& key) const { return positions_.contains(key); }
    /// Where `key` stands; if it is not written, where the section around it does.
    Position position_of(std::string key) const;

    /// Throws ConfigError ("config.invalid") with every fault, sorted by position, if there is one.
    void throw_if_any() const;
    std::vector<std::string> warnings() const { return sorted(warnings_); }

private:
    struct Line {
        Position at;
        std::string text;
    };
    std::string line(Position, std::string_view key, std::string_view what) const;
    static std::vector<std::string> sorted(std::vector<Line>);

    fs::path file_;
    std::vector<Line> faults_, warnings_;
    std::map<std::string, Position> positions_;
};

/// The one of `known` nearest to `word` if it is near enough to be what was meant; "" otherwise.
std::string nearest(std::string_view word, const std::vector<std::string>& known);
/// "a, b or c".
std::string alternatives(const std::vector<std::string>& words);

}  // namespace mediaferry::config
