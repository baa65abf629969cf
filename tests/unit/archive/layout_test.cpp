// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/archive/layout.h"
#include "common/errors/errors.h"

using namespace mediaferry;
using archive::Described;
using archive::Layout;

namespace {
const Described kPhoto{"IMG_0001.HEIC", *from_iso("2024-06-01T10:00:00Z"), MediaKind::photo, "jdoe@example.com"};
}

TEST_CASE("A layout puts a file where its capture date says", "[archive]") {
    const auto [rule, path] = GENERATE(table<std::string, std::string>({
        {"{year}/{month}/{filename}", "2024/06/IMG_0001.HEIC"},
        {"{year}/{year}-{month}-{day}/{filename}", "2024/2024-06-01/IMG_0001.HEIC"},
        {"{account}/{kind}/{filename}", "jdoe@example.com/photo/IMG_0001.HEIC"},
        {"Photos of {year}/{day}_{filename}", "Photos of 2024/01_IMG_0001.HEIC"},
        {"{filename}", "IMG_0001.HEIC"},
    }));
    CHECK(Layout(rule).place(kPhoto) == fs::path(path));
}

TEST_CASE("A wrong layout is refused with what to write", "[archive]") {
    const auto* const rule = GENERATE("", "/{filename}", "{year}//{filename}", "../{filename}", "{year}/{month}", "{filename}/{year}",
                                      "{filename}/{filename}", "{yeer}/{filename}", "{year/{filename}", "year}/{filename}", "{filename}.bak");
    CHECK_THROWS_AS(Layout(rule), ConfigError);
}

TEST_CASE("A hostile name stays in its directory", "[archive]") {
    const auto* const name =
        GENERATE("../../etc/passwd", "/etc/passwd", "..", ".", "", ".hidden", "a/b.jpg", "x\ny.jpg", "bad\xff.jpg", "nul:colon?.jpg");
    auto photo = kPhoto;
    photo.filename = name;
    const auto path = Layout("{year}/{month}/{filename}").place(photo);
    CHECK(path.parent_path() == fs::path("2024/06"));
    const auto last = path.filename().string();
    CHECK_FALSE(last.empty());
    CHECK(last.front() != '.');
    CHECK(last.find_first_of("/\n:?") == std::string::npos);
}
