#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Whether bytes are UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF).

#include <cstddef>
#include <string_view>

namespace mediaferry {

/// Bytes of the character that begins at `at`, 1 to 4; 0: no valid one begins there. `at` lies within the text.
std::size_t utf8_length(std::string_view text, std::size_t at);
bool is_utf8(std::string_view text);

}  // namespace mediaferry
