#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// "smb://server[:port]/share[/path]": a share that is spoken to without a mount. Written as a person would, nothing in it is percent-encoded.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mediaferry {

struct ShareAddress {
    std::string host;
    std::uint16_t port = 445;
    std::string share;
    std::string path;  ///< below the share, without slashes at its ends; "" for the share itself
    friend bool operator==(const ShareAddress&, const ShareAddress&) = default;
};

/// Whether what is said to the server is encrypted, if the server can. It is signed in any case. There is no "required": libsmbclient 4.17 says
/// that it fails then, and goes on in plain text (measured).
enum class ShareEncryption { off, wanted };

/// Whether it is meant as one: begins with "smb://".
bool is_share(std::string_view);
/// nullopt: it is none, or not well written (a user or password in it, "..", a component without a name).
std::optional<ShareAddress> share_address(std::string_view);

}  // namespace mediaferry
