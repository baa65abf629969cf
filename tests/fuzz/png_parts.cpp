// SPDX-License-Identifier: GPL-3.0-or-later
// A PNG's chunks: views into the file and nothing else, and what is put together comes apart the same.
#include "stages/compress/codec/photo/png_parts.h"

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using namespace mediaferry::stages;
using fuzz::require;

FUZZ(png_parts) {
    const auto parts = take_png_apart(input);
    for (const auto& chunk : parts.chunks)
        require(chunk.bytes.data() >= input.data() && chunk.bytes.data() + chunk.bytes.size() <= input.data() + input.size(),
                "a chunk that is not of the file");
    const auto file = put_png_together(parts, take_png_apart(png_pixels_only(parts)));
    const auto again = take_png_apart(file);
    require(same_but_for_packing(parts, again), "something besides the pixels was lost");
    require(again.width == parts.width && again.height == parts.height && !again.interlaced, "it is another picture");
    require(put_png_together(again, again) == file, "put together twice, it differs");
}
