// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/types/sha256.h"

namespace mediaferry {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::optional<unsigned> value_of(char digit) {
    const auto at = kDigits.find(digit);
    if (at == std::string_view::npos) return std::nullopt;
    return static_cast<unsigned>(at);
}

}  // namespace

std::string to_hex(const Sha256& hash) {
    std::string text;
    text.reserve(64);
    for (const auto byte : hash.bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

std::optional<Sha256> sha256_from_hex(std::string_view text) {
    Sha256 hash;
    if (text.size() != 2 * hash.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
        const auto high = value_of(text[2 * i]);
        const auto low = value_of(text[2 * i + 1]);
        if (!high || !low) return std::nullopt;
        hash.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return hash;
}

}  // namespace mediaferry
