#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: reading JSON that may be hostile, and writing the pieces every CloudKit request is made of.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/errors/errors.h"
#include "common/icloud/client.h"

namespace mediaferry::icloud::wire {

using nlohmann::json;

[[noreturn]] void bad_answer(const std::string& what);

/// Parses an object; throws "icloud.bad_answer" for anything else, also for nesting deeper than any answer of Apple's.
json parse(std::string_view body);

/// A member of an object, or null; never throws.
const json& at(const json& object, std::string_view key);
/// fields.<key>.value, or null.
const json& field(const json& record, std::string_view key);
/// The text, or "" when it is no string.
std::string text(const json&);
/// The whole number, or `otherwise`; floats are cut, out of range counts as absent.
std::int64_t number(const json&, std::int64_t otherwise = 0);

std::string base64(std::string_view bytes);
/// nullopt unless it is base64.
std::optional<std::string> from_base64(std::string_view);

json zone_id(const Library&);
json string_filter(std::string_view name, std::string_view value);
json number_filter(std::string_view name, std::int64_t value);

}  // namespace mediaferry::icloud::wire
