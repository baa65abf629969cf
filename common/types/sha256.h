#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A SHA-256 value; its text form is 64 lower-case hex digits.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mediaferry {

struct Sha256 {
    std::array<std::uint8_t, 32> bytes{};
    friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

std::string to_hex(const Sha256&);
/// nullopt unless it is exactly 64 hex digits.
std::optional<Sha256> sha256_from_hex(std::string_view);

}  // namespace mediaferry
