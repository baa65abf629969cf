#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A YAML text as a tree that keeps what a careful reader needs: the place of every key and value, and keys given twice.
// The YAML library stays behind document.cpp.

#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::config {

/// Where something stands in a file; both count from 1, as editors do.
struct Position {
    int line = 1;
    int column = 1;
    friend auto operator<=>(const Position&, const Position&) = default;
};

struct Entry;

struct Value {
    enum class Kind { nothing, scalar, list, map };
    Kind kind = Kind::nothing;
    Position at;
    std::string text;            ///< of a scalar
    bool bare = false;           ///< a scalar that JSON writes without quotes (a number or a boolean); set by writers only
    std::vector<Value> items;    ///< of a list
    std::vector<Entry> entries;  ///< of a map, in the order of the file, repeated keys included
};

struct Entry {
    std::string key;
    Position at;
    Value value;
};

Value scalar(std::string text, bool bare = false);

/// What is wrong with a text that is no YAML.
struct NotYaml {
    Position at;
    std::string text;
};

/// Reads one YAML document; an empty text is a Value of kind nothing. Throws NotYaml, also for nesting or aliases beyond reason.
Value read_document(const std::string& text);

/// The tree as YAML, one key a line; read_document() reads the same tree from it.
std::string to_yaml(const Value&);
std::string to_json(const Value&);
/// One string as a YAML scalar, in quotes where it needs them.
std::string yaml_scalar(std::string_view);

}  // namespace mediaferry::config
