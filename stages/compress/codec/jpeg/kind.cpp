// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/kind.h"

#include <algorithm>
#include <cctype>

#include "stages/compress/codec/jpeg/bounded.h"
#include "stages/compress/codec/jpeg/heif_look.h"
#include "stages/compress/codec/jpeg/picture.h"
#include "stages/compress/codec/jpeg/tiff_look.h"

namespace mediaferry::stages {
namespace {

constexpr double kGateMegapixels = 128.0;  // a header that claims more is a bomb or a poster; both keep their bytes
constexpr std::uint32_t kGateSide = 32767;
constexpr double kGatePixelsAByte = 400;

constexpr std::string_view kPngMark{"\x89PNG\r\n\x1a\n", 8};
constexpr std::string_view kJxlBox{"\0\0\0\x0cJXL \r\n\x87\n", 12};
constexpr std::string_view kExifHead{"Exif\0\0", 6};

void note_panorama(PhotoFacts& facts, std::string_view metadata) {
    for (const auto* mark : {"http://ns.google.com/photos/1.0/panorama", "GPano:ProjectionType"})
        if (metadata.find(mark) != std::string_view::npos) facts.panorama = true;
}

PhotoFacts jpeg_facts(std::string_view file) {
    PhotoFacts facts{PhotoKind::jpeg, "JPEG"};
    const Bounded in{file};
    for (std::uint64_t at = 2; in.number(at, 1) == 0xFFU;) {
        const auto marker = in.number(at + 1, 1).value_or(0);
        if (marker == 0xFF || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {  // filling, or a mark that stands alone
            at += marker == 0xFF ? 1 : 2;
            continue;
        }
        const auto length = in.word(at + 2);
        const auto body = length && *length >= 2 ? in.part(at + 4, *length - 2) : std::nullopt;
        if (!body) {
            facts.cut = "a segment ends behind the file";
            break;
        }
        if (marker == 0xDA || marker == 0xD9) break;
        if (marker == 0xE1) {
            note_panorama(facts, *body);
            if (body->find("http://ns.google.com/photos/1.0/depthmap") != std::string_view::npos) facts.further.emplace_back("a depth map");
            if (body->starts_with(kExifHead)) facts.panorama |= look_at_tiff(body->substr(kExifHead.size())).panorama;
        }
        if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
            facts.depth = static_cast<int>(in.number(at + 4, 1).value_or(8));
            facts.height = in.word(at + 5).value_or(0);
            facts.width = in.word(at + 7).value_or(0);
        }
        at += 2 + *length;
    }
    return facts;
}

PhotoFacts png_facts(std::string_view file) {
    PhotoFacts facts{PhotoKind::png, "PNG"};
    const Bounded in{file};
    facts.width = in.quad(16).value_or(0);
    facts.height = in.quad(20).value_or(0);
    facts.depth = static_cast<int>(in.number(24, 1).value_or(8));
    for (std::uint64_t at = 8;;) {
        const auto length = in.quad(at);
        const auto type = in.part(at + 4, 4);
        const auto body = length ? in.part(at + 8, *length) : std::nullopt;
        if (!type || !body) {
            facts.cut = "a chunk ends behind the file";
            break;
        }
        if (*type == "acTL") {
            facts.animated = true;
            facts.format = "animated PNG";
        }
        if (*type == "iTXt") note_panorama(facts, *body);
        if (*type == "IEND") break;
        at += 12 + *length;
    }
    return facts;
}

PhotoFacts gif_facts(std::string_view file) {
    const Bounded in{file, false};
    return {PhotoKind::gif, "GIF", in.word(6).value_or(0), in.word(8).value_or(0)};
}

PhotoFacts webp_facts(std::string_view file) {
    PhotoFacts facts{PhotoKind::webp, "WebP"};
    const Bounded in{file, false};
    if (!in.says(12, "VP8X")) return facts;
    facts.animated = (in.number(20, 1).value_or(0) & 2) != 0;
    facts.width = static_cast<std::uint32_t>(in.number(24, 3).value_or(0)) + 1;
    facts.height = static_cast<std::uint32_t>(in.number(27, 3).value_or(0)) + 1;
    return facts;
}

PhotoFacts jpeg_xl_facts(std::string_view file) {
    PhotoFacts facts{PhotoKind::jpeg_xl, "JPEG XL"};
    const Bounded in{file};
    for (std::uint64_t at = 0, boxes = 0; file.starts_with(kJxlBox) && boxes < 64; ++boxes) {
        const auto length = in.quad(at);
        if (in.says(at + 4, "jbrd")) facts.reversible = true;
        if (!length || *length < 8) break;  // 0 and 1 mark the large box of the pixels: what is looked for lies before it
        at += *length;
    }
    return facts;
}

std::string in_words(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

PhotoFacts tiff_facts(const TiffFacts& found) {
    PhotoFacts facts{found.raw ? PhotoKind::raw : PhotoKind::tiff,
                     found.dng   ? "DNG"
                     : found.raw ? "camera RAW"
                                 : "TIFF",
                     found.width, found.height, found.depth};
    facts.panorama = found.panorama;
    if (found.cut) facts.cut = "a directory ends behind the file";
    return facts;
}

PhotoFacts heif_facts(const HeifFacts& found) {
    PhotoFacts facts{found.raw    ? PhotoKind::raw
                     : found.avif ? PhotoKind::avif
                                  : PhotoKind::heic,
                     found.raw    ? "camera RAW"
                     : found.avif ? "AVIF"
                                  : "HEIC",
                     found.width, found.height, found.depth};
    facts.animated = found.sequence;
    facts.further = found.further;
    facts.full_chroma = found.full_chroma;
    facts.quarter_turns = found.quarter_turns;
    facts.cropped_or_mirrored = found.cropped_or_mirrored;
    if (found.cut) facts.cut = "its boxes do not fit together";
    return facts;
}

/// Why a HEIC or AVIF stays as it is, for a person; "" when it may be made again with fewer pixels.
std::string why_heif_stays(const PhotoFacts& facts, const config::PhotoTier& tier) {
    if (!facts.further.empty()) return "it holds " + in_words(facts.further) + ", which encoding anew would lose";
    if (facts.cut) return *facts.cut;
    if (facts.kind != PhotoKind::heic || tier.heic != "reduce") return "";
    if (facts.depth != 8) return "it has " + std::to_string(facts.depth) + " bits a sample";
    if (facts.full_chroma) return "its colours have more samples than a small copy would keep";
    if (facts.cropped_or_mirrored) return "it is cropped or mirrored by a property";
    return "";
}

bool more_than(const config::PhotoTier& tier, const PhotoFacts& facts) {
    return tier.max_megapixels && is_larger(facts.width, facts.height, *tier.max_megapixels);
}

std::string_view usual_extensions(PhotoKind kind) {
    switch (kind) {
        case PhotoKind::jpeg: return ".jpg.jpeg.jpe.jfif.";
        case PhotoKind::png: return ".png.apng.";
        case PhotoKind::gif: return ".gif.";
        case PhotoKind::tiff: return ".tif.tiff.";
        case PhotoKind::heic: return ".heic.heif.hif.heics.";
        case PhotoKind::avif: return ".avif.avifs.heif.";
        case PhotoKind::webp: return ".webp.";
        case PhotoKind::jpeg_xl: return ".jxl.";
        case PhotoKind::raw:
        case PhotoKind::unknown: return "";  // there are too many, and none is looked for
    }
    return "";
}

constexpr std::string_view kKnownExtensions = ".jpg.jpeg.jpe.jfif.png.apng.gif.tif.tiff.heic.heif.hif.heics.avif.avifs.webp.jxl.";

/// The gate before any decoder (facts/compression.md G). What is only kept has no need of it.
std::optional<Reason> out_of_bounds(const PhotoFacts& facts, std::size_t bytes) {
    const double pixels = static_cast<double>(facts.width) * facts.height;
    if (facts.width == 0 || facts.height == 0 || facts.width > kGateSide || facts.height > kGateSide || pixels > kGateMegapixels * 1e6)
        return Reason{"photo.size", "its dimensions are out of bounds (" + std::to_string(facts.width) + "x" + std::to_string(facts.height) + ")"};
    if (pixels > static_cast<double>(bytes) * kGatePixelsAByte) return Reason{"photo.size", "it claims more pixels than its bytes can hold"};
    return std::nullopt;
}

}  // namespace

PhotoFacts look_at_photo(std::string_view file) {
    if (file.starts_with("\xFF\xD8\xFF")) return jpeg_facts(file);
    if (file.starts_with(kPngMark)) return png_facts(file);
    if (file.starts_with("GIF87a") || file.starts_with("GIF89a")) return gif_facts(file);
    if (file.starts_with("RIFF") && Bounded{file}.says(8, "WEBP")) return webp_facts(file);
    if (file.starts_with(kJxlBox) || file.starts_with("\xFF\x0A")) return jpeg_xl_facts(file);
    if (file.starts_with("FUJIFILMCCD-RAW") || file.starts_with("FOVb") || file.starts_with(std::string_view{"\0MRM", 4}) ||
        Bounded{file}.says(6, "HEAPCCDR"))
        return {PhotoKind::raw, "camera RAW"};
    if (const auto found = look_at_tiff(file); found.is_tiff || found.raw) return tiff_facts(found);
    if (const auto found = look_at_heif(file); found.is_heif) return heif_facts(found);
    return {};
}

std::optional<Reason> kept_for_its_kind(const PhotoFacts& facts, std::size_t bytes, const config::PhotoTier& tier) {
    if (facts.animated) return Reason{"photo.animated", "it moves (" + facts.format + "); frames are not encoded anew"};
    if (facts.panorama) return Reason{"photo.panorama", "a panorama stays as it is, at its full size"};
    switch (facts.kind) {
        case PhotoKind::jpeg:
            if (!facts.further.empty()) return Reason{"photo.depth", "it carries " + in_words(facts.further) + ", which belongs to its pixels"};
            return std::nullopt;  // the JPEG way has its own gate, which knows its scans
        case PhotoKind::png:
            if (facts.cut) return Reason{"photo.broken", "not a whole PNG: " + *facts.cut};
            return out_of_bounds(facts, bytes);
        case PhotoKind::gif: return Reason{"photo.gif", "a GIF stays as it is"};
        case PhotoKind::tiff: return Reason{"photo.tiff", "a TIFF stays as it is: it may hold more than one picture and more than 8 bits a sample"};
        case PhotoKind::raw: return Reason{"photo.raw", "a " + facts.format + " is a negative and stays as it is"};
        case PhotoKind::webp: return Reason{"photo.webp", "a WebP is small already and stays as it is"};
        case PhotoKind::jpeg_xl:
            return Reason{"photo.jxl", facts.reversible ? "a JPEG XL that its JPEG can be restored from stays as it is"
                                                        : "a JPEG XL is small already and stays as it is"};
        case PhotoKind::heic:
        case PhotoKind::avif: {
            const std::string name = facts.kind == PhotoKind::heic ? "photo.heic" : "photo.avif";
            const auto why = why_heif_stays(facts, tier);
            if (facts.kind == PhotoKind::avif || tier.heic != "reduce")
                return Reason{name, facts.format + " photos stay as they are" + (why.empty() ? "" : "; " + why)};
            if (!why.empty()) return Reason{name, "this HEIC stays as it is: " + why};
            if (!more_than(tier, facts)) return Reason{name, "a HEIC of no more pixels than its tier asks for stays as it is"};
            return out_of_bounds(facts, bytes);
        }
        case PhotoKind::unknown: break;
    }
    return Reason{"photo.kind", "it is no kind of photo that is known here"};
}

std::string misnamed(const PhotoFacts& facts, std::string_view extension) {
    std::string lower{extension};
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower.size() < 2 || facts.format.empty() || kKnownExtensions.find(lower + ".") == std::string_view::npos) return "";
    if (facts.kind == PhotoKind::raw && (lower == ".tif" || lower == ".tiff")) return "";  // several cameras call theirs so
    if (usual_extensions(facts.kind).find(lower + ".") != std::string_view::npos) return "";
    return "it is " + std::string(facts.format.find_first_of("aeioAEIO") == 0 ? "an " : "a ") + facts.format + ", although its name ends in " +
           std::string{extension};
}

Compressed with_its_name(Compressed result, const PhotoFacts& facts, std::string_view extension) {
    if (facts.width > 0) result.measures["megapixels"] = static_cast<double>(facts.width) * facts.height / 1e6;
    const auto otherwise = misnamed(facts, extension);
    if (otherwise.empty()) return result;
    if (result.kept)
        result.kept->text += "; " + otherwise;
    else
        result.how += "; " + otherwise;
    return result;
}

}  // namespace mediaferry::stages
