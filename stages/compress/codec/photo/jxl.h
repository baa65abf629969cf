#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A JPEG as a JPEG XL that it can be restored from, byte for byte: the coefficients are packed a fifth better, nothing is rounded
// (facts/compression.md A.1, P6).

#include <optional>
#include <string>
#include <string_view>

#include "stages/compress/order.h"

namespace mediaferry::stages {

/// Writes the JPEG XL into `order.result`, reads it back from there, restores the JPEG out of it with a decoder of its own and compares every byte.
/// nullopt, and nothing written, when this JPEG cannot be packed so: the JPEG way is left.
std::optional<Compressed> reversible_jxl(std::string_view jpeg, const Order& order);

/// The JPEG that was packed into this JPEG XL. Throws BadInput ("photo.not_reversible") when none was, or when it is larger than `limit`.
std::string jpeg_out_of_jxl(std::string_view jxl, std::size_t limit);

/// Whether exactly this JPEG comes out of it.
bool gives_back(std::string_view jxl, std::string_view jpeg);

}  // namespace mediaferry::stages
