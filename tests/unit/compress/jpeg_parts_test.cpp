// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/jpeg_parts.h"

#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "stages/compress/codec/jpeg/multi_picture.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;

namespace {

std::string segment(unsigned char marker, const std::string& body) {
    std::string bytes{"\xFF"};
    bytes += static_cast<char>(marker);
    const auto length = body.size() + 2;
    bytes += static_cast<char>(length >> 8);
    bytes += static_cast<char>(length & 0xff);
    return bytes + body;
}

/// 640x480, three components, chroma halved both ways unless `sampling` says otherwise.
std::string frame(char sampling = 0x22) {
    return segment(0xC0,
                   std::string{"\x08\x01\xE0\x02\x80\x03", 6} + std::string{"\x01", 1} + sampling + std::string{"\x00\x02\x11\x01\x03\x11\x01", 7});
}

std::string jpeg(const std::string& metadata, const std::string& pixels, const std::string& behind = "") {
    return "\xFF\xD8" + metadata + segment(0xDB, std::string(65, 'q')) + frame() + segment(0xDA, "scan header") + pixels + "\xFF\xD9" + behind;
}

}  // namespace

TEST_CASE("a JPEG is taken apart into metadata, tables and scans", "[compress]") {
    const auto file = jpeg(segment(0xE1, "Exif with a MakerNote") + segment(0xFE, "a comment"), std::string{"pix\xFF\x00\xFF\xD0more", 10});
    const auto parts = stages::take_apart(file);
    REQUIRE(parts.metadata.size() == 2);
    CHECK(parts.metadata[0].marker == 0xE1);
    CHECK(parts.metadata[1].bytes == segment(0xFE, "a comment"));
    CHECK(parts.width == 640);
    CHECK(parts.height == 480);
    CHECK_FALSE(parts.full_chroma);
    CHECK(parts.trailer.empty());
}

TEST_CASE("a second picture behind the first is seen", "[compress]") {
    const auto file = jpeg(segment(0xE2, std::string{"MPF\0II*", 7}), "pixels", "\xFF\xD8the gain map\xFF\xD9");
    const auto parts = stages::take_apart(file);
    CHECK(stages::is_picture_list(parts.metadata[0].bytes));
    CHECK(parts.trailer.size() == 16);
}

TEST_CASE("the new file has the new pixels and every byte of the old metadata", "[compress]") {
    const auto original = jpeg(segment(0xE0, "JFIF of the camera") + segment(0xE1, "Exif") + segment(0xED, "IPTC"), "large pixels");
    const auto encoded = jpeg(segment(0xE0, "JFIF of the encoder"), "small");
    const auto result = stages::put_together(stages::take_apart(original), stages::take_apart(encoded));
    const auto parts = stages::take_apart(result);
    REQUIRE(parts.metadata.size() == 3);
    CHECK(parts.metadata[0].bytes == segment(0xE0, "JFIF of the camera"));
    CHECK(parts.metadata[2].bytes == segment(0xED, "IPTC"));
    CHECK(parts.scans == stages::take_apart(encoded).scans);
}

TEST_CASE("what is not a whole JPEG is refused and never read past its end", "[compress]") {
    const auto whole = jpeg(segment(0xE1, "Exif"), "pixels");
    for (std::size_t length = 0; length < whole.size(); ++length) CHECK_THROWS_AS(stages::take_apart(whole.substr(0, length)), BadInput);
    CHECK_NOTHROW(stages::take_apart(whole));
    for (unsigned seed = 0; seed < 500; ++seed) {
        auto damaged = "\xFF\xD8\xFF" + test::noise(200, seed);
        try {
            stages::take_apart(damaged);
        } catch (const BadInput&) {
        }
    }
}
