// SPDX-License-Identifier: GPL-3.0-or-later
// Traps on the NAS and at home: what others may have laid there is neither followed nor believed.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/archive/archive.h"
#include "common/files/files.h"
#include "tests/contract/nas_archive/archived_house.h"

using namespace mediaferry;
using pipeline::StepStatus;
using test::ArchivedHouse;
using test::read;
using test::Sample;

namespace {

/// A folder beside the house, and what lay in it at first.
struct Elsewhere {
    explicit Elsewhere(ArchivedHouse& house) : path(house.dir / "elsewhere") {
        fs::create_directories(path);
        test::write(path / "theirs.jpg", "theirs");
    }
    bool untouched() const {
        return files::Tree::open(path).list("") == std::vector<std::string>{"theirs.jpg"} && read(path / "theirs.jpg") == "theirs";
    }
    fs::path path;
};

std::string text_of(ArchivedHouse& house, MediaId id) {
    return house.step(id, "nas_archive").reason ? house.step(id, "nas_archive").reason->text : "";
}

}  // namespace

TEST_CASE("A folder on the NAS that is a link elsewhere gets no photo", "[nas_archive][hostile]") {
    ArchivedHouse house;
    const Elsewhere elsewhere{house};
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto* const folder = GENERATE("2024", "2024/06");
    fs::create_directories((house.nas() / folder).parent_path());
    fs::create_directory_symlink(elsewhere.path, house.nas() / folder);
    CHECK(house.run("nas_archive").exit_code == 1);
    CHECK(house.reason(photo, "nas_archive") == "file.refused");
    CHECK_THAT(text_of(house, photo), Catch::Contains(folder) && Catch::Contains("take it away"));
    CHECK(elsewhere.untouched());
    CHECK_FALSE(house.copy(photo, Place::nas));

    fs::remove(house.nas() / folder);
    house.clock.advance(std::chrono::hours{24});
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.files() == std::vector<std::string>{"2024/06/IMG_0001.JPG"});
}

TEST_CASE("What is no file under a photo's name on the NAS is no copy of it, whatever it leads to", "[nas_archive][hostile]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto place = house.nas() / "2024/06/IMG_0001.JPG";
    fs::create_directories(place.parent_path());
    SECTION("a link to the same content") {
        test::write(house.dir / "same.jpg", Sample{}.content);
        fs::create_symlink(house.dir / "same.jpg", place);
    }
    SECTION("a dangling link") { fs::create_symlink(house.dir / "nothing.jpg", place); }
    SECTION("a pipe") { REQUIRE(::mkfifo(place.c_str(), 0600) == 0); }
    SECTION("a folder") { fs::create_directories(place); }
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.copy(photo, Place::nas).value().path == fs::path("2024/06/IMG_0001-2.JPG"));
    CHECK(read(house.nas() / "2024/06/IMG_0001-2.JPG") == Sample{}.content);
    CHECK_FALSE(fs::is_regular_file(fs::symlink_status(place)));
    CHECK_FALSE(fs::exists(fs::symlink_status(house.dir / "nothing.jpg")));
}

TEST_CASE("A marker that is a link or a pipe makes no archive", "[nas_archive][hostile]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto marker = house.nas() / archive::kMarkerName;
    fs::rename(marker, house.dir / "marker");
    SECTION("a link to the right one") { fs::create_symlink(house.dir / "marker", marker); }
    SECTION("a pipe") { REQUIRE(::mkfifo(marker.c_str(), 0600) == 0); }
    const auto result = house.run("nas_archive");
    CHECK(result.exit_code != 0);
    REQUIRE(result.reason);
    CHECK(result.reason->code == "nas.marker");
    CHECK_THAT(result.reason->text, Catch::Contains(marker.string()));
    CHECK_FALSE(house.copy(photo, Place::nas));
}

TEST_CASE("An original whose place is taken by something else is not read", "[nas_archive][hostile]") {
    ArchivedHouse house;
    Sample sample;
    sample.folder = "backup/2024/06";
    const auto photo = house.downloaded("IMG_0001.JPG", sample);
    const auto original = house.item(photo).local_path.value();
    fs::rename(original, house.dir / "original.jpg");
    SECTION("a link to the same content outside") {
        fs::create_symlink(house.dir / "original.jpg", original);
        CHECK(house.run("nas_archive").exit_code == 1);
        CHECK(house.reason(photo, "nas_archive") == "local.refused");
        CHECK_THAT(text_of(house, photo), Catch::Contains(original.string()) && Catch::Contains("a symbolic link"));
    }
    SECTION("a pipe") {
        REQUIRE(::mkfifo(original.c_str(), 0600) == 0);
        CHECK(house.run("nas_archive").exit_code == 1);
        CHECK(house.reason(photo, "nas_archive") == "local.refused");
    }
    SECTION("its folder is a link") {
        fs::rename(original.parent_path(), house.dir / "folder");
        fs::rename(house.dir / "original.jpg", house.dir / "folder" / original.filename());
        fs::create_directory_symlink(house.dir / "folder", original.parent_path());
        CHECK(house.run("nas_archive").exit_code == 1);
        CHECK(house.reason(photo, "nas_archive") == "file.refused");
    }
    CHECK_FALSE(house.copy(photo, Place::nas));
    CHECK(house.files().empty());
}
