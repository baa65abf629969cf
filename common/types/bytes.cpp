// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/types/bytes.h"

#include <array>
#include <cstdio>

namespace mediaferry {

std::string to_text(Bytes bytes) {
    static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes.count < 1024) return std::to_string(bytes.count) + " B";
    auto amount = static_cast<double>(bytes.count) / 1024;
    std::size_t unit = 0;
    while (amount >= 1023.95 && unit + 1 < kUnits.size()) {  // what would print as 1024.0 is 1.0 of the next unit
        amount /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", amount, kUnits[unit]);
    return text.data();
}

}  // namespace mediaferry
