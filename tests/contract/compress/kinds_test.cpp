// SPDX-License-Identifier: GPL-3.0-or-later
// Photos that are no JPEG, and the JPEG that becomes a JPEG XL: real files of each kind, with all their fields before and after.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/house.h"
#include "tests/support/tool.h"

using namespace mediaferry;
using mediaferry::pipeline::StepStatus;
using mediaferry::test::House;
using mediaferry::test::said_by;

namespace {

/// Tags that a phone writes, in the places that this kind has for them.
void tag(const fs::path& file) {
    said_by({"exiftool", "-q", "-overwrite_original", "-EXIF:Orientation#=6", "-EXIF:Make=Apple", "-EXIF:DateTimeOriginal=2021:07:14 16:20:30",
             "-EXIF:GPSLatitude=48.1", "-EXIF:GPSLatitudeRef=N", "-XMP:Rating=5", "-XMP:Subject=summer", file.string()});
}

/// Every field that exiftool knows of, but for what is the file system's and the packing's.
nlohmann::json fields(const fs::path& file) {
    auto all = nlohmann::json::parse(said_by({"exiftool", "-a", "-G1", "-s", "-json", "-fast0", file.string()})).at(0);
    for (auto it = all.begin(); it != all.end();)
        it = it.key() == "SourceFile" || it.key().starts_with("System:") || it.key().starts_with("ExifTool:") ? all.erase(it) : std::next(it);
    return all;
}

std::string pixels(const fs::path& file) { return said_by({"ffmpeg", "-v", "error", "-i", file.string(), "-f", "md5", "-"}); }

/// A picture of ffmpeg's, as the file `name` and in that pixel format.
fs::path drawn(House& house, const std::string& name, const std::string& format, std::vector<std::string> more = {}) {
    const auto file = house.dir / name;
    std::vector<std::string> argv{"ffmpeg",   "-v",   "error",     "-f", "lavfi", "-i", "mandelbrot=size=640x480:rate=1",
                                  "-pix_fmt", format, "-frames:v", "1"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.insert(argv.end(), {"-y", file.string()});
    said_by(argv);
    return file;
}

MediaId filed(House& house, const std::string& name, const std::string& content, config::PhotoTier photo = {.quality = 70}, bool live_pair = false) {
    house.settings.compress.tiers = {{"only", std::nullopt, photo, {}}};
    house.settings.compress.minimum_saving = Bytes{100};
    test::Sample sample;
    sample.content = content;
    sample.folder = "compress";
    sample.live_pair = live_pair;
    const auto id = house.downloaded(name, sample);
    house.done_up_to(id, "processing");
    REQUIRE(house.run("compress").exit_code == 0);
    REQUIRE(house.status(id, "compress") == StepStatus::done);
    return id;
}

nlohmann::json told(House& house, MediaId id) { return nlohmann::json::parse(house.item(id).compression_metadata); }
fs::path shelved(House& house, MediaId id) { return house.settings.folders.library / house.copy(id, Place::library).value().path; }

}  // namespace

TEST_CASE("a PNG is packed better: every pixel, every field and every chunk as it was", "[compress]") {
    House house;
    const auto [format, more] = GENERATE(table<std::string, std::vector<std::string>>({
        {"rgb24", {"-compression_level", "1"}},
        {"rgb48be", {"-compression_level", "1"}},  // 16 bits a sample stay 16
        {"rgba", {"-compression_level", "1"}},
        {"pal8", {"-compression_level", "1", "-pred", "none"}},
        {"gray", {"-compression_level", "1"}},
        {"monob", {"-compression_level", "0"}},
    }));
    INFO(format);
    const auto file = drawn(house, "a.png", format, more);
    tag(file);
    const auto content = test::read(file);
    const auto id = filed(house, "IMG_0001.PNG", content + "something behind it");

    INFO(house.item(id).compression_metadata);
    REQUIRE_FALSE(told(house, id).contains("kept"));
    CHECK(told(house, id)["how"] == "png packed");
    const auto small = shelved(house, id);
    CHECK(fs::file_size(small) < content.size());
    CHECK(pixels(small) == pixels(file));
    auto before = fields(*house.item(id).local_path), after = fields(small);
    CHECK(after == before);
    CHECK(after.dump().find("summer") != std::string::npos);
    CHECK(after.dump().find("Apple") != std::string::npos);
    CHECK_THAT(test::read(small), Catch::EndsWith("something behind it"));
    CHECK(test::read(*house.item(id).local_path) == content + "something behind it");
}

TEST_CASE("an interlaced PNG comes out straight, with the same pixels", "[compress]") {
    House house;
    const auto file = house.dir / "i.png";
    said_by({"vips", "pngsave", drawn(house, "a.png", "rgb24").string(), file.string(), "--interlace", "--compression", "1"});
    const auto id = filed(house, "IMG_0001.PNG", test::read(file));
    INFO(house.item(id).compression_metadata);
    REQUIRE_FALSE(told(house, id).contains("kept"));
    CHECK(told(house, id)["how"] == "png packed, no longer interlaced");
    CHECK(pixels(shelved(house, id)) == pixels(file));
}

TEST_CASE("a PNG that is damaged anywhere keeps its bytes", "[compress]") {
    House house;
    const auto whole = test::read(drawn(house, "a.png", "rgb24", {"-compression_level", "1"}));
    auto turned = whole;
    turned[whole.size() / 2] ^= 1;
    auto ended = whole.substr(0, whole.size() - 12);
    for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
             {"IMG_1.PNG", whole.substr(0, whole.size() / 2)}, {"IMG_2.PNG", turned}, {"IMG_3.PNG", ended}}) {
        const auto id = filed(house, name, content);
        INFO(name << house.item(id).compression_metadata);
        CHECK(told(house, id)["kept"]["code"] == "photo.broken");
        CHECK(test::read(shelved(house, id)) == content);
    }
}

TEST_CASE("a tier may keep its PNGs", "[compress]") {
    House house;
    const auto content = test::read(drawn(house, "a.png", "rgb24", {"-compression_level", "1"}));
    const auto id = filed(house, "IMG_0001.PNG", content, {.png = "keep"});
    CHECK(told(house, id)["kept"]["code"] == "compress.tier");
    CHECK(test::read(shelved(house, id)) == content);
}

TEST_CASE("kinds that encoding anew would harm keep their bytes, whatever they are called", "[compress]") {
    House house;
    const auto picture = drawn(house, "a.png", "rgb24").string();
    const auto as = [&](const std::string& name, std::vector<std::string> argv) {
        argv.push_back((house.dir / name).string());
        said_by(argv);
        return test::read(house.dir / name);
    };
    const std::vector<std::string> moving{"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5", "-t", "1", "-y"};
    auto apng = moving, gif = moving;
    apng.insert(apng.end(), {"-f", "apng"});
    struct Row {
        std::string name, content, code, words;
    };
    const std::vector<Row> rows{
        {"IMG_1.GIF", as("m.gif", gif), "photo.gif", "GIF"},
        {"IMG_2.PNG", as("m.apng", apng), "photo.animated", "animated PNG"},
        {"IMG_3.TIF", as("t.tif", {"vips", "tiffsave", picture}), "photo.tiff", "TIFF"},
        {"IMG_4.WEBP", as("w.webp", {"vips", "webpsave", picture}), "photo.webp", "WebP"},
        {"IMG_5.HEIC", as("h.heic", {"heif-enc", "-q", "50", picture, "-o"}), "photo.heic", "HEIC"},
        {"IMG_6.AVIF", as("h.avif", {"heif-enc", "-A", "-q", "50", picture, "-o"}), "photo.avif", "AVIF"},
        {"IMG_7.JXL", as("j.jxl", {"cjxl", "--quiet", "-e", "1", picture}), "photo.jxl", "JPEG XL"},
        {"IMG_8.JPG", test::read(house.dir / "h.heic"), "photo.heic", "although its name ends in .JPG"},
        {"IMG_9.JPG", test::read(house.dir / "t.tif"), "photo.tiff", "it is a TIFF, although its name ends in .JPG"},
    };
    for (const auto& row : rows) {
        const auto id = filed(house, row.name, row.content);
        INFO(row.name << house.item(id).compression_metadata);
        CHECK(told(house, id)["kept"]["code"] == row.code);
        CHECK_THAT(told(house, id)["kept"]["text"].get<std::string>(), Catch::Contains(row.words));
        CHECK(test::read(shelved(house, id)) == row.content);
    }
}

TEST_CASE("a JPEG named like something else is made smaller for what it is, and that is told", "[compress]") {
    House house;
    const auto id = filed(house, "IMG_0001.HEIC", test::read(drawn(house, "a.jpg", "yuvj420p", {"-q:v", "2"})));
    INFO(house.item(id).compression_metadata);
    REQUIRE_FALSE(told(house, id).contains("kept"));
    CHECK_THAT(told(house, id)["how"].get<std::string>(), Catch::Contains("it is a JPEG, although its name ends in .HEIC"));
}

TEST_CASE("a panorama stays as it is", "[compress]") {
    House house;
    const auto file = drawn(house, "a.jpg", "yuvj420p", {"-q:v", "2"});
    const auto mark = GENERATE(std::string("-XMP-GPano:ProjectionType=equirectangular"), std::string("-EXIF:CustomRendered#=6"));
    said_by({"exiftool", "-q", "-overwrite_original", mark, file.string()});
    const auto id = filed(house, "IMG_0001.JPG", test::read(file));
    CHECK(told(house, id)["kept"]["code"] == "photo.panorama");
}

TEST_CASE("the still of a live photo stays a JPEG, so that the pair stays one", "[compress]") {
    House house;
    const auto content = test::read(drawn(house, "a.jpg", "yuvj420p", {"-q:v", "2"}));
    const auto id = filed(house, "IMG_0001.JPG", content, {.quality = 70, .floor = 0.8, .jpeg_xl = true}, true);
    INFO(house.item(id).compression_metadata);
    CHECK_FALSE(told(house, id).contains("kept"));
    CHECK(shelved(house, id).filename() == "IMG_0001.JPG");
}

TEST_CASE("a JPEG becomes a JPEG XL that gives back that very JPEG", "[compress]") {
    House house;
    const bool progressive = GENERATE(false, true);
    auto file = drawn(house, "a.jpg", "yuvj420p", {"-q:v", "2"});
    if (progressive) said_by({"vips", "jpegsave", file.string(), (file = house.dir / "p.jpg").string(), "--interlace", "--Q", "93"});
    tag(file);
    const auto content = test::read(file) + "\xFF\xD8 a gain map \xFF\xD9";
    const auto id = filed(house, "IMG_0001.JPG", content, {.png = "keep", .jpeg_xl = true});

    INFO(house.item(id).compression_metadata);
    REQUIRE_FALSE(told(house, id).contains("kept"));
    CHECK(told(house, id)["how"] == "jpeg xl, reversible");
    const auto small = shelved(house, id);
    CHECK(small.filename() == "IMG_0001.jxl");
    CHECK(fs::file_size(small) * 100 < content.size() * 85);
    said_by({"djxl", "--quiet", small.string(), (house.dir / "back.jpg").string()});  // somebody else's decoder
    CHECK(test::read(house.dir / "back.jpg") == content);
    CHECK(test::read(*house.item(id).local_path) == content);
}
