#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How single values are written: what a person may type, and how it is shown. Durations and sizes are read in settings.h.

#include <string>
#include <string_view>

#include "common/config/settings.h"

namespace mediaferry::config {

/// In the largest unit that leaves no rest: "1y", "30d", "36h", "0s".
std::string duration_to_text(seconds);
/// In the largest binary unit that leaves no rest: "4 GiB", "1000".
std::string size_to_text(Bytes);

/// scheme://host[:port][/…] with one of the schemes, which come as "http https".
bool url_is_valid(std::string_view, std::string_view schemes);
/// "user:password" of a URL; "" when it has none.
std::string_view user_of(std::string_view url);
/// The URL with a user and password in it as ***.
std::string without_user(std::string_view url);
/// Host and scheme only: the path and query of a webhook are what lets one in.
std::string without_path(std::string_view url);
/// host:port, [::1]:port; port 0 lets the kernel choose.
bool listen_is_valid(std::string_view);
/// What Cron takes, or `every D`.
bool schedule_is_valid(std::string_view);
/// "22:00-06:00"; the end may be on the next day.
bool window_is_valid(std::string_view);
/// Relative, without "..", of words that common/archive knows, and with {filename} at its end.
bool layout_is_valid(std::string_view);

}  // namespace mediaferry::config
