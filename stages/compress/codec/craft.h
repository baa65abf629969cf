#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a codec program can make. There are three of them, codec/jpeg, codec/photo and codec/video: each is a program of its own, so that a JPEG waits
// for no library but its own to load (libvips brings a hundred, FFmpeg as many), and a bug in one library cannot reach what another decodes.
// codec/main.cpp is the rest of all three.

#include <string>

#include "stages/compress/order.h"

namespace mediaferry::stages::craft {

/// Thrown by make(): these bytes are another program's. Nothing was written.
struct Elsewhere {};

/// Before the walls: loads and starts the libraries; nothing untrusted has been seen yet. Throws Unavailable ("compress.codec").
void prepare();
/// "libvips 8.14.1"
std::string library();
/// Behind the walls: reads the ordered bytes, writes the small copy, reads that back and compares. `kept` leaves nothing of use in the result.
/// Throws BadInput when the original does not decode, TransientError ("compress.original") when it is not the one that was ordered, Elsewhere.
Compressed make(const Order&);
/// Behind the walls: the original and its small copy side by side, as one PNG in the result: above, where they differ most; below, their middle;
/// the small copy's pixels as they are, the original's reduced to as many. `measures` tells how alike they are and which fields were kept.
Compressed look(const Order&);

}  // namespace mediaferry::stages::craft
