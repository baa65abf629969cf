// SPDX-License-Identifier: GPL-3.0-or-later
// Which way a photo goes, by what its bytes are (kind.h); what its name says does not count. Each kind has its own file; what none of them takes
// keeps its bytes, for a re-encoding would lose something (facts/compression.md F, tier table).

#include <string>
#include <vips/vips8>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/jpeg/jpeg.h"
#include "stages/compress/codec/jpeg/kind.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/photo/heic.h"
#include "stages/compress/codec/photo/jxl.h"
#include "stages/compress/codec/photo/png.h"
#include "stages/compress/codec/photo/reduce.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

Compressed smaller(const std::string& file, const PhotoFacts& facts, const Order& order) {
    if (const auto why = kept_for_its_kind(facts, file.size(), order.photo)) return keep(why->code, why->text);
    if (facts.kind == PhotoKind::png) return smaller_png(file, order);
    if (facts.kind == PhotoKind::heic) return reduced_heic(file, facts, order);
    if (order.photo.jpeg_xl && !order.from_copy)  // out of a small copy no original can be restored
        if (auto packed = reversible_jxl(file, order)) return *std::move(packed);
    return smaller_jpeg(file, order, {reduce, reducing_library()});
}

/// The JPEG that this small copy was made from. What it is believed for is its checksum, which whoever ordered it knows.
Compressed restored(const std::string& file, const Order& order) {
    write_at(order.result, 0, jpeg_out_of_jxl(file, static_cast<std::size_t>(order.limits.file.count)));
    sync(order.result);
    return {std::nullopt, "", "jpeg restored", 99, craft::library()};
}

}  // namespace

/// libvips without untrusted loaders, caches or threads of its own.
void craft::prepare() {
    if (VIPS_INIT("mediaferry") != 0) throw Unavailable{"compress.codec", std::string("libvips does not start: ") + vips_error_buffer()};
    vips_block_untrusted_set(TRUE);
    vips_concurrency_set(1);  // processes, not threads, run side by side
    vips_cache_set_max(0);
}

std::string craft::library() { return reducing_library(); }

Compressed craft::make(const Order& order) {
    if (order.size.count > kLargestPhoto) return keep("photo.size", "larger than a photo should be");
    const auto file = read_whole(order);
    if (order.task == Order::Task::restore) return restored(file, order);
    const auto facts = look_at_photo(file);
    try {
        return with_its_name(smaller(file, facts, order), facts, order.extension);
    } catch (const vips::VError& error) {
        throw BadInput{"photo.broken", std::string("it does not decode: ") + error.what()};
    }
}

}  // namespace mediaferry::stages
