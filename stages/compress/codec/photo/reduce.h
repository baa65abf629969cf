#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A plane with fewer pixels, by libvips.

#include <string>

#include "stages/compress/codec/jpeg/picture.h"

namespace mediaferry::stages {

/// Throws vips::VError.
void reduce(Picture&, Size to);
/// "libvips 8.14.1"
std::string reducing_library();

}  // namespace mediaferry::stages
