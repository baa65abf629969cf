// SPDX-License-Identifier: GPL-3.0-or-later
// When a stage runs, as far as its spelling goes; what it means is the daemon's.

#include <algorithm>
#include <array>
#include <bitset>
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
constexpr std::array<CronField, 5> kCron{
    {{0, 59, "", 0}, {0, 23, "", 0}, {1, 31, "", 0}, {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1}, {0, 7, "sunmontuewedthufrisat", 0}}};

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

using Points = std::bitset<60>;

/// Adds the points of *, a, a-b, each perhaps with a /step; false: it is none of these.
bool add_range(std::string_view text, const CronField& field, Points& points) {
    int step = 1;
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
        const auto given = number(text.substr(slash + 1));
        if (!given || *given < 1 || *given > field.most) return false;
        step = *given;
        text = text.substr(0, slash);
    }
    int first = field.least, last = field.most;
    if (text != "*") {
        const auto ends = split(text, '-');
        const auto from = point(ends.front(), field), to = point(ends.back(), field);
        if (ends.size() > 2 || !from || !to || *from > *to) return false;
        first = *from;
        last = ends.size() == 1 && slash != std::string_view::npos ? field.most : *to;
    }
    for (int at = first; at <= last; at += step) points.set(static_cast<std::size_t>(at));
    return true;
}

/// Whether one of the days comes in one of the months, the 30th of February for one does not.
bool day_exists(const Points& days, const Points& months) {
    constexpr std::array<int, 13> kLast{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (std::size_t month = 1; month <= 12; ++month)
        for (int day = 1; months[month] && day <= kLast[month]; ++day)
            if (days[static_cast<std::size_t>(day)]) return true;
    return false;
}

bool cron_is_valid(std::string_view text) {
    for (const std::string_view nickname : {"@hourly", "@daily", "@midnight", "@weekly", "@monthly"})
        if (text == nickname) return true;
    std::vector<std::string_view> fields;
    for (const auto part : split(text, ' '))
        if (!part.empty()) fields.push_back(part);
    if (fields.size() != kCron.size()) return false;
    std::array<Points, kCron.size()> points;
    for (std::size_t i = 0; i < fields.size(); ++i)
        for (const auto range : split(fields[i], ','))
            if (!add_range(range, kCron[i], points[i])) return false;
    const bool any_weekday = fields[4].starts_with('*');
    return !any_weekday || day_exists(points[2], points[3]);
}

bool time_of_day_is_valid(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.size() - colon != 3) return false;
    const auto hour = number(text.substr(0, colon)), minute = number(text.substr(colon + 1));
    return hour && minute && *minute <= 59 && *hour <= 24 && *hour * 60 + *minute <= 24 * 60;
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
