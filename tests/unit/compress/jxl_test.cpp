// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/jxl.h"

#include <catch2/catch.hpp>

#include "stages/compress/codec/original_bytes.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;

TEST_CASE("no JPEG comes out of what holds none, whatever it claims", "[compress]") {
    const auto reversible = test::read(fs::path{SOURCE_ROOT} / "tests/data/reversible.jxl");
    const auto jpeg = stages::jpeg_out_of_jxl(reversible, 1 << 20);
    CHECK(jpeg == test::read(fs::path{SOURCE_ROOT} / "tests/data/packed.jpg"));
    CHECK(stages::jpeg_out_of_jxl(reversible, jpeg.size()) == jpeg);
    CHECK_THROWS_AS(stages::jpeg_out_of_jxl(reversible, jpeg.size() - 1), BadInput);
    for (std::size_t length = 0; length < reversible.size(); length += 7)
        CHECK_THROWS_AS(stages::jpeg_out_of_jxl(reversible.substr(0, length), 1 << 20), BadInput);
    for (std::size_t at = 0; at < reversible.size(); at += 5) {
        auto turned = reversible;
        turned[at] = static_cast<char>(turned[at] ^ 16);
        try {
            stages::jpeg_out_of_jxl(turned, 1 << 20);  // another JPEG may come out: its checksum is what tells
        } catch (const BadInput&) {
        }
    }
    CHECK_THROWS_AS(stages::jpeg_out_of_jxl("\xFF\x0A", 1 << 20), BadInput);
    CHECK(stages::gives_back(reversible, jpeg));
    CHECK_FALSE(stages::gives_back(reversible, jpeg + "x"));
    CHECK_FALSE(stages::gives_back(reversible, jpeg.substr(0, jpeg.size() - 1) + "x"));
    CHECK_FALSE(stages::gives_back("no JPEG XL", jpeg));
}
