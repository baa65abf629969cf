// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/archive/naming.h"

using namespace mediaferry::archive;

TEST_CASE("Names that a case-insensitive server takes for one fold to one", "[archive]") {
    const auto [one, other] = GENERATE(table<std::string, std::string>({
        {"IMG_0001.JPG", "img_0001.jpg"},
        {"ÉTÉ.heic", "été.HEIC"},
        {"ФОТО.JPG", "фото.jpg"},
        {"ΦΩΤΟ.png", "φωτο.PNG"},
        {"🎉Party.MOV", "🎉PARTY.mov"},
    }));
    CHECK(folded(one) == folded(other));
}

TEST_CASE("Different names stay different, and bytes that are no text are kept", "[archive]") {
    CHECK(folded("IMG_0001.JPG") != folded("IMG_0002.JPG"));
    CHECK(folded("e.jpg") != folded("é.jpg"));
    CHECK(folded("\xff\xfe.JPG") == "\xff\xfe.jpg");
    CHECK(folded("A\xc3") == "a\xc3");
}

TEST_CASE("A number goes before the extension", "[archive]") {
    const auto [name, number, wanted] = GENERATE(table<std::string, int, std::string>({
        {"IMG_1.JPG", 1, "IMG_1.JPG"},
        {"IMG_1.JPG", 2, "IMG_1-2.JPG"},
        {"a.tar.gz", 3, "a.tar-3.gz"},
        {"README", 2, "README-2"},
    }));
    CHECK(numbered(name, number) == wanted);
}

TEST_CASE("A listing finds every spelling of a name", "[archive]") {
    Listing listing{{"IMG.JPG", "img.jpg", "other.jpg"}};
    CHECK(listing.like("Img.Jpg").size() == 2);
    CHECK(listing.like("third.jpg").empty());
    listing.add("Third.jpg");
    CHECK(listing.like("third.jpg") == std::vector<std::string>{"Third.jpg"});
}
