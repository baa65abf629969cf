// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/listing.h"

#include <algorithm>
#include <cctype>

#include "common/config/values.h"

namespace mediaferry::config {

namespace {

/// HTTPS_PROXY may hold a user and password, and whatever calls itself a token is one.
std::string harmless(const std::string& name, const std::string& value) {
    std::string upper = name;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    for (const std::string_view word : {"PASS", "SECRET", "TOKEN", "KEY"})
        if (upper.find(word) != std::string::npos) return "***";
    return without_user(value);
}

}  // namespace

void Listing::words(std::string_view key, const std::map<std::string, std::string>& of) {
    section(key, [&](Listing& in) {
        for (const auto& [name, value] : of) in.add(name, scalar(harmless(name, value)));
    });
}

}  // namespace mediaferry::config
