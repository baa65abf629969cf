// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/types/share_address.h"

#include <charconv>

namespace mediaferry {
namespace {

constexpr std::string_view kScheme = "smb://";

bool is_host(std::string_view host) {
    for (const char c : host)
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_') return false;
    return !host.empty() && host.size() <= 253;
}

bool is_component(std::string_view part) {
    for (const char c : part)
        if (static_cast<unsigned char>(c) < 0x20 || std::string_view{"\\:*?\"<>|"}.find(c) != std::string_view::npos) return false;
    return !part.empty() && part != "." && part != "..";
}

}  // namespace

bool is_share(std::string_view text) { return text.starts_with(kScheme); }

std::optional<ShareAddress> share_address(std::string_view text) {
    if (!is_share(text)) return std::nullopt;
    text.remove_prefix(kScheme.size());
    if (text.ends_with('/')) text.remove_suffix(1);
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    ShareAddress address;
    auto server = text.substr(0, slash);
    if (const auto colon = server.find(':'); colon != std::string_view::npos) {
        const auto port = server.substr(colon + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
        if (error != std::errc{} || end != port.data() + port.size() || address.port == 0) return std::nullopt;
        server = server.substr(0, colon);
    }
    if (!is_host(server)) return std::nullopt;
    address.host = server;
    auto rest = text.substr(slash + 1);
    for (std::size_t number = 0;; ++number) {
        const auto end = rest.find('/');
        const auto part = rest.substr(0, end);
        if (!is_component(part)) return std::nullopt;
        if (number == 0)
            address.share = part;
        else
            address.path += (address.path.empty() ? "" : "/") + std::string(part);
        if (end == std::string_view::npos) return address;
        rest.remove_prefix(end + 1);
    }
}

}  // namespace mediaferry
