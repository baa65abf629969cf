// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/cookies.h"

#include "common/icloud/ascii.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

namespace mediaferry::icloud {
namespace {

using Word = std::pair<std::string, std::optional<std::string>>;

std::string_view trim(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    return text;
}

// `a="b \" c"; d; e=f` as Python's http.cookiejar writes it.
std::vector<Word> header_words(std::string_view text) {
    std::vector<Word> words;
    std::size_t i = 0;
    while (i < text.size()) {
        while (i < text.size() && (text[i] == ';' || text[i] == ' ')) ++i;
        const std::size_t start = i;
        while (i < text.size() && text[i] != '=' && text[i] != ';') ++i;
        const std::string name(trim(text.substr(start, i - start)));
        std::optional<std::string> value;
        if (i < text.size() && text[i] == '=') {
            ++i;
            value.emplace();
            if (i < text.size() && text[i] == '"') {
                for (++i; i < text.size() && text[i] != '"'; ++i) {
                    if (text[i] == '\\' && i + 1 < text.size()) ++i;
                    value->push_back(text[i]);
                }
                if (i < text.size()) ++i;
            } else {
                const std::size_t from = i;
                while (i < text.size() && text[i] != ';') ++i;
                *value = std::string(trim(text.substr(from, i - from)));
            }
        }
        if (!name.empty()) words.emplace_back(name, value);
    }
    return words;
}

std::string in_quotes(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string word_text(std::string_view name, const std::optional<std::string>& value) {
    std::string out(name);
    if (!value) return out;
    const bool plain = !value->empty() && std::all_of(value->begin(), value->end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    return out + "=" + (plain ? *value : in_quotes(*value));
}

/// What ends a line or a header, or would be cut off: no cookie of Apple's has it.
bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

// "Wed, 09 Jun 2027 10:18:14 GMT", with blanks or dashes in the date.
std::optional<Timestamp> http_date(std::string text) {
    const auto comma = text.find(',');
    if (comma != std::string::npos) text = text.substr(comma + 1);
    std::replace(text.begin(), text.end(), '-', ' ');
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    std::array<char, 4> month{};
    if (std::sscanf(text.c_str(), " %2d %3s %4d %2d:%2d:%2d", &day, month.data(), &year, &hour, &minute, &second) != 6) return std::nullopt;
    static constexpr std::string_view months = "janfebmaraprmayjunjulaugsepoctnovdec";
    const auto at = months.find(lower(month.data()));
    if (at == std::string_view::npos || at % 3 != 0) return std::nullopt;
    if (year < 70) year += 2000;
    if (year < 100) year += 1900;
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(at / 3 + 1)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
    return Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

bool domain_matches(std::string_view domain, std::string_view host) {
    if (domain.empty()) return false;
    if (domain.front() != '.') return domain == host;
    if (domain.substr(1) == host) return true;
    return host.size() > domain.size() && host.substr(host.size() - domain.size()) == domain;
}

bool path_matches(std::string_view wanted, std::string_view path) {
    if (path.substr(0, wanted.size()) != wanted) return false;
    return wanted.empty() || wanted.back() == '/' || path.size() == wanted.size() || path[wanted.size()] == '/';
}

std::optional<Cookie> read_cookie(std::string_view line) {
    static constexpr std::string_view mark = "Set-Cookie3:";
    if (line.substr(0, mark.size()) != mark || has_control(line)) return std::nullopt;
    const auto words = header_words(line.substr(mark.size()));
    if (words.empty() || !words.front().second) return std::nullopt;
    Cookie cookie;
    cookie.name = words.front().first;
    cookie.value = *words.front().second;
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto& [name, value] = words[i];
        if (name == "path" && value)
            cookie.path = *value;
        else if (name == "domain" && value)
            cookie.domain = lower(*value);
        else if (name == "secure")
            cookie.secure = true;
        else if (name == "expires" && value)
            cookie.expires = from_iso(*value);
        else if (name != "discard")
            cookie.other.emplace_back(name, value);
    }
    if (cookie.domain.empty()) return std::nullopt;
    return cookie;
}

std::string line_of(const Cookie& cookie) {
    std::string line =
        "Set-Cookie3: " + word_text(cookie.name, cookie.value) + "; path=" + in_quotes(cookie.path) + "; domain=" + in_quotes(cookie.domain);
    std::string rest;
    for (const auto& [name, value] : cookie.other) {
        auto& part = value ? rest : line;  // bare words (path_spec, domain_dot) come first, as Python writes them
        part += "; " + word_text(name, value);
    }
    if (cookie.secure) line += "; secure";
    if (cookie.expires) {
        std::string iso = to_iso(*cookie.expires);
        std::replace(iso.begin(), iso.end(), 'T', ' ');
        line += "; expires=\"" + iso + "\"";
    } else {
        line += "; discard";
    }
    return line + rest;
}

}  // namespace

CookieJar CookieJar::parse(std::string_view text) {
    CookieJar jar;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (auto cookie = read_cookie(trim(text.substr(0, end)))) jar.cookies_.push_back(std::move(*cookie));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return jar;
}

std::string CookieJar::to_text() const {
    std::string out = "#LWP-Cookies-2.0\n";
    for (const auto& cookie : cookies_) out += line_of(cookie) + "\n";
    return out;
}

std::string CookieJar::header_for(std::string_view host, std::string_view path, Timestamp now) const {
    const std::string wanted = lower(host);
    std::vector<const Cookie*> fitting;
    for (const auto& cookie : cookies_) {
        if (cookie.expires && *cookie.expires <= now) continue;
        if (domain_matches(cookie.domain, wanted) && path_matches(cookie.path, path)) fitting.push_back(&cookie);
    }
    std::stable_sort(fitting.begin(), fitting.end(), [](const Cookie* a, const Cookie* b) { return a->path.size() > b->path.size(); });
    std::string out;
    for (const Cookie* cookie : fitting) out += (out.empty() ? "" : "; ") + cookie->name + "=" + cookie->value;
    return out;
}

void CookieJar::take(std::string_view set_cookie, std::string_view host, Timestamp now) {
    if (has_control(set_cookie)) return;
    const std::string from = lower(host);
    Cookie cookie;
    cookie.domain = from;
    bool path_given = false, first = true;
    std::vector<Word> flags;
    std::optional<long long> max_age;
    while (!set_cookie.empty()) {
        const auto end = set_cookie.find(';');
        const std::string_view part = trim(set_cookie.substr(0, end));
        set_cookie.remove_prefix(end == std::string_view::npos ? set_cookie.size() : end + 1);
        const auto equals = part.find('=');
        const std::string name(trim(part.substr(0, equals)));
        const std::string value(equals == std::string_view::npos ? "" : trim(part.substr(equals + 1)));
        const std::string word = lower(name);
        if (std::exchange(first, false)) {
            if (name.empty() || equals == std::string_view::npos) return;
            cookie.name = name, cookie.value = value;  // Apple's own quotes are part of the value
        } else if (word == "domain" && !value.empty()) {
            cookie.domain = lower(value.front() == '.' ? value : "." + value);
        } else if (word == "path" && !value.empty() && value.front() == '/') {
            cookie.path = value, path_given = true;
        } else if (word == "secure") {
            cookie.secure = true;
        } else if (word == "expires") {
            cookie.expires = http_date(value);
        } else if (word == "max-age") {
            try {
                max_age = std::stoll(value);
            } catch (const std::exception&) {
                max_age = std::nullopt;
            }
        } else if (word == "httponly") {
            flags.emplace_back("HttpOnly", "None");
        }
    }
    if (cookie.name.empty()) return;
    if (max_age) cookie.expires = now + std::chrono::seconds{std::clamp(*max_age, 0LL, 10LL * 365 * 86400)};
    const bool dotted = cookie.domain.front() == '.';
    if (dotted && (cookie.domain.find('.', 1) == std::string::npos || !domain_matches(cookie.domain, from))) return;
    if (path_given) cookie.other.emplace_back("path_spec", std::nullopt);
    if (dotted) cookie.other.emplace_back("domain_dot", std::nullopt);
    for (auto& flag : flags) cookie.other.push_back(std::move(flag));
    cookie.other.emplace_back("version", "0");

    const auto same = [&](const Cookie& other) { return other.name == cookie.name && other.domain == cookie.domain && other.path == cookie.path; };
    const auto old = std::find_if(cookies_.begin(), cookies_.end(), same);
    const bool ended = cookie.expires && *cookie.expires <= now;
    if (old != cookies_.end() && ended)
        cookies_.erase(old);
    else if (old != cookies_.end())
        *old = std::move(cookie);
    else if (!ended)
        cookies_.push_back(std::move(cookie));
}

const Cookie* CookieJar::find(std::string_view name) const {
    const auto at = std::find_if(cookies_.begin(), cookies_.end(), [&](const Cookie& c) { return c.name == name; });
    return at == cookies_.end() ? nullptr : &*at;
}

}  // namespace mediaferry::icloud
