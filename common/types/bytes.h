#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// An amount of bytes, and how a person reads it.

#include <compare>
#include <cstdint>
#include <string>

namespace mediaferry {

struct Bytes {
    std::uint64_t count = 0;
    friend auto operator<=>(Bytes, Bytes) = default;
    Bytes& operator+=(Bytes other) {
        count += other.count;
        return *this;
    }
    friend Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
};

/// "0 B", "999 B", "1.5 KiB", "20.0 MiB", "4.0 GiB": binary units, one decimal from KiB on.
std::string to_text(Bytes);

}  // namespace mediaferry
