// SPDX-License-Identifier: GPL-3.0-or-later
// The program for a JPEG that stays one: most of what a phone takes, so it loads libjpeg and nothing else that decodes. What takes more (another
// kind, a size that libjpeg does not come to by itself, a JPEG XL) is the photo program's.

#include "stages/compress/codec/craft.h"

#include "stages/compress/codec/jpeg/coefficients.h"
#include "stages/compress/codec/jpeg/jpeg.h"
#include "stages/compress/codec/jpeg/kind.h"
#include "stages/compress/codec/original_bytes.h"

namespace mediaferry::stages {

void craft::prepare() {}

std::string craft::library() { return jpeg_library(); }

Compressed craft::make(const Order& order) {
    if (order.task != Order::Task::photo) throw Elsewhere{};
    if (order.size.count > kLargestPhoto) return keep("photo.size", "larger than a photo should be");
    const auto file = read_whole(order);
    const auto facts = look_at_photo(file);
    if (facts.kind != PhotoKind::jpeg || (order.photo.jpeg_xl && !order.from_copy)) throw Elsewhere{};
    const auto why = kept_for_its_kind(facts, file.size(), order.photo);
    return with_its_name(why ? keep(why->code, why->text) : smaller_jpeg(file, order), facts, order.extension);
}

Compressed craft::look(const Order&) { throw Elsewhere{}; }

}  // namespace mediaferry::stages
