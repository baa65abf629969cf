#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How a message is written down for each kind of channel. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "common/notify/notify.h"

namespace mediaferry::notify {

std::string base64(std::string_view);
/// One line for a header: control characters become blanks; anything beyond ASCII is packed as RFC 2047 says.
std::string header_text(std::string_view);
/// "name@example.com, other@example.com" → its addresses.
std::vector<std::string> addresses(std::string_view);
/// RFC 5322 with an UTF-8 text body.
std::string mail_text(const Message&, const std::string& from, const std::vector<std::string>& to, const std::string& host);
/// {"title","text","severity","stage","code","host","at"}.
std::string json_text(const Message&, const std::string& host);
/// The address that reports a failure: "/fail" after the path, before any query.
std::string failure_url(const std::string& healthchecks_url);

}  // namespace mediaferry::notify
