// SPDX-License-Identifier: GPL-3.0-or-later
// The table of facts/icloud.md A3. Messages change between versions: parts of them are enough, anything unknown is `other`.
#include <algorithm>
#include <array>

#include "common/icloud/icloudpd.h"

namespace mediaferry::icloud {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
bool ends(std::string_view text, std::string_view with) { return text.size() >= with.size() && text.substr(text.size() - with.size()) == with; }

// "2025-01-15 12:00:00 INFO     message" -> "message"
std::string_view message_of(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    static constexpr std::string_view shape = "0000-00-00 00:00:00 ";
    if (line.size() <= shape.size()) return line;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const bool digit = line[i] >= '0' && line[i] <= '9';
        if (shape[i] == '0' ? !digit : line[i] != shape[i]) return line;
    }
    line.remove_prefix(shape.size());
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return line;
    line.remove_prefix(blank);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    return line;
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
    const auto from = text.find(before);
    if (from == std::string_view::npos) return {};
    text.remove_prefix(from + before.size());
    return std::string(text.substr(0, text.find(after)));
}

// Lines that begin with their own words come first: a file's name may hold the words of any other line.
std::optional<Line> about_a_file(std::string_view message) {
    if (message.starts_with("Downloaded ")) return Line{Hint::downloaded, std::string(message.substr(11))};
    if (message.starts_with("Downloading ") && has(message, " to ") && ends(message, " ...") && (has(message, "photo") || has(message, "video")))
        return Line{Hint::listing, ""};
    if (ends(message, " already exists")) return Line{Hint::exists, std::string(message.substr(0, message.size() - 15))};
    if (ends(message, " deduplicated")) return Line{Hint::exists, std::string(message.substr(0, message.size() - 13))};
    if (message.starts_with("Could not download ")) return Line{Hint::file_failed, between(message, "Could not download ", ". Please try")};
    if (message.starts_with("Could not find URL to download ")) return Line{Hint::file_failed, between(message, "to download ", " for size")};
    if (message.starts_with("IOError while writing file to ")) return Line{Hint::io_error, between(message, "writing file to ", ". You might")};
    for (const std::string_view quiet : {"Downloading ", "Resuming downloading of ", "Skipping ", "[DRY RUN]"})
        if (message.starts_with(quiet)) return Line{};
    return std::nullopt;
}

Hint about_the_password(std::string_view message) {
    if (has(message, "-20209") || has(message, "(403)")) return Hint::locked;
    if (has(message, "(429)") || has(message, "(503)") || has(message, "(502)")) return Hint::throttled;  // not a word about the password itself
    return Hint::wrong_password;
}

struct Phrase {
    std::string_view part;
    Hint hint;
};
constexpr std::array<Phrase, 21> kPhrases{{
    {"Please enter two-factor authentication code", Hint::two_factor_needed},
    {"Two-factor authentication is required", Hint::two_factor_needed},
    {"Two-step authentication is required", Hint::two_factor_needed},
    {"Failed to verify two-factor", Hint::two_factor_wrong},
    {"Great, you're all set up", Hint::two_factor_ok},
    {"Authentication required for Account", Hint::session_stale},
    {"Authentication completed successfully", Hint::authenticated},
    {"temporary refusing to serve", Hint::throttled},
    {"Cannot connect to Apple iCloud service", Hint::unreachable},
    {"ACCESS_DENIED", Hint::access_denied},
    {"setup is not complete", Hint::not_set_up},
    {"ZONE_NOT_FOUND", Hint::not_set_up},
    {"AUTHENTICATION_FAILED", Hint::not_set_up},
    {"has not finished indexing", Hint::indexing},
    {"All photos and videos have been downloaded", Hint::finished},
    {"All photos have been downloaded", Hint::finished},
    {"All videos have been downloaded", Hint::finished},
    {"KeyError: 'dsInfo'", Hint::no_password},
    {"No password", Hint::no_password},
    {"Traceback (most recent call last)", Hint::traceback},
    {"Processing user:", Hint::started},
}};

}  // namespace

Line read_line(std::string_view line) {
    const std::string_view message = message_of(line);
    if (auto file = about_a_file(message)) return *file;
    if (has(message, "Invalid email/password combination")) return {about_the_password(message), ""};
    const auto phrase = std::find_if(kPhrases.begin(), kPhrases.end(), [&](const Phrase& p) { return has(message, p.part); });
    return {phrase == kPhrases.end() ? Hint::other : phrase->hint, ""};
}

std::string_view to_text(Hint hint) {
    static constexpr std::array<std::string_view, 21> words{
        "other",         "started",          "listing",       "downloaded",    "exists",         "file_failed", "io_error",    "two_factor_needed",
        "two_factor_ok", "two_factor_wrong", "session_stale", "authenticated", "wrong_password", "locked",      "no_password", "throttled",
        "unreachable",   "access_denied",    "not_set_up",    "indexing",      "finished"};
    const auto at = static_cast<std::size_t>(hint);
    return at < words.size() ? words[at] : "traceback";
}

}  // namespace mediaferry::icloud
