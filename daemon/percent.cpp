// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/percent.h"

#include <charconv>
#include <optional>

#include "common/errors/errors.h"

namespace mediaferry::daemon {

namespace {
template <class Number>
std::optional<Number> whole(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}
}  // namespace

int percent_from(const std::string& text, const std::string& option) {
    std::string_view number = text;
    if (number.ends_with('%')) number.remove_suffix(1);
    const auto value = whole<int>(number);
    if (!value || *value < 1 || *value > 100) throw UsageError{"usage.percent", option + " " + text + ": write a share from 1% to 100%"};
    return *value;
}

std::uint64_t seed_from(const std::string& text) {
    const auto value = whole<std::uint64_t>(text);
    if (!value) throw UsageError{"usage.number", "--seed " + text + ": write the whole number that the earlier audit named"};
    return *value;
}

std::int64_t count_from(const std::string& text, const std::string& option) {
    const auto value = whole<std::int64_t>(text);
    if (!value || *value < 1) throw UsageError{"usage.number", option + " " + text + ": write a whole number, 1 or more"};
    return *value;
}

}  // namespace mediaferry::daemon
