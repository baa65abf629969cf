// SPDX-License-Identifier: GPL-3.0-or-later
// When a stage runs, as far as its spelling goes; what it means is the daemon's.

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

#include "common/config/values.h"

namespace mediaferry::config {

namespace {

struct CronField {
    int least, most;
    std::string_view names;  ///< three letters each, the first counts as `first_name`
    int first_name;
};
constexpr std::array<CronField, 5> kCron{{{0, 59, "", 0}, {0, 23, "", 0}, {1, 31, "", 0}, {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1}, {0, 7, "sunmontuewedthufrisat", 0}}};

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
    return value;
}

std::optional<int> point(std::string_view text, const CronField& field) {
    if (const auto value = number(text)) return *value >= field.least && *value <= field.most ? value : std::nullopt;
    std::string name{text};
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = field.names.find(name);
    if (name.size() != 3 || at == std::string_view::npos || at % 3 != 0) return std::nullopt;
    return field.first_name + static_cast<int>(at / 3);
}

/// *, a, a-b, each with /step if it is not a single point.
bool range_is_valid(std::string_view text, const CronField& field) {
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
        const auto step = number(text.substr(slash + 1));
        if (!step || *step < 1 || *step > field.most) return false;
        text = text.substr(0, slash);
    }
    if (text == "*") return true;
    const auto ends = split(text, '-');
    if (ends.size() == 1) return slash == std::string_view::npos && point(text, field);
    if (ends.size() != 2) return false;
    const auto first = point(ends[0], field), last = point(ends[1], field);
    return first && last && *first <= *last;
}

bool cron_is_valid(std::string_view text) {
    std::vector<std::string_view> fields;
    for (const auto part : split(text, ' '))
        if (!part.empty()) fields.push_back(part);
    if (fields.size() != kCron.size()) return false;
    for (std::size_t i = 0; i < fields.size(); ++i)
        for (const auto range : split(fields[i], ','))
            if (!range_is_valid(range, kCron[i])) return false;
    return true;
}

bool time_of_day_is_valid(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return false;
    const auto hour = number(text.substr(0, 2)), minute = number(text.substr(3));
    return hour && minute && *hour <= 24 && *minute <= 59 && (*hour < 24 || *minute == 0);
}

}  // namespace

bool schedule_is_valid(std::string_view text) {
    constexpr std::string_view kEvery = "every ";
    if (!text.starts_with(kEvery)) return cron_is_valid(text);
    const auto period = duration_from_text(text.substr(kEvery.size()));
    return period && *period > seconds{0};
}

bool window_is_valid(std::string_view text) {
    const auto ends = split(text, '-');
    return ends.size() == 2 && time_of_day_is_valid(ends[0]) && time_of_day_is_valid(ends[1]) && ends[0] != ends[1];
}

}  // namespace mediaferry::config
