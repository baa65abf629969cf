#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers out of bytes that anybody may have made: each reading is checked, and one outside is an answer, not an accident.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mediaferry::stages {

class Bounded {
public:
    explicit Bounded(std::string_view bytes, bool big_endian = true) : bytes_(bytes), big_(big_endian) {}

    std::size_t size() const { return bytes_.size(); }
    /// `count` bytes from there; nullopt when they are not all inside.
    std::optional<std::string_view> part(std::uint64_t at, std::uint64_t count) const {
        if (at > bytes_.size() || count > bytes_.size() - at) return std::nullopt;
        return bytes_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
    }
    std::optional<std::uint64_t> number(std::uint64_t at, unsigned bytes) const {
        const auto found = part(at, bytes);
        if (!found) return std::nullopt;
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i) value = value << 8 | static_cast<std::uint8_t>((*found)[big_ ? i : bytes - 1 - i]);
        return value;
    }
    std::optional<std::uint32_t> word(std::uint64_t at) const { return narrow(number(at, 2)); }
    std::optional<std::uint32_t> quad(std::uint64_t at) const { return narrow(number(at, 4)); }
    bool says(std::uint64_t at, std::string_view text) const { return part(at, text.size()) == text; }

private:
    static std::optional<std::uint32_t> narrow(std::optional<std::uint64_t> value) {
        return value ? std::optional{static_cast<std::uint32_t>(*value)} : std::nullopt;
    }

    std::string_view bytes_;
    bool big_;
};

}  // namespace mediaferry::stages
