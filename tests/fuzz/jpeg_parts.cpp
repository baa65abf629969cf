// SPDX-License-Identifier: GPL-3.0-or-later
// A photo's segments: views into the file and nothing else, and what is put together comes apart the same.
#include "stages/compress/codec/jpeg/jpeg_parts.h"

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using namespace mediaferry::stages;
using fuzz::require;

namespace {

void lies_within(std::string_view part, std::string_view file) {
    require(part.empty() || (part.data() >= file.data() && part.data() + part.size() <= file.data() + file.size()), "a part that is not of the file");
}

}  // namespace

FUZZ(jpeg_parts) {
    const auto parts = take_apart(input);
    for (const auto* segments : {&parts.metadata, &parts.tables})
        for (const auto& segment : *segments) lies_within(segment.bytes, input);
    lies_within(parts.scans, input);
    lies_within(parts.trailer, input);
    require(parts.frame != 0 && !parts.scans.empty(), "a photo without frame or pixels");
    const auto file = put_together(parts, parts);
    const auto again = take_apart(file);
    require(again.metadata.size() == parts.metadata.size() && again.tables.size() == parts.tables.size(), "a segment was lost");
    require(again.scans == parts.scans && again.width == parts.width && again.height == parts.height, "the pixels are other ones");
    require(put_together(again, again) == file, "put together twice, it differs");
}
