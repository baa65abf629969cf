// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/png.h"

#include <catch2/catch.hpp>

#include "stages/compress/codec/photo/png_parts.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;

namespace {

std::string sample(const std::string& name) { return test::read(fs::path{SOURCE_ROOT} / "tests/fuzz/corpus/png_parts" / name); }

std::vector<std::string> types(const std::string& file) {
    std::vector<std::string> found;
    for (const auto& chunk : stages::take_png_apart(file).chunks) found.emplace_back(chunk.type);
    return found;
}

}  // namespace

TEST_CASE("a PNG packed anew has its chunks where they were", "[compress]") {
    const auto file = sample("every_chunk.png");
    const auto parts = stages::take_png_apart(file);
    const auto packed = stages::packed_png(stages::png_pixels_only(parts), 1 << 20);
    REQUIRE(packed);
    const auto result = stages::put_png_together(parts, stages::take_png_apart(*packed));
    CHECK(types(file) == std::vector<std::string>{"IHDR", "gAMA", "iDOT", "pHYs", "tIME", "IDAT", "IDAT", "eXIf", "xYZw", "IEND"});
    CHECK(types(result) ==
          std::vector<std::string>{"IHDR", "gAMA", "pHYs", "tIME", "IDAT", "eXIf", "xYZw", "IEND"});  // iDOT spoke of the old packing
    CHECK(stages::same_but_for_packing(parts, stages::take_png_apart(result)));
    CHECK(stages::same_png_pixels(file, result));
}

TEST_CASE("a PNG that lost a chunk, a trailer or a pixel is not the same", "[compress]") {
    const auto file = sample("every_chunk.png");
    const auto parts = stages::take_png_apart(file);
    const auto gone = file.find("pHYs") - 4;
    const auto without = file.substr(0, gone) + file.substr(gone + 12 + 9);
    CHECK_FALSE(stages::same_but_for_packing(parts, stages::take_png_apart(without)));
    const auto longer = file + "x";
    CHECK_FALSE(stages::same_but_for_packing(parts, stages::take_png_apart(longer)));
    CHECK_FALSE(stages::same_png_pixels(file, sample("another.png")));
    CHECK(stages::same_png_pixels(file, file));
}

TEST_CASE("what is not a whole PNG is refused, wherever it is cut or turned", "[compress]") {
    const auto whole = sample("every_chunk.png");
    for (std::size_t at = 0; at < whole.size(); ++at) {
        CHECK_THROWS_AS(stages::take_png_apart(whole.substr(0, at)), BadInput);
        auto turned = whole;
        turned[at] = static_cast<char>(turned[at] ^ 4);
        CHECK_THROWS_AS(stages::take_png_apart(turned), BadInput);
    }
}
