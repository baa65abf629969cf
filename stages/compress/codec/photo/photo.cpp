// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a photo small with libvips. Only JPEG is re-encoded: for every other kind a re-encoding would lose something (facts/compression.md
// F, tier table), so those keep their bytes.

#include <cmath>
#include <memory>
#include <string>
#include <vips/vips8>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/photo/jpeg_parts.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

using vips::VImage;

constexpr double kWorstPsnr = 30.0;        // dB; far below what quality 50 gives on any photo: a guard against wrong pixels, not a quality target
constexpr double kMostMegapixels = 128.0;  // a header that claims more is a bomb or a poster; both keep their bytes
constexpr std::size_t kLargest = 256U << 20;

VImage decoded(const std::string& file) {
    return VImage::new_from_buffer(file.data(), file.size(), "",
                                   VImage::option()->set("fail_on", VIPS_FAIL_ON_WARNING)->set("access", VIPS_ACCESS_RANDOM)->set("memory", true));
}

VImage luma(const VImage& image) { return image.bands() == 1 ? image : image.colourspace(VIPS_INTERPRETATION_B_W).extract_band(0); }

double psnr(const VImage& a, const VImage& b) {
    const auto difference = luma(a).cast(VIPS_FORMAT_FLOAT) - luma(b).cast(VIPS_FORMAT_FLOAT);
    const double error = (difference * difference).avg();
    return error == 0 ? 99.0 : 10 * std::log10(255.0 * 255.0 / error);
}

/// Why this JPEG keeps its bytes, if it does.
std::optional<Compressed> exotic(const JpegParts& parts) {
    if (parts.frame != 0xC0 && parts.frame != 0xC1 && parts.frame != 0xC2)
        return keep("photo.exotic", "an unusual JPEG (lossless or arithmetic coding)");
    if (parts.precision != 8) return keep("photo.deep", "more than 8 bits a sample");
    if (parts.components != 1 && parts.components != 3) return keep("photo.cmyk", "not a grey or colour photo (CMYK)");
    if (parts.multi_picture || !parts.trailer.empty())
        return keep("photo.trailer", "it carries a second picture or movie behind the first (HDR gain map, Motion Photo), which must not be lost");
    const double megapixels = static_cast<double>(parts.width) * parts.height / 1e6;
    if (parts.width == 0 || parts.height == 0 || megapixels > kMostMegapixels) return keep("photo.size", "its dimensions are out of bounds");
    return std::nullopt;
}

VImage reduced(const VImage& image, const config::PhotoTier& tier) {
    const double megapixels = static_cast<double>(image.width()) * image.height() / 1e6;
    if (!tier.max_megapixels || megapixels <= *tier.max_megapixels) return image;
    return image.resize(std::sqrt(*tier.max_megapixels / megapixels));
}

std::string encoded(const VImage& image, int quality, bool full_chroma) {
    void* bytes = nullptr;
    std::size_t size = 0;
    // strip: what libvips would write of the metadata is damaged; ours comes from the original's segments.
    image.write_to_buffer(".jpg", &bytes, &size,
                          VImage::option()
                              ->set("Q", quality)
                              ->set("strip", true)
                              ->set("optimize_coding", true)
                              ->set("subsample_mode", full_chroma ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON));
    const std::unique_ptr<void, void (*)(void*)> owner{bytes, [](void* memory) { g_free(memory); }};
    return {static_cast<const char*>(bytes), size};
}

/// The result as it lies on disk: whole, of the right size, the same picture, with every metadata segment of the original.
double checked(int result, const JpegParts& original, const VImage& expected) {
    const auto file = read_back(result, kLargest);
    const auto parts = take_apart(file);
    const auto image = decoded(file);
    if (image.width() != expected.width() || image.height() != expected.height() || image.bands() != expected.bands())
        throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
    if (!original.metadata.empty()) {
        if (parts.metadata.size() != original.metadata.size()) throw TransientError{"photo.check", "the small copy lost metadata"};
        for (std::size_t i = 0; i < parts.metadata.size(); ++i)
            if (parts.metadata[i].bytes != original.metadata[i].bytes) throw TransientError{"photo.check", "the small copy's metadata differ"};
    }
    const double likeness = psnr(expected, image);
    if (likeness < kWorstPsnr)
        throw TransientError{"photo.check", "the small copy does not look like the original (" + std::to_string(likeness) + " dB)"};
    return likeness;
}

Compressed make_small(const std::string& file, int result, const config::PhotoTier& tier) {
    const auto parts = take_apart(file);
    if (const auto why = exotic(parts)) return *why;
    const auto expected = reduced(decoded(file), tier).copy_memory();
    const auto pixels = encoded(expected, tier.quality, parts.full_chroma);
    const auto small = put_together(parts, take_apart(pixels));
    if (small.size() >= file.size()) return keep("compress.not_worth_it", "the small copy would not be smaller");
    write_at(result, 0, small);
    sync(result);
    const auto likeness = checked(result, parts, expected);
    const bool smaller = expected.width() != static_cast<int>(parts.width);
    return {
        std::nullopt, "",
        "jpeg q" + std::to_string(tier.quality) + (smaller ? " " + std::to_string(expected.width()) + "x" + std::to_string(expected.height()) : ""),
        likeness, craft::library()};
}

}  // namespace

/// libvips without untrusted loaders, caches or threads of its own.
void craft::prepare() {
    if (VIPS_INIT("mediaferry") != 0) throw Unavailable{"compress.codec", std::string("libvips does not start: ") + vips_error_buffer()};
    vips_block_untrusted_set(TRUE);
    vips_concurrency_set(1);  // processes, not threads, run side by side
    vips_cache_set_max(0);
}

std::string craft::library() { return std::string("libvips ") + vips_version_string(); }

/// Every metadata segment of the small copy is the original's, byte for byte, and the orientation with it.
Compressed craft::make(const Order& order) {
    if (order.size.count > kLargest) return keep("photo.size", "larger than a photo should be");
    const auto file = read_whole(order);
    if (!file.starts_with("\xFF\xD8\xFF")) return keep("photo.kind", "only JPEG photos are made smaller; this kind would lose something");
    try {
        return make_small(file, order.result, order.photo);
    } catch (const vips::VError& error) {
        throw BadInput{"photo.broken", std::string("it does not decode: ") + error.what()};
    }
}

}  // namespace mediaferry::stages
