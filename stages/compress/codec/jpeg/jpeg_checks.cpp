// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/jpeg_checks.h"

#include <algorithm>

#include "common/errors/errors.h"
#include "stages/compress/codec/jpeg/multi_picture.h"

namespace mediaferry::stages {
namespace {

constexpr double kMostMegapixels = 128.0;  // a header that claims more is a bomb or a poster; both keep their bytes
constexpr int kMostScans = 64;             // a progressive photo has about ten; two thousand keep a decoder busy for minutes
constexpr double kMostPixelsAByte = 400;   // a flat grey picture has about a hundred

constexpr std::string_view kXmp{"http://ns.adobe.com/xap/1.0/"};

/// The numbers that follow `name` in XMP, as attribute (name="5") or element (<name>5</name>), added up.
std::uint64_t sum_of(std::string_view xmp, std::string_view name) {
    std::uint64_t sum = 0;
    for (auto at = xmp.find(name); at != std::string_view::npos; at = xmp.find(name, at + name.size())) {
        auto digit = at + name.size();
        while (digit < xmp.size() && (xmp[digit] == ' ' || xmp[digit] == '=' || xmp[digit] == '"' || xmp[digit] == '\'' || xmp[digit] == '>'))
            ++digit;
        std::uint64_t value = 0;
        for (int count = 0; count < 12 && digit < xmp.size() && xmp[digit] >= '0' && xmp[digit] <= '9'; ++digit, ++count)
            value = value * 10 + static_cast<std::uint64_t>(xmp[digit] - '0');
        sum += value;
    }
    return sum;
}

}  // namespace

std::uint64_t promised_behind(const JpegParts& parts) {
    std::uint64_t promised = 0;
    for (const auto& segment : parts.metadata)
        if (segment.marker == 0xE1 && segment.bytes.substr(4).starts_with(kXmp))
            promised = std::max(
                {promised, sum_of(segment.bytes, "MicroVideoOffset"), sum_of(segment.bytes, "Item:Length") + sum_of(segment.bytes, "Item:Padding")});
    return promised;
}

std::size_t coefficient_bytes(double megapixels, bool full_chroma) { return static_cast<std::size_t>(megapixels * 1e6 * (full_chroma ? 6 : 3)); }

std::optional<Compressed> exotic(const JpegParts& parts) {
    if (parts.frame != 0xC0 && parts.frame != 0xC1 && parts.frame != 0xC2)
        return keep("photo.exotic", "an unusual JPEG (lossless or arithmetic coding)");
    if (parts.precision != 8) return keep("photo.deep", "more than 8 bits a sample");
    if (parts.components != 1 && parts.components != 3) return keep("photo.cmyk", "not a grey or colour photo (CMYK)");
    for (const auto& segment : parts.metadata)
        if (is_picture_list(segment.bytes) && !lies_in_trailer(segment.bytes, parts.trailer))
            return keep("photo.trailer", "it lists further pictures that are not where it says, so they could not be carried over");
    if (promised_behind(parts) > parts.trailer.size())
        return keep("photo.trailer",
                    "it speaks of a movie or a picture behind it that is longer than what lies there, so it could not be carried over");
    if (parts.scan_count > kMostScans) return keep("photo.exotic", "more scans than any camera writes");
    const double megapixels = static_cast<double>(parts.width) * parts.height / 1e6;
    if (parts.width == 0 || parts.height == 0 || megapixels > kMostMegapixels) return keep("photo.size", "its dimensions are out of bounds");
    if (megapixels * 1e6 > static_cast<double>(parts.scans.size()) * kMostPixelsAByte)
        return keep("photo.size", "it claims more pixels than its bytes can hold");
    return std::nullopt;
}

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

}  // namespace mediaferry::stages
