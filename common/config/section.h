#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A cursor over one map of the config file. It knows which keys were asked for; finish() reports the others.
// Listing (listing.h) has the same functions for the way back: keys.h is written once for both.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/document.h"
#include "common/config/faults.h"
#include "common/config/secrets.h"
#include "common/config/syntax.h"

namespace mediaferry::config {

class Section {
public:
    Section(const Value& map, std::string path, Faults&, SecretFinder&);

    template <class T>
    void value(std::string_view key, T& into, const Syntax<T>& syntax) {
        if (const auto* given = scalar_at(key)) read(*given, full(key), into, syntax);
    }

    template <class T>
    void optional(std::string_view key, std::optional<T>& into, const Syntax<T>& syntax) {
        T read_value{};
        if (const auto* given = scalar_at(key); given != nullptr && read(*given, full(key), read_value, syntax)) into = read_value;
    }

    /// A list, or one value in the place of a list of one.
    template <class T>
    void list(std::string_view key, std::vector<T>& into, const Syntax<T>& syntax) {
        const auto* given = list_at(key);
        if (given == nullptr) return;
        into.clear();
        for (std::size_t i = 0; i < given->size(); ++i) {
            T item{};
            if (is_scalar((*given)[i], element(key, i)) && read((*given)[i], element(key, i), item, syntax)) into.push_back(std::move(item));
        }
    }

    /// A list of maps; `body` reads one.
    template <class T, class Body>
    void maps(std::string_view key, std::vector<T>& into, Body body) {
        const auto* given = list_at(key);
        if (given == nullptr) return;
        into.clear();
        for (std::size_t i = 0; i < given->size(); ++i) {
            const auto& item = (*given)[i];
            into.emplace_back();
            if (is_map(item, element(key, i), "{…}")) enter(item, element(key, i), [&](Section& in) { body(in, into.back()); });
        }
    }

    /// A map whose keys are the user's.
    void words(std::string_view key, std::map<std::string, std::string>& into);

    template <class Body>
    void section(std::string_view key, Body body) {
        static const Value nothing;
        const auto* entry = find(key);
        const bool usable =
            entry != nullptr && (entry->value.kind == Value::Kind::nothing || is_map(entry->value, full(key), "its keys below it, indented"));
        enter(usable ? entry->value : nothing, full(key), body);
    }

    /// A map, or the word `keep`. Without either, what was there is kept.
    template <class Body>
    void kept_or(std::string_view key, bool& keep, Body body) {
        keep = true;
        const auto* entry = find(key);
        if (entry == nullptr || (entry->value.kind == Value::Kind::scalar && entry->value.text == "keep")) return;
        if (!is_map(entry->value, full(key), "keep, or {quality: …}")) return;
        keep = false;
        enter(entry->value, full(key), body);
    }

    /// x_file, x_env, a credential or x.
    void secret(std::string_view key, Secret& into, std::string_view credential);
    /// Every section takes `enabled`; this one cannot do without.
    void always_on(std::string_view what_to_write_instead);

    /// Reports keys that nobody asked for, with the nearest one that somebody did.
    void finish();

private:
    template <class T>
    bool read(const Value& given, const std::string& key, T& into, const Syntax<T>& syntax) {
        if (auto result = syntax.read(given.text)) {
            into = std::move(*result);
            return true;
        }
        faults_.add(given.at, key, (syntax.quote_faulty ? "\"" + given.text + "\" " : "") + syntax.wrong);
        return false;
    }

    template <class Body>
    void enter(const Value& map, const std::string& path, Body body) {
        Section inner{map, path, faults_, secrets_};
        body(inner);
        inner.finish();
    }

    const Entry* find(std::string_view key);
    const Value* scalar_at(std::string_view key);
    const std::vector<Value>* list_at(std::string_view key);
    std::optional<GivenSecret> secret_at(const std::string& key);
    bool is_scalar(const Value&, const std::string& key);
    bool is_map(const Value&, const std::string& key, std::string_view write_what);
    std::string full(std::string_view key) const { return path_.empty() ? std::string{key} : path_ + "." + std::string{key}; }
    std::string element(std::string_view key, std::size_t i) const { return full(key) + "[" + std::to_string(i) + "]"; }

    const Value& map_;
    std::string path_;
    Faults& faults_;
    SecretFinder& secrets_;
    std::vector<std::string> known_;
    std::vector<Value> one_;  ///< a scalar in the place of a list
};

}  // namespace mediaferry::config
