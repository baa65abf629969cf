// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "common/exchange/manifest.h"
#include "common/types/utf8.h"

namespace mediaferry::exchange {

namespace {

constexpr std::size_t kLongestName = 255, kLongestPath = 4000;

bool all_of(std::string_view text, const char* allowed) { return text.find_first_not_of(allowed) == std::string_view::npos; }

}  // namespace

bool is_plain_name(std::string_view name) {
    if (name.empty() || name == "." || name == ".." || name.size() > kLongestName) return false;
    if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/'; })) return false;
    return is_utf8(name);
}

bool is_plain_path(std::string_view path) {
    if (path.empty() || path.size() > kLongestPath) return false;
    for (;;) {
        const auto slash = path.find('/');
        if (!is_plain_name(path.substr(0, slash))) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

bool is_list_id(std::string_view id) {
    constexpr std::string_view prefix = "exchange-", shape = "exchange-20260115_143022-1a2b3c4d";
    if (id.size() != shape.size() || !id.starts_with(prefix)) return false;
    const auto day = id.substr(9, 8), time = id.substr(18, 6), rest = id.substr(25);
    return all_of(day, "0123456789") && id[17] == '_' && all_of(time, "0123456789") && id[24] == '-' && all_of(rest, "0123456789abcdef");
}

}  // namespace mediaferry::exchange
