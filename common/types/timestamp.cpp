// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/types/timestamp.h"

#include <array>
#include <cstdio>

namespace mediaferry {

using namespace std::chrono;

namespace {

/// Reads exactly `digits` digits off the front of `text`.
std::optional<int> number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool skip(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

/// "Z", "", "+02:00", "-0130": what must be subtracted to get UTC.
std::optional<seconds> zone(std::string_view text) {
    if (text.empty() || text == "Z") return seconds{0};
    const bool east = text.front() == '+';
    if (!east && text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto h = number(text, 2);
    skip(text, ':');
    const auto m = number(text, 2);
    if (!h || !m || !text.empty() || *h > 14 || *m > 59) return std::nullopt;
    const seconds offset = hours{*h} + minutes{*m};
    return east ? offset : -offset;
}

std::string formatted(const char* format, Timestamp at) {
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss time{at - day};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text.data();
}

}  // namespace

std::string to_iso(Timestamp at) { return formatted("%04d-%02u-%02uT%02d:%02d:%02dZ", at); }
std::string to_compact(Timestamp at) { return formatted("%04d%02u%02u_%02d%02d%02d", at); }
year_month_day civil_date(Timestamp at) { return year_month_day{floor<days>(at)}; }

std::optional<Timestamp> from_iso(std::string_view text) {
    const auto y = number(text, 4);
    if (!y || !skip(text, '-')) return std::nullopt;
    const auto mo = number(text, 2);
    if (!mo || !skip(text, '-')) return std::nullopt;
    const auto d = number(text, 2);
    if (!d) return std::nullopt;
    const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
    if (!date.ok()) return std::nullopt;
    const Timestamp midnight = sys_days{date};
    if (text.empty()) return midnight;
    if (!skip(text, 'T') && !skip(text, ' ')) return std::nullopt;
    const auto h = number(text, 2);
    if (!h || !skip(text, ':')) return std::nullopt;
    const auto mi = number(text, 2);
    if (!mi || !skip(text, ':')) return std::nullopt;
    const auto s = number(text, 2);
    if (!s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
    if (skip(text, '.'))
        while (number(text, 1)) {
        }
    const auto offset = zone(text);
    if (!offset) return std::nullopt;
    return midnight + hours{*h} + minutes{*mi} + seconds{*s} - *offset;
}

std::string to_text(milliseconds span) {
    const auto total = span.count();
    std::array<char, 64> text{};
    if (total < 60'000) {
        std::snprintf(text.data(), text.size(), "%.1fs", static_cast<double>(total) / 1000);
        return text.data();
    }
    const auto whole = duration_cast<seconds>(span).count();
    const auto d = whole / 86400;
    const auto h = whole / 3600 % 24;
    const auto m = whole / 60 % 60;
    if (d > 0) return std::to_string(d) + "d " + std::to_string(h) + "h";
    if (h > 0) return std::to_string(h) + "h " + std::to_string(m) + "m";
    return std::to_string(m) + "m " + std::to_string(whole % 60) + "s";
}

}  // namespace mediaferry
