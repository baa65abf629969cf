// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cctype>

#include "common/config/secrets.h"

namespace mediaferry::config {

namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_name(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

/// In '…' everything is itself; in "…" a backslash protects the next character; nullopt: the quote does not end.
std::optional<std::string> quoted_value(std::string_view text) {
    const char quote = text.front();
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == quote) {
            const auto rest = trimmed(text.substr(i + 1));
            return rest.empty() || rest.front() == '#' ? std::optional{value} : std::nullopt;
        }
        if (quote == '"' && text[i] == '\\' && i + 1 < text.size()) ++i;
        value += text[i];
    }
    return std::nullopt;
}

std::optional<std::string> value_of(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return quoted_value(text);
    if (const auto comment = text.find(" #"); comment != std::string_view::npos) text = trimmed(text.substr(0, comment));
    return std::string{text};
}

}  // namespace

std::map<std::string, std::string> parse_dot_env(std::string_view text, const fs::path& name, Faults& faults) {
    std::map<std::string, std::string> variables;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        auto line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#') continue;
        if (line.starts_with("export ")) line = trimmed(line.substr(7));
        const auto equals = line.find('=');
        const auto key = equals == std::string_view::npos ? std::string_view{} : trimmed(line.substr(0, equals));
        const auto value = is_name(key) ? value_of(line.substr(equals + 1)) : std::nullopt;
        if (value)
            variables[std::string{key}] = *value;
        else
            faults.add_elsewhere(name, number, "variable: is not of the form NAME=value (write quotes around a value that has blanks or #)");
    }
    return variables;
}

}  // namespace mediaferry::config
