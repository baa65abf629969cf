// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "common/clock/cron.h"

namespace mediaferry::config {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t size;
};
constexpr std::array<Unit, 6> kTimes{{{"y", 365 * 86400}, {"w", 7 * 86400}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}};
constexpr std::int64_t kLongest = 1000LL * 365 * 86400;
constexpr std::array<Unit, 10> kSizes{{{"", 1},
                                       {"B", 1},
                                       {"kB", 1000},
                                       {"MB", 1000000},
                                       {"GB", 1000000000},
                                       {"TB", 1000000000000},
                                       {"KiB", 1LL << 10},
                                       {"MiB", 1LL << 20},
                                       {"GiB", 1LL << 30},
                                       {"TiB", 1LL << 40}}};

void skip_blanks(std::string_view& text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

std::string_view take_while(std::string_view& text, int (*is)(int)) {
    std::size_t n = 0;
    while (n < text.size() && is(static_cast<unsigned char>(text[n])) != 0) ++n;
    const auto taken = text.substr(0, n);
    text.remove_prefix(n);
    return taken;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view authority(std::string_view url) {
    const auto begin = url.find("://");
    if (begin == std::string_view::npos) return {};
    url.remove_prefix(begin + 3);
    return url.substr(0, url.find_first_of("/?#"));
}

/// A port from `least` to 65535.
bool port_is_valid(std::string_view text, int least) {
    int port = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port >= least && port <= 65535;
}

}  // namespace

std::optional<seconds> duration_from_text(std::string_view text) {
    std::int64_t total = 0;
    const auto* smallest = kTimes.begin();  // units come once each, the larger first: 1h 30m
    skip_blanks(text);
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const auto digits = take_while(text, std::isdigit);
        std::int64_t number = 0;
        if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc{}) return std::nullopt;
        skip_blanks(text);
        const auto name = take_while(text, std::isalpha);
        const auto* unit = std::find_if(smallest, kTimes.end(), [&](const Unit& u) { return u.name == name; });
        if (unit == kTimes.end() || number > kLongest / unit->size) return std::nullopt;
        total += number * unit->size;
        smallest = unit + 1;
        skip_blanks(text);
    }
    return total <= kLongest ? std::optional{seconds{total}} : std::nullopt;
}

std::optional<Bytes> bytes_from_text(std::string_view text) {
    skip_blanks(text);
    double number = 0;
    const auto* last = text.data() + text.size();
    if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) == 0) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    skip_blanks(text);
    const auto* unit = std::ranges::find_if(kSizes, [&](const Unit& u) { return same_ignoring_case(u.name, text); });
    if (unit == kSizes.end()) return std::nullopt;
    const double bytes = number * static_cast<double>(unit->size);
    if (bytes > 9e18 || (unit->size == 1 && bytes != std::floor(bytes))) return std::nullopt;
    return Bytes{static_cast<std::uint64_t>(std::llround(bytes))};
}

std::string duration_to_text(seconds duration) {
    for (const auto& unit : kTimes)
        if (unit.name != "w" && duration.count() != 0 && duration.count() % unit.size == 0)
            return std::to_string(duration.count() / unit.size) + std::string{unit.name};
    return "0s";
}

std::string size_to_text(Bytes size) {
    constexpr std::array<std::string_view, 5> kNames{"", " KiB", " MiB", " GiB", " TiB"};
    std::size_t unit = 0;
    auto count = size.count;
    while (count != 0 && count % 1024 == 0 && unit + 1 < kNames.size()) {
        count /= 1024;
        ++unit;
    }
    return std::to_string(count) + std::string{kNames[unit]};
}

bool url_is_valid(std::string_view url, std::string_view schemes) {
    const auto end = url.find("://");
    if (end == std::string_view::npos) return false;
    const std::string wanted = " " + std::string{url.substr(0, end)} + " ";
    if ((" " + std::string{schemes} + " ").find(wanted) == std::string::npos) return false;
    if (std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) return false;
    auto host = authority(url);
    if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
    const auto colon = host.rfind(':');
    const bool has_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
    if (has_port && !port_is_valid(host.substr(colon + 1), 1)) return false;
    const auto name = has_port ? host.substr(0, colon) : host;
    if (!name.empty() && name.front() == '[') return name.size() > 3 && name.back() == ']';
    return !name.empty() && name.find(':') == std::string_view::npos;
}

std::string_view user_of(std::string_view url) {
    const auto host = authority(url);
    const auto at = host.rfind('@');
    return at == std::string_view::npos ? std::string_view{} : host.substr(0, at);
}

std::string without_user(std::string_view url) {
    const auto user = user_of(url);
    std::string result{url};
    if (!user.empty()) result.replace(static_cast<std::size_t>(user.data() - url.data()), user.size(), "***");
    return result;
}

std::string without_path(std::string_view url) {
    const auto host = authority(url);
    const auto end = static_cast<std::size_t>(host.data() - url.data()) + host.size();
    if (host.empty() || url.size() <= end + 1) return without_user(url);
    return without_user(url.substr(0, end)) + "/***";
}

bool listen_is_valid(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !port_is_valid(text.substr(colon + 1), 0)) return false;
    const auto host = text.substr(0, colon);
    if (host.empty() || host.find_first_of(" /@") != std::string_view::npos) return false;
    return host.front() == '[' ? host.back() == ']' : host.find(':') == std::string_view::npos;
}

bool schedule_is_valid(std::string_view text) {
    constexpr std::string_view kEvery = "every ";
    if (!text.starts_with(kEvery)) return Cron::from_text(text).has_value();
    const auto period = duration_from_text(text.substr(kEvery.size()));
    return period && *period > std::chrono::seconds{0};
}

bool window_is_valid(std::string_view text) { return Window::from_text(text).has_value(); }

bool layout_is_valid(std::string_view layout) {
    const auto last = layout.substr(layout.rfind('/') + 1);  // npos + 1 is 0
    if (!last.ends_with("{filename}") || layout.find("{filename}") != layout.rfind("{filename}")) return false;
    std::string text{layout};
    for (const std::string_view word : {"{year}", "{month}", "{day}", "{filename}", "{kind}", "{account}"})
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) text.replace(at, word.size(), "x");
    if (text.find_first_of("{}\\") != std::string::npos) return false;
    text = "/" + text + "/";
    return text.find("/../") == std::string::npos && text.find("/./") == std::string::npos && text.find("//") == std::string::npos;
}

}  // namespace mediaferry::config
