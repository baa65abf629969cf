// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/naming.h"

#include <locale.h>
#include <wctype.h>

#include <cstdint>
#include <optional>

namespace mediaferry::archive {
namespace {

/// The code point that `text` begins with, and its length; nullopt: not UTF-8.
std::optional<std::pair<char32_t, std::size_t>> first_letter(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80 ? 1 : (lead >> 5) == 0x6 ? 2 : (lead >> 4) == 0xe ? 3 : (lead >> 3) == 0x1e ? 4 : 0;
    if (length == 0 || text.size() < length) return std::nullopt;
    char32_t letter = length == 1 ? lead : static_cast<char32_t>(lead & (0x7f >> length));
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte >> 6) != 0x2) return std::nullopt;
        letter = (letter << 6) | (byte & 0x3fU);
    }
    return std::pair{letter, length};
}

void append(std::string& text, char32_t letter) {
    const auto byte = [&](char32_t value) { text += static_cast<char>(static_cast<unsigned char>(value)); };
    if (letter < 0x80) {
        byte(letter);
    } else if (letter < 0x800) {
        byte(0xc0 | (letter >> 6));
        byte(0x80 | (letter & 0x3f));
    } else if (letter < 0x10000) {
        byte(0xe0 | (letter >> 12));
        byte(0x80 | ((letter >> 6) & 0x3f));
        byte(0x80 | (letter & 0x3f));
    } else {
        byte(0xf0 | (letter >> 18));
        byte(0x80 | ((letter >> 12) & 0x3f));
        byte(0x80 | ((letter >> 6) & 0x3f));
        byte(0x80 | (letter & 0x3f));
    }
}

char32_t lower(char32_t letter) {
    // The process may run in any locale; C.UTF-8 is part of every glibc.
    static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (unicode == nullptr) return letter >= U'A' && letter <= U'Z' ? letter + 32 : letter;
    return static_cast<char32_t>(::towlower_l(static_cast<wint_t>(letter), unicode));
}

}  // namespace

std::string folded(std::string_view name) {
    std::string result;
    result.reserve(name.size());
    while (!name.empty()) {
        if (const auto letter = first_letter(name)) {
            append(result, lower(letter->first));
            name.remove_prefix(letter->second);
        } else {
            result += name.front();
            name.remove_prefix(1);
        }
    }
    return result;
}

namespace {

std::size_t extension_at(std::string_view filename) {
    const auto dot = filename.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? filename.size() : dot;
}

}  // namespace

std::string numbered(std::string_view filename, int number) {
    if (number == 1) return std::string(filename);
    const auto dot = extension_at(filename);
    return std::string(filename.substr(0, dot)) + "-" + std::to_string(number) + std::string(filename.substr(dot));
}

std::string folded_stem(std::string_view filename) { return folded(filename.substr(0, extension_at(filename))); }

Listing::Listing(const std::vector<std::string>& names) {
    for (const auto& name : names) add(name);
}

std::vector<std::string> Listing::like(std::string_view name) const {
    std::vector<std::string> result;
    const auto [from, to] = by_fold_.equal_range(folded(name));
    for (auto at = from; at != to; ++at) result.push_back(at->second);
    return result;
}

void Listing::add(std::string_view name) { by_fold_.emplace(folded(name), name); }

}  // namespace mediaferry::archive
