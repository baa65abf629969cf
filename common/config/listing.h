#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The way back from Settings to a config file: the same functions as Section, writing into a tree.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/document.h"
#include "common/config/secrets.h"
#include "common/config/syntax.h"

namespace mediaferry::config {

class Listing {
public:
    Listing() { map_.kind = Value::Kind::map; }
    Value take() { return std::move(map_); }

    template <class T>
    void value(std::string_view key, const T& of, const Syntax<T>& syntax) {
        add(key, scalar(syntax.write(of), syntax.bare));
    }

    template <class T>
    void optional(std::string_view key, const std::optional<T>& of, const Syntax<T>& syntax) {
        if (of) value(key, *of, syntax);
    }

    template <class T>
    void list(std::string_view key, const std::vector<T>& of, const Syntax<T>& syntax) {
        Value items;
        items.kind = Value::Kind::list;
        for (const auto& item : of) items.items.push_back(scalar(syntax.write(item), syntax.bare));
        add(key, std::move(items));
    }

    template <class T, class Body>
    void maps(std::string_view key, std::vector<T>& of, Body body) {
        Value items;
        items.kind = Value::Kind::list;
        for (auto& item : of) {
            Listing inner;
            body(inner, item);
            items.items.push_back(inner.take());
        }
        add(key, std::move(items));
    }

    void words(std::string_view key, const std::map<std::string, std::string>& of);

    template <class Body>
    void section(std::string_view key, Body body) {
        Listing inner;
        body(inner);
        add(key, inner.take());
    }

    template <class Body>
    void kept_or(std::string_view key, const bool& keep, Body body) {
        if (keep)
            add(key, scalar("keep"));
        else
            section(key, body);
    }

    void secret(std::string_view key, const Secret& of, std::string_view) { add(key, scalar(shown(of))); }
    void always_on(std::string_view) {}

private:
    void add(std::string_view key, Value value) { map_.entries.push_back({std::string{key}, {}, std::move(value)}); }
    Value map_;
};

}  // namespace mediaferry::config
