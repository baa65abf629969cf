// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/jpeg.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vips/vips8>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/photo/coefficients.h"
#include "stages/compress/codec/photo/jpeg_parts.h"
#include "stages/compress/codec/photo/multi_picture.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

using vips::VImage;

constexpr double kWorstPsnr = 30.0;        // dB; far below what quality 50 gives on any photo: a guard against wrong pixels, not a quality target
constexpr double kMostMegapixels = 128.0;  // a header that claims more is a bomb or a poster; both keep their bytes
constexpr int kMostScans = 64;             // a progressive photo has about ten; two thousand keep a decoder busy for minutes
constexpr double kMostPixelsAByte = 400;   // a flat grey picture has about a hundred
constexpr std::size_t kLargestResult = 256U << 20;

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
    for (const auto& segment : parts.metadata)
        if (is_picture_list(segment.bytes) && !lies_in_trailer(segment.bytes, parts.trailer))
            return keep("photo.trailer", "it lists further pictures that are not where it says, so they could not be carried over");
    if (parts.scan_count > kMostScans) return keep("photo.exotic", "more scans than any camera writes");
    const double megapixels = static_cast<double>(parts.width) * parts.height / 1e6;
    if (parts.width == 0 || parts.height == 0 || megapixels > kMostMegapixels) return keep("photo.size", "its dimensions are out of bounds");
    if (megapixels * 1e6 > static_cast<double>(parts.scans.size()) * kMostPixelsAByte)
        return keep("photo.size", "it claims more pixels than its bytes can hold");
    return std::nullopt;
}

VImage reduced(const VImage& image, const config::PhotoTier& tier) {
    const double megapixels = static_cast<double>(image.width()) * image.height() / 1e6;
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

/// The picture alone, without what lies behind it.
std::string_view picture_of(std::string_view file, const JpegParts& parts) { return file.substr(0, file.size() - parts.trailer.size()); }

/// The result as it lies on disk has every metadata segment and the trailer of the original; only a list of pictures may have moved.
void check_metadata(const JpegParts& original, const JpegParts& result) {
    if (result.trailer != original.trailer) throw TransientError{"photo.check", "the small copy lost what lies behind the picture"};
    if (original.metadata.empty()) return;
    if (result.metadata.size() != original.metadata.size()) throw TransientError{"photo.check", "the small copy lost metadata"};
    for (std::size_t i = 0; i < result.metadata.size(); ++i) {
        const auto& is = result.metadata[i].bytes;
        const bool list = is_picture_list(is) && lies_in_trailer(is, result.trailer);
        if (list ? is.size() != original.metadata[i].bytes.size() : is != original.metadata[i].bytes)
            throw TransientError{"photo.check", "the small copy's metadata differ"};
    }
}

void check_likeness(double luma, double chroma) {
    if (luma < kWorstPsnr || chroma < kWorstPsnr)
        throw TransientError{"photo.check", "the small copy does not look like the original (" + std::to_string(std::min(luma, chroma)) + " dB)"};
}

/// The file as it lies there now, its metadata checked.
std::string written(int result, const JpegParts& original, const std::string& small) {
    write_at(result, 0, small);
    sync(result);
    auto file = read_back(result, kLargestResult);
    check_metadata(original, take_apart(file));
    return file;
}

const Compressed kNotSmaller = keep("compress.not_worth_it", "the small copy would not be smaller");

/// Fewer pixels: decoded, reduced, encoded.
Compressed make_smaller_picture(const std::string& file, const JpegParts& parts, const Order& order) {
    const auto expected = reduced(decoded(file), order.photo).copy_memory();
    const auto pixels = encoded(expected, order.photo.quality, parts.full_chroma);
    const auto small = put_together(parts, take_apart(pixels));
    if (small.size() >= file.size()) return kNotSmaller;
    const auto image = decoded(written(order.result, parts, small));
    if (image.width() != expected.width() || image.height() != expected.height() || image.bands() != expected.bands())
        throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
    const double luma_alike = psnr(expected, image);
    check_likeness(luma_alike, luma_alike);
    return {std::nullopt, "",
            "jpeg q" + std::to_string(order.photo.quality) + " " + std::to_string(image.width()) + "x" + std::to_string(image.height()), luma_alike,
            craft::library()};
}

/// The same pixels with coarser steps, or the same steps better packed.
Compressed make_coarser(const std::string& file, const JpegParts& parts, const Order& order) {
    const auto picture = picture_of(file, parts);
    const auto small = put_together(parts, take_apart(requantised(picture, order.photo.quality)));
    if (small.size() >= file.size()) return kNotSmaller;
    const auto back = written(order.result, parts, small);
    const auto alike = likeness(picture, picture_of(back, take_apart(back)));
    check_likeness(alike.luma, alike.chroma);
    const bool lossless = alike.luma == 99 && alike.chroma == 99;
    return {std::nullopt, "", lossless ? "jpeg repacked" : "jpeg q" + std::to_string(order.photo.quality) + " requantised", alike.luma,
            jpeg_library()};
}

bool too_large(const JpegParts& parts, const config::PhotoTier& tier) {
    return tier.max_megapixels && static_cast<double>(parts.width) * parts.height / 1e6 > *tier.max_megapixels;
}

}  // namespace

/// Every metadata segment of the small copy is the original's, byte for byte, and the orientation with it.
Compressed smaller_jpeg(const std::string& file, const Order& order) {
    const auto parts = take_apart(file);
    if (const auto why = exotic(parts)) return *why;
    return too_large(parts, order.photo) ? make_smaller_picture(file, parts, order) : make_coarser(file, parts, order);
}

}  // namespace mediaferry::stages
