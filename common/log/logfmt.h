#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How a line reads: msg="archived" BYTES=12 PLACE=nas. A value cannot end its line or begin another.

#include <string>
#include <string_view>

#include "common/log/log.h"

namespace mediaferry::log {

/// As it stands when it is one plain word, else in quotes; control characters and what is not UTF-8 are escaped.
std::string quoted(std::string_view value, bool always = false);
/// " NAME=value NAME=value", with a blank in front; "" for no fields.
std::string logfmt(const Fields&);
/// Upper case, digits and underscores only, as journald takes it.
std::string field_name(std::string_view);

}  // namespace mediaferry::log
