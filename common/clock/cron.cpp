// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/clock/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace mediaferry {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr auto kFarthest = days{366 * 40};  // 29 February on one day of the week, over a year that has none, 1900 style

seconds offset_at(Timestamp at) {
    const std::time_t time = at.time_since_epoch().count();
    std::tm parts{};
    ::localtime_r(&time, &parts);
    return seconds{parts.tm_gmtoff};
}

local_seconds local(Timestamp at) { return local_seconds{(at + offset_at(at)).time_since_epoch()}; }

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts{""};
    for (const char c : text) {
        if (c == at)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && stop == text.data() + text.size() && !text.starts_with('-') ? std::optional{value} : std::nullopt;
}

template <std::size_t N>
std::optional<int> value_of(std::string_view text, const std::array<std::string_view, N>& names, int first_name) {
    if (const auto found = std::ranges::find(names, lower(text)); found != names.end()) return static_cast<int>(found - names.begin()) + first_name;
    return number(text);
}

/// One field as a list of values from low to high; false: not one.
template <std::size_t N = 0>
bool read_field(std::string_view field, int low, int high, const auto& set, const std::array<std::string_view, N>& names = {}, int first_name = 0) {
    for (const auto& part : split(field, ',')) {
        const auto step_at = part.find('/');
        int step = 1;
        if (step_at != part.npos) {
            const auto given = number(std::string_view{part}.substr(step_at + 1));
            if (!given || *given < 1 || *given > high) return false;  // a longer step is a slip of the pen, and the largest ones overflow
            step = *given;
        }
        const std::string range = part.substr(0, step_at);
        int from = low, to = high;
        if (range != "*") {
            // "-" inside a range only: no value here is negative.
            const auto dash = range.find('-');
            const auto first = value_of(range.substr(0, dash), names, first_name);
            const auto last = dash == range.npos ? first : value_of(range.substr(dash + 1), names, first_name);
            if (!first || !last) return false;
            from = *first;
            to = dash == range.npos && step_at != part.npos ? high : *last;
        }
        if (from < low || to > high || from > to) return false;
        for (int value = from; value <= to; value += step) set(value);
    }
    return true;
}

std::string_view nickname(std::string_view text) {
    if (text == "@hourly") return "0 * * * *";
    if (text == "@daily" || text == "@midnight") return "0 0 * * *";
    if (text == "@weekly") return "0 0 * * 0";
    if (text == "@monthly") return "0 0 1 * *";
    return text;
}

}  // namespace

std::optional<Cron> Cron::from_text(std::string_view given) {
    std::vector<std::string> fields;
    for (auto& field : split(nickname(given), ' '))
        if (!field.empty()) fields.push_back(std::move(field));
    if (fields.size() != 5) return std::nullopt;
    Cron cron;
    const bool good = read_field(fields[0], 0, 59, [&](int v) { cron.minutes_.set(static_cast<std::size_t>(v)); }) &&
                      read_field(fields[1], 0, 23, [&](int v) { cron.hours_.set(static_cast<std::size_t>(v)); }) &&
                      read_field(fields[2], 1, 31, [&](int v) { cron.days_.set(static_cast<std::size_t>(v)); }) &&
                      read_field(
                          fields[3], 1, 12, [&](int v) { cron.months_.set(static_cast<std::size_t>(v)); }, kMonths, 1) &&
                      read_field(
                          fields[4], 0, 7, [&](int v) { cron.weekdays_.set(static_cast<std::size_t>(v % 7)); }, kWeekdays, 0);
    if (!good) return std::nullopt;
    cron.every_hour_ = cron.hours_.all();
    cron.any_day_ = fields[2].starts_with('*');
    cron.any_weekday_ = fields[4].starts_with('*');
    if (cron.next(Timestamp{}) == Timestamp::max()) return std::nullopt;
    return cron;
}

bool Cron::matches_day(LocalSeconds at) const {
    const auto day = floor<days>(at);
    const year_month_day date{day};
    if (!months_[static_cast<unsigned>(date.month())]) return false;
    const bool by_date = days_[static_cast<unsigned>(date.day())];
    const bool by_weekday = weekdays_[weekday{day}.c_encoding()];
    // Both given: either will do, as every cron does it.
    return any_day_ || any_weekday_ ? by_date && by_weekday : by_date || by_weekday;
}

bool Cron::matches(LocalSeconds at) const {
    const hh_mm_ss time{at - floor<days>(at)};
    return matches_day(at) && hours_[static_cast<std::size_t>(time.hours().count())] && minutes_[static_cast<std::size_t>(time.minutes().count())];
}

Timestamp Cron::next(Timestamp after) const {
    Timestamp at = floor<minutes>(after) + minutes{1};
    seconds offset = offset_at(at - seconds{1});
    for (const Timestamp end = after + kFarthest; at < end;) {
        const seconds now = offset_at(at);
        const auto here = local(at);
        if (now > offset && !every_hour_)  // the clock has just jumped over [at + offset, at + now)
            for (auto skipped = here - (now - offset); skipped < here; skipped += minutes{1})
                if (matches(skipped)) return at;
        offset = now;
        const hh_mm_ss time{here - floor<days>(here)};
        if (!matches_day(here) || !hours_[static_cast<std::size_t>(time.hours().count())]) {
            at += minutes{60} - time.minutes();  // hour by hour, so that no jump of the clock is passed unseen
            continue;
        }
        const bool second_time = !every_hour_ && (local(at - hours{1}) == here || local(at - minutes{30}) == here);
        if (!second_time && matches(here)) return at;
        at += minutes{1};
    }
    return Timestamp::max();
}

std::optional<Window> Window::from_text(std::string_view text) {
    const auto clock = [](std::string_view part) -> std::optional<minutes> {
        const auto colon = part.find(':');
        if (colon == part.npos || part.size() - colon != 3) return std::nullopt;
        const auto h = number(part.substr(0, colon)), m = number(part.substr(colon + 1));
        if (!h || !m || *h < 0 || *h > 24 || *m < 0 || *m > 59 || *h * 60 + *m > 24 * 60) return std::nullopt;
        return minutes{*h * 60 + *m};
    };
    const auto dash = text.find('-');
    if (dash == text.npos) return std::nullopt;
    const auto from = clock(text.substr(0, dash)), to = clock(text.substr(dash + 1));
    if (!from || !to || *from == *to) return std::nullopt;
    return Window{*from, *to};
}

bool Window::contains(Timestamp at) const {
    const auto here = local(at);
    const auto of_day = here - floor<days>(here);
    return from < to ? of_day >= from && of_day < to : of_day >= from || of_day < to;
}

Timestamp next_open(const std::vector<Window>& windows, Timestamp at) {
    const auto open = [&](Timestamp t) { return windows.empty() || std::ranges::any_of(windows, [&](const Window& w) { return w.contains(t); }); };
    if (open(at)) return at;
    Timestamp then = ceil<minutes>(at);
    for (const Timestamp end = at + days{2}; then < end && !open(then);) then += minutes{1};
    return then;
}

}  // namespace mediaferry
