// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/multi_picture.h"

#include <catch2/catch.hpp>

#include "stages/compress/codec/jpeg/jpeg_parts.h"

using namespace mediaferry;

namespace {

std::string big(std::uint32_t value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xFF);
    return text;
}

std::string piece(unsigned char marker, const std::string& body) {
    return std::string{"\xFF"} + static_cast<char>(marker) + big(static_cast<std::uint32_t>(body.size() + 2), 2) + body;
}

/// A list of two pictures: the one in front, and one of `size` bytes that lies `offset` bytes behind the list's own header.
std::string list_of_two(std::uint32_t first_size, std::uint32_t size, std::uint32_t offset) {
    const std::string entries = big(0x30000, 4) + big(first_size, 4) + big(0, 4) + big(0, 4) + big(0, 4) + big(size, 4) + big(offset, 4) + big(0, 4);
    const std::string directory =
        big(2, 2) + big(0xB001, 2) + big(4, 2) + big(1, 4) + big(2, 4) + big(0xB002, 2) + big(7, 2) + big(32, 4) + big(8 + 2 + 24 + 4, 4) + big(0, 4);
    return piece(0xE2, std::string{"MPF\0", 4} + std::string{"MM\0*", 4} + big(8, 4) + directory + entries);
}

const std::string kFrame = piece(0xC0, std::string{"\x08\x01\xE0\x02\x80\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", 15});

std::string jpeg(const std::string& metadata, const std::string& pixels, const std::string& behind) {
    return "\xFF\xD8" + metadata + piece(0xDB, std::string(65, 'q')) + kFrame + piece(0xDA, "scan header") + pixels + "\xFF\xD9" + behind;
}

/// A photo with a gain map behind it, as a phone writes it.
std::string with_gain_map(const std::string& pixels, const std::string& gain_map) {
    const auto length = list_of_two(0, 0, 0).size();
    const auto bare = jpeg(list_of_two(0, 0, 0), pixels, "");
    const auto header = 2 + 8;  // SOI, marker, length, "MPF\0"
    const auto whole = jpeg(list_of_two(static_cast<std::uint32_t>(bare.size()), static_cast<std::uint32_t>(gain_map.size()),
                                        static_cast<std::uint32_t>(bare.size() - header)),
                            pixels, gain_map);
    REQUIRE(list_of_two(0, 0, 0).size() == length);
    return whole;
}

}  // namespace

TEST_CASE("a gain map is found where it lies after the picture in front of it has become smaller", "[compress]") {
    const std::string gain_map = "\xFF\xD8 the gain map \xFF\xD9";
    const auto original = with_gain_map(std::string(5000, 'p'), gain_map);
    const auto encoded = jpeg("", std::string(700, 's'), "");

    const auto result = stages::put_together(stages::take_apart(original), stages::take_apart(encoded));

    // As if the phone had written the smaller picture itself.
    CHECK(result == with_gain_map(std::string(700, 's'), gain_map));
    const auto parts = stages::take_apart(result);
    CHECK(parts.trailer == gain_map);
    CHECK(stages::lies_in_trailer(parts.metadata[0].bytes, parts.trailer));
}

TEST_CASE("a list of pictures that leads elsewhere is not believed", "[compress]") {
    const std::string behind(100, 'b');
    const auto judged = [&](const std::string& list) {
        const auto file = jpeg(list, "pixels", behind);
        const auto parts = stages::take_apart(file);
        REQUIRE(stages::is_picture_list(parts.metadata[0].bytes));
        return stages::lies_in_trailer(parts.metadata[0].bytes, parts.trailer);
    };
    const auto before = static_cast<std::uint32_t>(jpeg(list_of_two(0, 0, 0), "pixels", "").size() - 10);
    CHECK(judged(list_of_two(0, 100, before)));
    CHECK_FALSE(judged(list_of_two(0, 101, before)));
    CHECK_FALSE(judged(list_of_two(0, 10, before - 1)));
    CHECK_FALSE(judged(list_of_two(0, 10, 0xFFFFFFFF)));
    CHECK_FALSE(judged(list_of_two(0, 0xFFFFFFFF, before)));
    const auto whole = list_of_two(0, 10, before);
    for (std::size_t length = 9; length < whole.size() - 4; ++length) CHECK_FALSE(judged(piece(0xE2, whole.substr(4, length - 4))));
    CHECK_FALSE(judged(piece(0xE2, std::string{"MPF\0", 4} + "II*" + std::string(60, '\xFF'))));
}
