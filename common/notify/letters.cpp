// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/notify/letters.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace mediaferry::notify {

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto byte = [&](std::size_t at) { return at < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) : 0u; };
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::uint32_t group = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
        text += {kDigits[group >> 18], kDigits[group >> 12 & 63], at + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=',
                 at + 2 < bytes.size() ? kDigits[group & 63] : '='};
    }
    return text;
}

std::string header_text(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; }, ' ');
    const bool ascii = std::all_of(line.begin(), line.end(), [](char c) { return c > 0; });
    if (ascii) return line;
    // A packed word has at most 75 characters: 45 bytes of text, cut between characters.
    std::string packed;
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = std::min(at + 45, line.size());
        while (end < line.size() && end > at + 1 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
        packed += (at == 0 ? "=?UTF-8?B?" : " =?UTF-8?B?") + base64(std::string_view(line).substr(at, end - at)) + "?=";
        at = end;
    }
    return packed;
}

std::vector<std::string> addresses(std::string_view text) {
    std::vector<std::string> found;
    std::string word;
    for (const char c : std::string(text) + ",") {
        if (c != ',' && c != ' ' && c != ';') {
            word += c;
        } else if (!word.empty()) {
            found.push_back(std::exchange(word, {}));
        }
    }
    return found;
}

namespace {

/// "Thu, 20 Nov 2025 12:00:00 +0000", in English whatever the locale.
std::string mail_date(Timestamp at) {
    constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{at - day};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02u %s %d %02d:%02d:%02d +0000", kDays[std::chrono::weekday{day}.c_encoding()],
                  static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    return text.data();
}

std::string in_lines(const std::string& text, std::size_t width) {
    std::string lines;
    for (std::size_t at = 0; at < text.size(); at += width) lines += text.substr(at, width) + "\r\n";
    return lines;
}

}  // namespace

std::string mail_text(const Message& message, const std::string& from, const std::vector<std::string>& to, const std::string& host) {
    std::string recipients;
    for (const std::string& address : to) recipients += (recipients.empty() ? "" : ", ") + address;
    return "From: mediaferry <" + from + ">\r\nTo: " + recipients + "\r\nSubject: " + header_text(message.title) +
           "\r\nDate: " + mail_date(message.at) + "\r\nX-Mediaferry-Host: " + header_text(host) +
           "\r\nX-Mediaferry-Code: " + header_text(message.code) +
           "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
           "base64\r\n\r\n" +
           in_lines(base64(message.text + "\n\n" + "host: " + host + "\nstage: " + message.stage + "\ncode: " + message.code + "\n"), 76);
}

std::string json_text(const Message& message, const std::string& host) {
    const nlohmann::json json{{"title", message.title},  {"text", message.text}, {"severity", to_text(message.severity)},
                              {"stage", message.stage},  {"code", message.code}, {"host", host},
                              {"at", to_iso(message.at)}};
    // A file name that is not UTF-8 must not keep the message from being sent.
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string failure_url(const std::string& url) {
    const auto query = std::min(url.find('?'), url.size());
    std::string path = url.substr(0, query);
    while (path.ends_with('/')) path.pop_back();
    return path + "/fail" + url.substr(query);
}

}  // namespace mediaferry::notify
