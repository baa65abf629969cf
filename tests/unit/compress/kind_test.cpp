// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/kind.h"

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

using namespace mediaferry;
using stages::PhotoKind;

namespace {

/// The small files that the fuzz target `photo_kind` begins with: each is one kind, and the shape that makes it what it is.
std::string sample(const std::string& name) { return test::read(fs::path{SOURCE_ROOT} / "tests/fuzz/corpus/photo_kind" / name); }

std::string why(const std::string& file) {
    const auto reason = stages::kept_for_its_kind(stages::look_at_photo(file), file.size(), {});
    return reason ? reason->code : "";
}

}  // namespace

TEST_CASE("a photo is what its bytes say", "[compress]") {
    const auto [name, kind, format, code] = GENERATE(table<std::string, PhotoKind, std::string, std::string>({
        {"panorama.jpg", PhotoKind::jpeg, "JPEG", "photo.panorama"},  // as an iPhone marks it: EXIF CustomRendered
        {"sphere.jpg", PhotoKind::jpeg, "JPEG", "photo.panorama"},    // as Google does: XMP GPano
        {"depth.jpg", PhotoKind::jpeg, "JPEG", "photo.depth"},
        {"plain.png", PhotoKind::png, "PNG", ""},
        {"animated.png", PhotoKind::png, "animated PNG", "photo.animated"},
        {"panorama.png", PhotoKind::png, "PNG", "photo.panorama"},
        {"bomb.png", PhotoKind::png, "PNG", "photo.size"},
        {"small.gif", PhotoKind::gif, "GIF", "photo.gif"},
        {"plain.tif", PhotoKind::tiff, "TIFF", "photo.tiff"},
        {"big.tif", PhotoKind::tiff, "TIFF", "photo.tiff"},
        {"loop.tif", PhotoKind::tiff, "TIFF", "photo.tiff"},
        {"preview_first.dng", PhotoKind::raw, "DNG", "photo.raw"},
        {"fuji.raf", PhotoKind::raw, "camera RAW", "photo.raw"},
        {"negative.cr3", PhotoKind::raw, "camera RAW", "photo.raw"},
        {"grid_gain_map.heic", PhotoKind::heic, "HEIC", "photo.heic"},
        {"alpha.avif", PhotoKind::avif, "AVIF", "photo.avif"},
        {"moving.webp", PhotoKind::webp, "WebP", "photo.animated"},
        {"reversible.jxl", PhotoKind::jpeg_xl, "JPEG XL", "photo.jxl"},
        {"codestream.jxl", PhotoKind::jpeg_xl, "JPEG XL", "photo.jxl"},
    }));
    INFO(name);
    const auto facts = stages::look_at_photo(sample(name));
    CHECK(facts.kind == kind);
    CHECK(facts.format == format);
    CHECK_FALSE(facts.cut);
    CHECK(why(sample(name)) == code);
    CHECK(facts.reversible == (name == "reversible.jxl"));
}

TEST_CASE("what is no photo has a reason, too", "[compress]") {
    for (const auto* file : {"", "II", "RIFF", "<svg/>", "%PDF-1.7", "BM", "\xFF\xD8", "#EXTM3U"}) CHECK(why(file) == "photo.kind");
    CHECK(why(std::string(100, '\0')) == "photo.kind");
}

TEST_CASE("the pictures that a HEIC holds besides the one that is shown are seen", "[compress]") {
    const auto grid = stages::look_at_photo(sample("grid_gain_map.heic"));
    CHECK(grid.width == 4032);
    CHECK(grid.height == 3024);
    CHECK(grid.depth == 8);
    CHECK(grid.further == std::vector<std::string>{"a gain map"});
    const auto two = stages::look_at_photo(sample("two.heic"));
    CHECK(two.depth == 10);
    CHECK(two.further == std::vector<std::string>{"several pictures"});
    CHECK(stages::look_at_photo(sample("alpha.avif")).further == std::vector<std::string>{"an alpha plane"});
    CHECK(stages::look_at_photo(sample("tone_map.heic")).further == std::vector<std::string>{"a gain map"});
}

TEST_CASE("a TIFF whose first picture is a preview is a negative, whoever made it", "[compress]") {
    auto file = sample("preview_first.dng");
    const auto version = file.find("\x12\xC6");
    REQUIRE(version != std::string::npos);
    file.replace(version, 2, "\x00\x01", 2);  // no DNGVersion any more: a camera's own RAW
    const auto facts = stages::look_at_photo(file);
    CHECK(facts.kind == PhotoKind::raw);
    CHECK(facts.format == "camera RAW");
}

TEST_CASE("a name that speaks of another kind is told", "[compress]") {
    const auto png = stages::look_at_photo(sample("plain.png"));
    CHECK(stages::misnamed(png, ".PNG").empty());
    CHECK(stages::misnamed(png, "").empty());
    CHECK(stages::misnamed(png, ".xyz").empty());
    CHECK(stages::misnamed(png, ".HEIC") == "it is a PNG, although its name ends in .HEIC");
    CHECK(stages::misnamed(stages::look_at_photo(sample("alpha.avif")), ".jpg") == "it is an AVIF, although its name ends in .jpg");
    CHECK(stages::misnamed(stages::look_at_photo(sample("preview_first.dng")), ".TIF").empty());
}

TEST_CASE("a photo that is cut anywhere, or turned over anywhere, still has an answer", "[compress]") {
    for (const auto& entry : fs::directory_iterator{fs::path{SOURCE_ROOT} / "tests/fuzz/corpus/photo_kind"}) {
        const auto whole = test::read(entry.path());
        for (std::size_t length = 0; length < whole.size(); ++length) {
            stages::look_at_photo(whole.substr(0, length));
            auto turned = whole;
            turned[length] = static_cast<char>(~turned[length]);
            stages::look_at_photo(turned);
        }
    }
}
