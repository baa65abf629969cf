// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/layout.h"

#include <array>

#include "common/errors/errors.h"
#include "common/files/files.h"

namespace mediaferry::archive {
namespace {

constexpr std::array<std::string_view, 6> kKeys{"year", "month", "day", "filename", "kind", "account"};

[[noreturn]] void refuse(std::string_view rule, const std::string& why) {
    throw ConfigError("config.layout", "archive.layout: '" + std::string(rule) + "' " + why +
                                           " (write for example \"{year}/{month}/{filename}\"; known: year month day filename kind account)");
}

std::string digits(unsigned number, std::size_t width) {
    auto text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string value_of(std::string_view key, const Described& file) {
    const auto date = civil_date(file.taken);
    if (key == "year") return digits(static_cast<unsigned>(static_cast<int>(date.year())), 4);
    if (key == "month") return digits(static_cast<unsigned>(date.month()), 2);
    if (key == "day") return digits(static_cast<unsigned>(date.day()), 2);
    if (key == "filename") return file.filename;
    if (key == "kind") return std::string(to_text(file.kind));
    return file.account.empty() ? "unknown" : file.account;
}

/// Calls `text` for what stands between keys and `key` for each {key}.
template <class Text, class Key>
void walk(std::string_view rule, std::string_view whole, Text&& text, Key&& key) {
    while (!rule.empty()) {
        const auto open = rule.find_first_of("{}");
        text(rule.substr(0, open));
        if (open == std::string_view::npos) return;
        const auto close = rule.find('}', open);
        if (rule[open] == '}' || close == std::string_view::npos) refuse(whole, "has a brace without its partner");
        key(rule.substr(open + 1, close - open - 1));
        rule.remove_prefix(close + 1);
    }
}

}  // namespace

Layout::Layout(std::string_view rule) {
    std::string_view rest = rule;
    while (true) {
        const auto slash = rest.find('/');
        const auto component = rest.substr(0, slash);
        if (component.empty() || component == "." || component == "..") refuse(rule, "is not a plain relative path");
        components_.emplace_back(component);
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    int filenames_before_the_last = 0, filenames = 0;
    for (const auto& component : components_) {
        filenames_before_the_last = filenames;
        walk(
            component, rule, [](std::string_view) {},
            [&](std::string_view key) {
                bool known = false;
                for (const auto one : kKeys) known = known || one == key;
                if (!known) refuse(rule, "has the unknown key {" + std::string(key) + "}");
                if (key == "filename") ++filenames;
            });
    }
    if (filenames != 1 || filenames_before_the_last != 0 || !components_.back().ends_with("{filename}")) refuse(rule, "must end in {filename}, once");
}

fs::path Layout::place(const Described& file) const {
    fs::path path;
    for (const auto& component : components_) {
        std::string name;
        walk(
            component, component, [&](std::string_view text) { name += text; }, [&](std::string_view key) { name += value_of(key, file); });
        path /= files::safe_name(name);
    }
    return path;
}

}  // namespace mediaferry::archive
