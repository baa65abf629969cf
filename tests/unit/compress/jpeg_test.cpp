// SPDX-License-Identifier: GPL-3.0-or-later
// A painted photo through libjpeg's own encoder, then made small.

#include "stages/compress/codec/jpeg/jpeg.h"

#include <sys/mman.h>
#include <catch2/catch.hpp>

#include <cstdlib>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "stages/compress/codec/jpeg/coefficients.h"
#include "stages/compress/codec/jpeg/jpeg_checks.h"
#include "stages/compress/codec/jpeg/jpeg_handles.h"
#include "stages/compress/codec/jpeg/jpeg_parts.h"
#include "stages/compress/codec/jpeg/jpeg_resize.h"
#include "stages/compress/codec/jpeg/likeness.h"
#include "stages/compress/codec/jpeg/planes.h"
#include "stages/compress/codec/jpeg/requantise.h"
#include "stages/compress/codec/photo/reduce.h"
#include "stages/compress/codec/result_file.h"
#include "tests/support/scene.h"

using namespace mediaferry;
using namespace mediaferry::stages;

namespace {

struct Sampling {
    int across = 2, down = 2, components = 3;
};

std::string camera_jpeg(const test::Painting& painting, int quality = 93, Sampling sampling = {}, bool progressive = false) {
    JpegEncoder encoder;
    auto& info = encoder.info();
    encoder.guarded([&] {
        info.image_width = static_cast<JDIMENSION>(painting.width);
        info.image_height = static_cast<JDIMENSION>(painting.height);
        info.input_components = 3;
        info.in_color_space = JCS_RGB;
        ::jpeg_set_defaults(&info);
        if (sampling.components == 1) ::jpeg_set_colorspace(&info, JCS_GRAYSCALE);
        ::jpeg_set_quality(&info, quality, TRUE);
        info.comp_info[0].h_samp_factor = sampling.across;
        info.comp_info[0].v_samp_factor = sampling.down;
        if (progressive) ::jpeg_simple_progression(&info);
        ::jpeg_start_compress(&info, TRUE);
        for (int y = 0; y < painting.height; ++y) {
            auto* row = const_cast<JSAMPLE*>(painting.rgb.data()) + static_cast<std::size_t>(y) * static_cast<std::size_t>(painting.width) * 3;
            ::jpeg_write_scanlines(&info, &row, 1);
        }
        ::jpeg_finish_compress(&info);
    });
    return std::string{encoder.bytes()};
}

const std::string& street() {
    static const auto file = camera_jpeg(test::paint(3, test::Scene::town, 1000, 750));
    return file;
}

/// smaller_jpeg() into a file in memory.
struct Made {
    Compressed result;
    std::string file;
};

Made made(const std::string& original, const config::PhotoTier& tier, bool from_copy = false) {
    const files::Descriptor file{::memfd_create("result", MFD_CLOEXEC)};
    Order order;
    order.result = file.get();
    order.photo = tier;
    order.from_copy = from_copy;
    Made small{smaller_jpeg(original, order, {reduce, "libvips"}), {}};
    if (!small.result.kept) small.file = read_back(file.get(), 1U << 30);
    return small;
}

/// Three tiles of a fine weave beside one plain tile, so that a sample of every fourth tile sees plain ones only.
test::Painting woven() {
    test::Painting painting{1280, 1024, std::vector<std::uint8_t>(1280 * 1024 * 3)};
    for (int y = 0; y < painting.height; ++y)
        for (int x = 0; x < painting.width; ++x) {
            const bool plain = (x / 64 + 2 * (y / 64)) % 4 == 0;
            const auto hash = static_cast<unsigned>(x) * 2654435761U ^ static_cast<unsigned>(y) * 2246822519U;
            const int light = plain ? 100 + (x + y) / 24 : 128 + static_cast<int>((hash >> 13) % 17) - 8;
            for (int c = 0; c < 3; ++c) painting.rgb[static_cast<std::size_t>((y * painting.width + x) * 3 + c)] = static_cast<std::uint8_t>(light);
        }
    return painting;
}

}  // namespace

TEST_CASE("a block with the steps it had stays what it was, and is painted as libjpeg paints it", "[compress]") {
    Steps fine{}, coarse{};
    fine.fill(3);
    coarse.fill(12);
    std::int16_t block[64];
    for (int i = 0; i < 64; ++i) block[i] = static_cast<std::int16_t>((i * 37 % 23 - 11) / (1 + i / 8));
    std::int16_t same[64], coarser[64];
    Requantiser{fine, fine}(block, 1, same);
    Requantiser{fine, coarse}(block, 1, coarser);
    CHECK(std::equal(same, same + 64, block));
    for (int i = 0; i < 64; ++i) {
        const int error = std::abs(coarser[i] * 12 - block[i] * 3);
        CHECK(error <= (i == 0 ? 6 : 8));  // a dead zone of 0.35: never further away than 0.65 of a step
        CHECK(coarser[i] * block[i] >= 0);
    }

    const auto& file = street();
    Coefficients coefficients{file};
    CHECK(coefficients.sampled(100).worst() == Approx(1).margin(1e-6));
}

TEST_CASE("what the sample says is what the whole picture is", "[compress]") {
    const auto file = camera_jpeg(test::paint(5, test::Scene::leaves, 1280, 960));
    for (const int quality : {55, 75, 88}) {
        const auto sampled = Coefficients{file}.sampled(quality);
        const auto whole = likeness(file, Coefficients{file}.requantised(quality));
        CHECK(sampled.mean() == Approx(whole.mean).margin(0.003));
        CHECK(sampled.worst() == Approx(whole.worst).margin(0.006));
    }
}

TEST_CASE("a small copy held against coefficients is judged as two decoders would judge it", "[compress]") {
    const auto sampling = GENERATE(Sampling{2, 2, 3}, Sampling{1, 1, 3}, Sampling{2, 1, 3}, Sampling{1, 1, 1}, Sampling{2, 2, 1});
    const auto file = camera_jpeg(test::paint(5, test::Scene::town, 1001, 747), 93, sampling);
    const Coefficients coefficients{file};
    for (const int quality : {60, 85}) {
        const auto small = coefficients.requantised(quality);
        CHECK(small == coefficients.requantised(quality));  // they are not used up
        const auto told = coefficients.likeness_of(small), decoded = likeness(file, small);
        CHECK(told.worst == Approx(decoded.worst).margin(0.0005));
        CHECK(told.mean == Approx(decoded.mean).margin(0.0002));
        CHECK(told.luma == Approx(decoded.luma).margin(0.05));
        CHECK(told.chroma == Approx(decoded.chroma).margin(0.05));
    }
    CHECK(coefficients.likeness_of(file).worst > 0.9995);
    CHECK_THROWS_AS(coefficients.likeness_of(street()), TransientError);
}

TEST_CASE("a photo without the scan of one of its colours is broken", "[compress]") {
    std::vector<std::uint8_t> line(64, 90);
    const jpeg_scan_info scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    JpegEncoder encoder;
    auto& info = encoder.info();
    encoder.guarded([&] {
        info.image_width = info.image_height = 16;
        info.input_components = 3;
        info.in_color_space = JCS_RGB;
        ::jpeg_set_defaults(&info);
        info.scan_info = scans;
        info.num_scans = 3;
        ::jpeg_start_compress(&info, TRUE);
        for (int y = 0; y < 16; ++y) {
            JSAMPROW row = line.data();
            ::jpeg_write_scanlines(&info, &row, 1);
        }
        ::jpeg_finish_compress(&info);
    });
    const std::string whole{encoder.bytes()};
    CHECK_NOTHROW(Coefficients{whole});
    auto at = whole.find("\xFF\xDA") + 2;  // the next marker behind the first scan
    do at = whole.find('\xFF', at + 1);
    while (whole[at + 1] == '\0');
    CHECK_THROWS_AS(Coefficients(whole.substr(0, at) + "\xFF\xD9"), BadInput);
}

TEST_CASE("Huffman tables from a sample of the rows know what the other rows hold", "[compress]") {
    test::Painting painting{1100, 1100, std::vector<std::uint8_t>(1100 * 1100 * 3, 128)};  // every fourth row of 16 lines is plain, and is what is counted
    for (std::size_t i = 0; i < painting.rgb.size(); ++i)
        if (i / 3 / 1100 / 16 % 4 != 1) painting.rgb[i] = static_cast<std::uint8_t>((i * 2654435761U >> 24) % 256);
    const auto sampling = GENERATE(Sampling{2, 2, 3}, Sampling{1, 2, 3}, Sampling{1, 1, 1});
    const auto file = camera_jpeg(painting, 97, sampling);
    const Coefficients coefficients{file};
    const auto alike = likeness(file, coefficients.requantised(95));
    CHECK(alike.worst > 0.98);
    CHECK(alike.chroma > 30);
}

TEST_CASE("what a small copy is held against while its original is away may lose less, and grows no finer", "[compress]") {
    const auto first = made(street(), {false, 92, {}, false, 0.965, 50});
    REQUIRE_FALSE(first.result.kept);
    const auto second = made(first.file, {false, 88, {}, false, 0.95, 50}, true);
    REQUIRE_FALSE(second.result.kept);
    INFO(first.result.how << ", " << second.result.how);
    CHECK(second.file.size() < first.file.size());
    CHECK(second.result.measures.at("ssim_p5") >= 0.966);
    CHECK(likeness(street(), second.file).worst > 0.931);  // both losses together
}

TEST_CASE("pixels become the coefficients that they are painted from", "[compress]") {
    Picture plane{{101, 75}, 1, 1, std::vector<std::uint8_t>(101 * 75)};
    for (std::size_t i = 0; i < plane.pixels.size(); ++i) plane.pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 24);
    std::vector<std::uint8_t> lines(13 * 8 * 8), painted(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = plane.pixels[i];
    std::vector<std::int16_t> blocks(13 * 64);
    to_coefficients(lines.data(), 104, 13, blocks.data());
    Steps finest{};
    finest.fill(1);
    Painter{finest}(blocks.data(), 13, painted.data(), 104);
    for (std::size_t i = 0; i < lines.size(); ++i) CHECK(std::abs(lines[i] - painted[i]) <= 2);

    const auto jpeg = Coefficients{std::vector{plane}}.requantised(100);
    Planes as_written{jpeg};
    REQUIRE(as_written.plane(0).width == 101);
    as_written.next_band();
    for (std::size_t y = 0; y < 8; ++y)
        for (std::size_t x = 0; x < 101; ++x) CHECK(std::abs(as_written.plane(0).line(static_cast<int>(y))[x] - plane.pixels[y * 101 + x]) <= 2);
}

TEST_CASE("half of a picture's sides: the mean of each four pixels", "[compress]") {
    Picture picture{{3, 3}, 1, 1, {10, 20, 30, 30, 40, 50, 7, 8, 9}};
    halve(picture);
    CHECK(picture.size == Size{2, 2});
    CHECK(picture.pixels == std::vector<std::uint8_t>{25, 40, 8, 9});
}

TEST_CASE("repacking changes no pixel, requantising no more than it should", "[compress]") {
    const auto file = GENERATE(
        camera_jpeg(test::paint(1, test::Scene::landscape, 500, 333)), camera_jpeg(test::paint(1, test::Scene::leaves, 333, 500), 90, {1, 1}),
        camera_jpeg(test::paint(2, test::Scene::town, 401, 299), 90, {2, 1}),
        camera_jpeg(test::paint(2, test::Scene::portrait, 401, 299), 90, {1, 1, 1}),
        camera_jpeg(test::paint(2, test::Scene::foliage, 401, 299), 90, {1, 2}),
        camera_jpeg(test::paint(1, test::Scene::night, 400, 300), 93, {}, true), camera_jpeg(test::paint(1, test::Scene::night, 5, 3)));
    const auto packed = likeness(file, Coefficients{file}.repacked());
    CHECK(packed.worst == Approx(1));
    CHECK(packed.luma == 99);
    CHECK(packed.chroma == 99);
    const auto coarser = likeness(file, Coefficients{file}.requantised(70));
    CHECK(coarser.luma > 30);
    CHECK(coarser.worst > 0.85);
}

TEST_CASE("the file that lies there reaches the floor, and not by far", "[compress]") {
    const double floor = GENERATE(0.9, 0.95, 0.965, 0.985);
    const auto small = made(street(), {false, 95, {}, false, floor, 30});
    REQUIRE_FALSE(small.result.kept);
    const auto alike = likeness(street(), small.file);
    INFO(small.result.how << " " << alike.worst);
    CHECK(alike.worst >= floor);
    CHECK(alike.worst < floor + 0.012);
    CHECK(small.result.measures.at("ssim_p5") == Approx(alike.worst).margin(0.0002));
    CHECK(small.result.measures.at("probes") <= 6);
    CHECK(small.file.size() < street().size());
}

TEST_CASE("a sample that flatters is found out on the whole file", "[compress]") {
    const auto file = camera_jpeg(woven());
    REQUIRE(Coefficients{file}.sampled(50).worst() > 0.97);  // the sample would take any quality
    const auto small = made(file, {false, 95, {}, false, 0.965, 50});
    REQUIRE_FALSE(small.result.kept);
    INFO(small.result.how);
    CHECK(likeness(file, small.file).worst >= 0.965);
}

TEST_CASE("where no quality of the tier reaches the floor, a photo is only packed better", "[compress]") {
    const auto small = made(street(), {false, 55, {}, false, 0.99, 50});
    REQUIRE_FALSE(small.result.kept);
    CHECK(small.result.how == "jpeg repacked");
    CHECK(likeness(street(), small.file).luma == 99);
    const auto reduced = made(street(), {false, 55, 0.3, false, 0.99, 50});
    REQUIRE(reduced.result.kept);
    CHECK(reduced.result.kept->code == "photo.floor");
}

TEST_CASE("fewer pixels: at most as many as asked for, chroma sampled as before, the floor held against the reduced picture", "[compress]") {
    const auto sampling = GENERATE(Sampling{2, 2, 3}, Sampling{1, 1, 3}, Sampling{2, 1, 3}, Sampling{1, 1, 1});
    const auto file = camera_jpeg(test::paint(4, test::Scene::landscape, 1001, 747), 93, sampling);
    const double most = GENERATE(0.187, 0.4);
    const auto small = made(file, {false, 95, most, false, 0.95, 40});
    REQUIRE_FALSE(small.result.kept);
    INFO(small.result.how);
    JpegDecoder decoder{small.file};
    const auto& info = decoder.info();
    CHECK(info.image_width * info.image_height <= most * 1e6 * 1.06);
    CHECK(info.image_width * info.image_height >= most * 1e6 * 0.89);
    CHECK(info.num_components == sampling.components);
    CHECK((info.num_components == 1 || info.comp_info[0].h_samp_factor == sampling.across));
    CHECK((info.num_components == 1 || info.comp_info[0].v_samp_factor == sampling.down));
    CHECK(Coefficients{reduced_planes(file, most, {reduce, "libvips"})}.likeness_of(small.file).worst >= 0.95);
    if (most < 0.2) CHECK(reduced_planes(file, most, {}).front().size == Size{501, 374});  // a plain half takes no library but libjpeg
    CHECK((small.result.tools.find("libvips") != std::string::npos) == (most > 0.2));
    CHECK(reduced_size(8064, 6048, 12).width == 4032);  // a plain half, although that is a little more than twelve megapixels
    CHECK(reduced_size(5664, 4248, 12).width == 4000);
    CHECK_FALSE(is_larger(4032, 3024, 12));  // and neither is that reduced again, nor a photo that came so
    CHECK(is_larger(4284, 3213, 12));
}

TEST_CASE("a movie that a photo speaks of lies behind it whole, or the photo keeps its bytes", "[compress]") {
    const auto bare = camera_jpeg(test::paint(1, test::Scene::leaves, 320, 240));
    const auto [xmp, promised] = GENERATE(table<std::string, std::uint64_t>({
        {R"(<rdf:Description GCamera:MicroVideo="1" GCamera:MicroVideoOffset="4000"/>)", 4000},
        {"<GCamera:MicroVideoOffset>4000</GCamera:MicroVideoOffset>", 4000},
        {R"(<Container:Item Item:Mime="image/jpeg" Item:Padding="8"/><Container:Item Item:Length="1000"/><Container:Item Item:Length='2992'/>)",
         4000},
        {R"(<rdf:Description xmp:Rating="5"/>)", 0},
    }));
    const std::string body = std::string{"http://ns.adobe.com/xap/1.0/"} + '\0' + xmp;
    std::string segment{"\xFF\xE1"};
    segment += {static_cast<char>((body.size() + 2) >> 8), static_cast<char>((body.size() + 2) & 0xFF)};
    const auto file = bare.substr(0, 2) + segment + body + bare.substr(2);
    const auto whole = file + std::string(4000, 'm');
    CHECK(promised_behind(take_apart(whole)) == promised);
    CHECK_FALSE(exotic(take_apart(whole)));
    const auto cut = whole.substr(0, whole.size() - 1);
    const auto why = exotic(take_apart(cut));
    CHECK(why.has_value() == (promised > 0));
    if (why) CHECK(why->kept->code == "photo.trailer");
}

TEST_CASE("a JPEG that claims more pixels than its bytes can hold meets no decoder", "[compress]") {
    auto file = camera_jpeg(test::paint(1, test::Scene::leaves, 320, 240));
    REQUIRE_FALSE(exotic(take_apart(file)));
    file.replace(file.find("\xFF\xC0") + 5, 4, "\x27\x10\x27\x10");  // 10,000 lines of 10,000: as many as a poster may have
    const auto why = exotic(take_apart(file));
    REQUIRE(why);
    CHECK(why->kept->code == "photo.size");
}

TEST_CASE("a JPEG cut anywhere is refused, never taken for a shorter one", "[compress]") {
    const bool progressive = GENERATE(false, true);
    const auto file = camera_jpeg(test::paint(1, test::Scene::leaves, 320, 240), 90, {}, progressive);
    for (std::size_t i = 0; i < 60; ++i) {
        const auto cut = file.substr(0, file.size() * i / 60);
        CHECK_THROWS_AS(made(cut, {false, 92, {}, false, 0.9, 50}), BadInput);
        // And with an end that makes it look whole; a progressive one that ends with a scan is whole.
        if (!progressive) CHECK_THROWS_AS(made(cut + "\xFF\xD9", {false, 92, {}, false, 0.9, 50}), BadInput);
    }
}
