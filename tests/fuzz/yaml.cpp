// SPDX-License-Identifier: GPL-3.0-or-later
// The YAML tree below the config: what we write is read as the same tree.
#include "common/config/document.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using config::Value;

namespace {

bool same(const Value& a, const Value& b) {
    if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() || a.entries.size() != b.entries.size()) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i)
        if (!same(a.items[i], b.items[i])) return false;
    for (std::size_t i = 0; i < a.entries.size(); ++i)
        if (a.entries[i].key != b.entries[i].key || !same(a.entries[i].value, b.entries[i].value)) return false;
    return true;
}

/// What our writer is for: maps of maps, of scalars, and of lists that are all scalars or all maps that are not empty.
bool is_writable(const Value& map) {
    for (const auto& entry : map.entries) {
        const auto& value = entry.value;
        if (value.kind == Value::Kind::nothing) return false;
        if (value.kind == Value::Kind::map && !is_writable(value)) return false;
        for (const auto& item : value.items) {
            if (item.kind != value.items.front().kind || (item.kind != Value::Kind::scalar && item.kind != Value::Kind::map)) return false;
            if (item.kind == Value::Kind::map && (item.entries.empty() || !is_writable(item))) return false;
        }
    }
    return true;
}

}  // namespace

FUZZ(yaml) {
    try {
        const auto tree = config::read_document(std::string(input));
        config::to_json(tree);
        if (tree.kind != Value::Kind::map || tree.entries.empty() || !is_writable(tree)) return;
        const auto text = config::to_yaml(tree);
        fuzz::require(same(config::read_document(text), tree), "a tree that is written is read otherwise");
    } catch (const config::NotYaml& error) {
        fuzz::require(error.at.line >= 1 && error.at.column >= 1 && !error.text.empty(), "a fault without a place or a text");
    }
}
