// SPDX-License-Identifier: GPL-3.0-or-later
// A HEIC with more pixels than its tier wants, made again where the tier asks for that: what is written about it stays.

#include <libheif/heif.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/house.h"
#include "tests/support/tool.h"

using namespace mediaferry;
using mediaferry::test::House;
using mediaferry::test::said_by;

namespace {

/// By heif-enc, of a picture of ffmpeg's that a phone held upright; with a thumbnail.
std::string heic(House& house, const std::string& format = "yuvj420p", std::vector<std::string> more = {}) {
    const auto picture = (house.dir / "a.jpg").string(), file = (house.dir / "a.heic").string();
    said_by({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "mandelbrot=size=1200x900:rate=1", "-pix_fmt", format, "-frames:v", "1", "-q:v", "2", "-y",
             picture});
    said_by({"exiftool", "-q", "-overwrite_original", "-EXIF:Orientation#=6", "-EXIF:Make=Apple", "-EXIF:DateTimeOriginal=2021:07:14 16:20:30",
             "-EXIF:GPSLatitude=48.1", "-EXIF:GPSLatitudeRef=N", "-XMP:Rating=5", "-XMP:Subject=summer", picture});
    std::vector<std::string> argv{"heif-enc", "-q", "92", "-t", "240", picture, "-o", file};
    argv.insert(argv.end(), more.begin(), more.end());
    said_by(argv);
    return test::read(file);
}

template <class T, void (*release)(T*)>
struct Released {
    void operator()(T* what) const { release(what); }
};
template <class T, void (*release)(T*)>
using Held = std::unique_ptr<T, Released<T, release>>;

void went_well(const heif_error& error) {
    if (error.code != heif_error_Ok) throw std::runtime_error{error.message};
}

/// The same pixels, to be shown turned or mirrored: no packaged program writes that, a phone's camera does.
std::string shown(const std::string& file, heif_orientation how) {
    const Held<heif_context, heif_context_free> from{heif_context_alloc()}, to{heif_context_alloc()};
    went_well(heif_context_read_from_memory_without_copy(from.get(), file.data(), file.size(), nullptr));
    heif_image_handle *raw = nullptr, *made = nullptr;
    went_well(heif_context_get_primary_image_handle(from.get(), &raw));
    const Held<const heif_image_handle, heif_image_handle_release> picture{raw};
    heif_image* pixels = nullptr;
    went_well(heif_decode_image(raw, &pixels, heif_colorspace_YCbCr, heif_chroma_420, nullptr));
    const Held<const heif_image, heif_image_release> image{pixels};
    heif_encoder* coder = nullptr;
    went_well(heif_context_get_encoder_for_format(to.get(), heif_compression_HEVC, &coder));
    const Held<heif_encoder, heif_encoder_release> encoder{coder};
    went_well(heif_encoder_set_lossy_quality(coder, 92));
    const Held<heif_encoding_options, heif_encoding_options_free> options{heif_encoding_options_alloc()};
    options->image_orientation = how;
    went_well(heif_context_encode_image(to.get(), pixels, coder, options.get(), &made));
    const Held<const heif_image_handle, heif_image_handle_release> handle{made};
    std::string bytes;
    heif_writer writer{1, [](heif_context*, const void* data, std::size_t size, void* into) {
                           static_cast<std::string*>(into)->append(static_cast<const char*>(data), size);
                           return heif_error{heif_error_Ok, heif_suberror_Unspecified, ""};
                       }};
    went_well(heif_context_write(to.get(), &writer, &bytes));
    return bytes;
}

struct Filed {
    MediaId id;
    fs::path original, small;
    nlohmann::json told;
};

Filed filed(House& house, const std::string& content, config::PhotoTier photo) {
    house.settings.compress.tiers = {{"only", std::nullopt, std::move(photo), {}}};
    house.settings.compress.minimum_saving = Bytes{100};
    test::Sample sample;
    sample.content = content;
    sample.folder = "compress";
    const auto id = house.downloaded("IMG_0001.HEIC", sample);
    house.done_up_to(id, "processing");
    REQUIRE(house.run("compress").exit_code == 0);
    return {id, *house.item(id).local_path, house.settings.folders.library / house.copy(id, Place::library).value().path,
            nlohmann::json::parse(house.item(id).compression_metadata)};
}

/// Every field that exiftool knows of, but for how large the picture and its file are.
nlohmann::json fields(const fs::path& file) {
    static const std::set<std::string> other{"SourceFile",
                                             "File:FileSize",
                                             "File:ImageWidth",
                                             "File:ImageHeight",
                                             "Composite:ImageSize",
                                             "Composite:Megapixels",
                                             "QuickTime:ImageSpatialExtent",
                                             "QuickTime:GeneralLevelIDC",
                                             "QuickTime:MediaDataSize",
                                             "QuickTime:MediaDataOffset",
                                             "QuickTime:MinorVersion",
                                             "QuickTime:CompatibleBrands"};
    auto all = nlohmann::json::parse(said_by({"exiftool", "-a", "-G1", "-s", "-json", file.string()})).at(0);
    for (auto it = all.begin(); it != all.end();)
        it = other.contains(it.key()) || it.key().starts_with("System:") || it.key().starts_with("ExifTool:") ? all.erase(it) : std::next(it);
    return all;
}

}  // namespace

TEST_CASE("a HEIC with more pixels than its tier wants is made again: fields, colours and thumbnail as they were", "[compress][heic]") {
    House house;
    const auto one = filed(house, heic(house), {.quality = 88, .max_megapixels = 0.3, .floor = 0.9, .heic = "reduce"});
    INFO(one.told);
    REQUIRE_FALSE(one.told.contains("kept"));
    CHECK_THAT(one.told["how"].get<std::string>(), Catch::Contains("heic q") && Catch::Contains(" 632x474"));
    CHECK(one.small.filename() == "IMG_0001.HEIC");
    CHECK(fs::file_size(one.small) < fs::file_size(one.original) * 7 / 10);
    CHECK(fields(one.small) == fields(one.original));
    CHECK_THAT(said_by({"heif-info", one.small.string()}), Catch::Contains("632x474") && Catch::Contains("thumbnail: 240x"));
    CHECK(one.told.dump().find("ssim_p5") != std::string::npos);
}

TEST_CASE("a HEIC that is shown turned is shown turned in small, one that is shown mirrored stays as it is", "[compress][heic]") {
    House house;
    const config::PhotoTier asked{.quality = 88, .max_megapixels = 0.3, .floor = 0.9, .heic = "reduce"};
    using Turn = std::tuple<heif_orientation, int>;  // exiftool tells what the box says: against the clock
    const auto [how, degrees] = GENERATE(Turn{heif_orientation_rotate_90_cw, 270}, Turn{heif_orientation_rotate_180, 180}, Turn{heif_orientation_rotate_270_cw, 90});
    const auto one = filed(house, shown(heic(house), how), asked);
    INFO(one.told);
    REQUIRE_FALSE(one.told.contains("kept"));
    CHECK(fields(one.original)["QuickTime:Rotation"].dump() == std::to_string(degrees));
    CHECK(fields(one.small) == fields(one.original));
    CHECK_THAT(said_by({"heif-info", one.small.string()}), Catch::Contains(degrees == 180 ? "632x474" : "474x632"));

    House second;
    const auto mirrored = filed(second, shown(heic(second), heif_orientation_flip_horizontally), asked);
    CHECK(mirrored.told["kept"]["code"] == "photo.heic");
    CHECK(test::read(mirrored.small) == test::read(mirrored.original));
}

TEST_CASE("a HEIC that would lose something, or need not be smaller, stays as it is", "[compress][heic]") {
    House house;
    const config::PhotoTier asked{.quality = 88, .max_megapixels = 0.3, .floor = 0.9, .heic = "reduce"};
    auto roomy = asked, kept = asked;
    roomy.max_megapixels = 2;
    kept.heic = "keep";
    const auto plain = heic(house);
    CHECK(filed(house, plain, roomy).told["kept"]["code"] == "photo.heic");
    House second;
    CHECK(filed(second, plain, kept).told["kept"]["code"] == "photo.heic");
    House third;
    const auto fine = filed(third, heic(third, "yuvj444p", {"-p", "chroma=444"}), asked);
    INFO(fine.told);
    CHECK_THAT(fine.told["kept"]["text"].get<std::string>(), Catch::Contains("more samples"));
    House fourth;
    const auto broken = filed(fourth, plain.substr(0, plain.size() - 3000), asked);
    CHECK(broken.told["kept"]["code"].get<std::string>().starts_with("photo."));
    CHECK(test::read(broken.small).size() == plain.size() - 3000);
}
