#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The judge's own reading of bytes: nothing of common/files is used, or a fault there would hide itself.

#include <optional>
#include <string>
#include <string_view>

#include "common/types/fs.h"

namespace mediaferry::lying {

std::string sha256_hex(std::string_view bytes);
/// base64(0x01, SHA-1(two salts, bytes)): facts/icloud.md 0.1.
std::string apple_checksum(std::string_view bytes);
std::string base64(std::string_view bytes);
/// The whole file by read(2); nullopt: it cannot be read.
std::optional<std::string> bytes_of(const fs::path&);

}  // namespace mediaferry::lying
