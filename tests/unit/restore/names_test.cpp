// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <map>

#include "common/errors/errors.h"
#include "common/restore/restorer.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using restore::names_together;
using restore::There;
using Names = std::vector<std::string>;

namespace {

/// What lies in the folder: a name, and whether it is what would be restored.
Names named(const Names& wanted, const std::map<std::string, There>& lies_there) {
    return names_together(wanted, [&](std::size_t, const std::string& name) {
        const auto found = lies_there.find(name);
        return found == lies_there.end() ? There::nothing : found->second;
    });
}

}  // namespace

TEST_CASE("restored files keep their names", "[restore]") { CHECK(named({"IMG_1.HEIC", "IMG_1.MOV"}, {}) == Names{"IMG_1.HEIC", "IMG_1.MOV"}); }

TEST_CASE("a live pair is numbered together when one of its names is taken", "[restore]") {
    CHECK(named({"IMG_1.HEIC", "IMG_1.MOV"}, {{"IMG_1.MOV", There::other}}) == Names{"IMG_1-2.HEIC", "IMG_1-2.MOV"});
}

TEST_CASE("what was restored before is met again under its number", "[restore]") {
    CHECK(named({"IMG_1.HEIC", "IMG_1.MOV"}, {{"IMG_1.HEIC", There::other}, {"IMG_1-2.HEIC", There::same}}) == Names{"IMG_1-2.HEIC", "IMG_1-2.MOV"});
}

TEST_CASE("two files of one photo never get one name, not even on a disk that takes a for A", "[restore]") {
    CHECK(named({"IMG_1.JPG", "img_1.jpg"}, {}) == Names{"IMG_1.JPG", "img_1-2.jpg"});
}

TEST_CASE("nothing is restored into a folder of the house", "[restore]") {
    test::TempDir dir;
    config::Settings settings;
    settings.database = dir / "state" / "media.db";
    settings.folders.root = dir / "media";
    settings.folders.backup = dir / "elsewhere" / "backup";
    settings.archive.root = dir / "nas";
    fs::create_directories(dir / "nas");
    fs::create_symlink(dir / "nas", dir / "link");
    const auto inside = GENERATE("nas", "nas/2024", "media/new", "elsewhere/backup", "link/2024", "media/../nas/x");
    CHECK_THROWS_AS(restore::refuse_house_folders(dir / inside, settings), BadInput);
    CHECK_NOTHROW(restore::refuse_house_folders(dir / "nasty", settings));
    CHECK_NOTHROW(restore::refuse_house_folders(dir / "elsewhere" / "here", settings));
}
