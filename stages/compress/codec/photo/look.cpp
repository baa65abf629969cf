// SPDX-License-Identifier: GPL-3.0-or-later
// A photo and its small copy side by side, for a person to look at. libvips decodes both, not the code that made the copy: a second opinion.

#include <algorithm>
#include <cmath>
#include <map>
#include <vips/vips8>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/jpeg/jpeg_parts.h"
#include "stages/compress/codec/jpeg/kind.h"
#include "stages/compress/codec/jpeg/ssim.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/photo/jxl.h"
#include "stages/compress/codec/photo/reduce.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

using vips::VImage;

constexpr std::size_t kLargestSmall = 256U << 20;
constexpr int kCrop = 480, kSeam = 8;  // pixels

VImage opened(const std::string& file) {
    return VImage::new_from_buffer(file.data(), file.size(), "",
                                   VImage::option()->set("fail_on", VIPS_FAIL_ON_ERROR)->set("access", VIPS_ACCESS_RANDOM)->set("memory", true));
}

struct Brightness {
    std::vector<std::uint8_t> pixels;
    Grey grey;
};

Brightness brightness(const VImage& image) {
    const auto one = (image.bands() < 3 ? image : image.colourspace(VIPS_INTERPRETATION_B_W)).extract_band(0).cast(VIPS_FORMAT_UCHAR);
    std::size_t size = 0;
    const std::unique_ptr<void, void (*)(void*)> memory{one.write_to_memory(&size), [](void* bytes) { g_free(bytes); }};
    Brightness out;
    const auto* bytes = static_cast<const std::uint8_t*>(memory.get());
    out.pixels.assign(bytes, bytes + size);
    out.grey = {out.pixels.data(), static_cast<std::size_t>(one.width()), one.width(), one.height()};
    return out;
}

Grey part(const Grey& of, const Span& x, const Span& y) {
    return {of.pixels + static_cast<std::size_t>(y.begin) * of.stride + x.begin, of.stride, x.length, y.length};
}

struct Comparison {
    TileScores scores;
    int worst_x = 0, worst_y = 0;  ///< the middle of the tile that differs most
    double psnr = 99;
};

Comparison compared(const Grey& a, const Grey& b) {
    Comparison found;
    double least = 2, squares = 0;
    for (int row = 0; row < tiles_in(a.height); ++row)
        for (int column = 0; column < tiles_in(a.width); ++column) {
            const auto x = tile_at(column, a.width), y = tile_at(row, a.height);
            if (x.length < 8 || y.length < 8) continue;
            const double score = ssim(part(a, x, y), part(b, x, y));
            found.scores.tiles.push_back(score);
            if (score >= least) continue;
            least = score;
            found.worst_x = x.begin + x.length / 2;
            found.worst_y = y.begin + y.length / 2;
        }
    const auto pixels = static_cast<std::size_t>(a.width) * static_cast<std::size_t>(a.height);
    for (std::size_t i = 0; i < pixels; ++i) squares += (a.pixels[i] - b.pixels[i]) * (a.pixels[i] - b.pixels[i]);
    if (squares > 0) found.psnr = 10 * std::log10(255.0 * 255.0 * static_cast<double>(pixels) / squares);
    return found;
}

std::vector<std::string> field_names(const VImage& image) {
    const std::unique_ptr<char*, void (*)(char**)> names{vips_image_get_fields(image.get_image()), g_strfreev};
    std::vector<std::string> out;
    for (char** name = names.get(); name != nullptr && *name != nullptr; ++name) out.emplace_back(*name);
    return out;
}

/// What a reader of metadata sees: each EXIF tag (the maker's note is one), XMP, IPTC, the colour profile; of a JPEG also each segment.
std::map<std::string, std::string> fields_of(const VImage& image) {
    std::map<std::string, std::string> fields;
    for (const auto& name : field_names(image)) {
        if (name.starts_with("exif-ifd") || name == "orientation") {
            fields[name] = name == "orientation" ? std::to_string(image.get_int("orientation")) : image.get_string(name.c_str());
        } else if (name.ends_with("-data") && name != "exif-data" && name != "jpeg-thumbnail-data") {
            std::size_t size = 0;
            const auto* bytes = static_cast<const char*>(image.get_blob(name.c_str(), &size));
            fields[name] = std::string(bytes, size);
        }
    }
    return fields;
}

void count_fields(const VImage& before, const VImage& after, std::map<std::string, double>& measures) {
    const auto had = fields_of(before), has = fields_of(after);
    measures["fields"] = static_cast<double>(had.size());
    measures["fields_kept"] = static_cast<double>(std::ranges::count_if(had, [&](const auto& field) {
        const auto there = has.find(field.first);
        return there != has.end() && there->second == field.second;
    }));
}

void count_segments(const std::string& before, const std::string& after, std::map<std::string, double>& measures) {
    if (!before.starts_with("\xFF\xD8\xFF") || !after.starts_with("\xFF\xD8\xFF")) return;
    const auto had = take_apart(before), has = take_apart(after);
    measures["segments"] = static_cast<double>(had.metadata.size());
    measures["segments_kept"] = static_cast<double>(std::ranges::count_if(had.metadata, [&](const auto& segment) {
        return std::ranges::any_of(has.metadata, [&](const auto& other) { return other.bytes == segment.bytes; });
    }));
}

VImage crop(const VImage& image, int x, int y) {
    const int width = std::min(kCrop, image.width()), height = std::min(kCrop, image.height());
    return image.extract_area(std::clamp(x - width / 2, 0, image.width() - width), std::clamp(y - height / 2, 0, image.height() - height), width,
                              height);
}

/// For a screen: 8 bits, no transparency, as many bands on both sides.
VImage showable(const VImage& image) {
    auto shown = image.has_alpha() ? image.flatten() : image;
    if (shown.bands() < 3 || shown.format() != VIPS_FORMAT_UCHAR) shown = shown.colourspace(VIPS_INTERPRETATION_sRGB);
    return shown.extract_band(0, VImage::option()->set("n", 3));
}

std::string picture_of(const VImage& before, const VImage& after, const Comparison& where) {
    const auto seam = [](VipsDirection) { return VImage::option()->set("shim", kSeam)->set("background", std::vector<double>{255, 0, 255}); };
    const auto row = [&](int x, int y) {
        return showable(crop(before, x, y)).join(showable(crop(after, x, y)), VIPS_DIRECTION_HORIZONTAL, seam(VIPS_DIRECTION_HORIZONTAL));
    };
    auto both = row(where.worst_x, where.worst_y)
                    .join(row(after.width() / 2, after.height() / 2), VIPS_DIRECTION_VERTICAL, seam(VIPS_DIRECTION_VERTICAL))
                    .copy();
    // The profile stays, or the colours would be others; where it was taken is nobody's business who is shown a crop.
    for (const auto& name : field_names(both))
        if (name.starts_with("exif") || name == "xmp-data" || name == "iptc-data" || name == "jpeg-thumbnail-data") both.remove(name.c_str());
    void* bytes = nullptr;
    std::size_t size = 0;
    both.write_to_buffer(".png", &bytes, &size);
    const std::unique_ptr<void, void (*)(void*)> owner{bytes, [](void* memory) { g_free(memory); }};
    return {static_cast<const char*>(bytes), size};
}

}  // namespace

Compressed craft::look(const Order& order) {
    const auto original = read_whole(order);
    auto small = read_back(order.small, kLargestSmall);
    if (sha256_of(small) != order.small_sha256) throw TransientError{"compress.original", "the small copy changed while it was looked at"};
    if (look_at_photo(small).reversible) small = jpeg_out_of_jxl(small, kLargestSmall);  // what it is worth is the JPEG that comes out of it
    try {
        const auto after = opened(small);
        auto before = opened(original);
        Compressed result;
        result.tools = reducing_library();
        count_fields(before, after, result.measures);
        count_segments(original, small, result.measures);
        if (before.width() != after.width() || before.height() != after.height())
            before = before.resize(static_cast<double>(after.width()) / before.width(),
                                   VImage::option()->set("vscale", static_cast<double>(after.height()) / before.height()));
        const auto grey_before = brightness(before), grey_after = brightness(after);
        const auto where = compared(grey_before.grey, grey_after.grey);
        result.psnr = where.psnr;
        result.measures["ssim_p5"] = where.scores.worst();
        result.measures["ssim"] = where.scores.mean();
        result.measures["width"] = after.width();
        result.measures["height"] = after.height();
        write_at(order.result, 0, picture_of(before, after, where));
        return result;
    } catch (const vips::VError& error) {
        throw BadInput{"photo.broken", std::string("it does not decode: ") + error.what()};
    }
}

}  // namespace mediaferry::stages
