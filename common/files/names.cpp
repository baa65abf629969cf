// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cctype>

#include "common/files/files.h"
#include "common/types/utf8.h"

namespace mediaferry::files {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestComponent = 255;
constexpr std::size_t kLongestExtension = 16;

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }
bool continues(std::string_view text, std::size_t at) { return at < text.size() && (byte_at(text, at) & 0xC0) == 0x80; }

bool is_forbidden(std::string_view character) {
    const unsigned char first = byte_at(character, 0);
    if (character.size() == 1) return first < 0x20 || first == 0x7F || std::string_view{"/\\:*?\"<>|"}.find(character[0]) != std::string_view::npos;
    return first == 0xC2 && byte_at(character, 1) < 0xA0;  // U+0080 to U+009F: control characters too
}

std::string with_safe_characters(std::string_view name) {
    std::string safe;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t length = utf8_length(name, at);
        const std::string_view character = name.substr(at, std::max<std::size_t>(length, 1));
        if (length == 0 || is_forbidden(character)) {
            safe += '_';
        } else {
            safe += character;
        }
        at += character.size();
    }
    return safe;
}

void drop_trailing_dots(std::string& name) {
    while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
}

/// Windows, and with it many a NAS, cannot store these under any extension.
bool is_device_name(const std::string& name) {
    std::string stem = name.substr(0, name.find('.'));
    std::transform(stem.begin(), stem.end(), stem.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    drop_trailing_dots(stem);
    if (stem == "CON" || stem == "PRN" || stem == "AUX" || stem == "NUL") return true;
    return stem.size() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) && stem[3] >= '1' && stem[3] <= '9';
}

std::string shortened(const std::string& name) {
    if (name.size() <= kLongestName) return name;
    const auto dot = name.rfind('.');
    const bool has_extension = dot != std::string::npos && dot > 0 && name.size() - dot <= kLongestExtension;
    const std::string extension = has_extension ? name.substr(dot) : "";
    std::size_t end = kLongestName - extension.size();
    while (end > 0 && continues(name, end)) --end;
    std::string result = name.substr(0, end);
    if (!has_extension) drop_trailing_dots(result);
    return result + extension;
}

/// `stem` with `ending` behind it, in at most `most` bytes; no character is cut in two.
std::string joined(const std::string& stem, const std::string& ending, std::size_t most) {
    std::size_t end = std::min(stem.size(), most - std::min(most, ending.size()));
    while (end > 0 && end < stem.size() && continues(stem, end)) --end;
    return stem.substr(0, end) + ending;
}

}  // namespace

fs::path free_name(const fs::path& wanted, const std::function<bool(const fs::path&)>& taken) {
    if (!taken(wanted)) return wanted;
    const std::string stem = wanted.stem().string();
    const std::string extension = wanted.extension().string();
    for (int number = 2;; ++number) {
        const auto ending = "-" + std::to_string(number) + (extension.size() <= kLongestName ? extension : "");
        const fs::path candidate = wanted.parent_path() / joined(stem, ending, kLongestComponent);
        if (!taken(candidate)) return candidate;
    }
}

std::string printable(std::string_view text) {
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        const std::string_view character = text.substr(at, std::max<std::size_t>(length, 1));
        const bool control = length == 1 ? byte_at(text, at) < 0x20 || byte_at(text, at) == 0x7F
                                         : length == 2 && character[0] == '\xC2' && byte_at(character, 1) < 0xA0;
        if (length == 0 || control) {
            constexpr std::string_view digits = "0123456789abcdef";
            for (const char c : character)
                (shown += "\\x").append({digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]});
        } else {
            shown += character;
        }
        at += character.size();
    }
    return shown;
}

std::string safe_name(std::string_view name) {
    std::string safe = with_safe_characters(name);
    drop_trailing_dots(safe);
    if (!safe.empty() && safe.front() == '.') safe.front() = '_';
    if (safe.empty() || is_device_name(safe)) safe.insert(0, "_");
    return shortened(safe);
}

}  // namespace mediaferry::files
