#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A JPEG made small: at full size by coarser steps for its coefficients, never decoded and encoded again; a half, a quarter or
// an eighth of its pixels by its own decoder, any other number of them through libvips.

#include <string>

#include "stages/compress/codec/jpeg/picture.h"
#include "stages/compress/order.h"

namespace mediaferry::stages {

/// Writes the small copy of `file` into `order.result`, reads it back from there and compares, or says why the original stays.
/// Throws BadInput ("photo.broken") when the original does not decode, TransientError ("photo.check") when the copy does not hold, craft::Elsewhere
/// when it takes a reducer and none is given.
Compressed smaller_jpeg(const std::string& file, const Order& order, const Reducer& = {});

}  // namespace mediaferry::stages
