#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Case in names of headers, hosts and accounts: ASCII only, whatever the locale.

#include <string>
#include <string_view>

namespace mediaferry::icloud {

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace mediaferry::icloud
