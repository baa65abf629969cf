// SPDX-License-Identifier: GPL-3.0-or-later
// The NAS died and another disk takes its place; or nobody died, and its marker was lost.
#include <catch2/catch.hpp>

#include "common/archive/known.h"
#include "common/archive/release_original.h"
#include "common/archive/successor.h"
#include "common/errors/errors.h"
#include "tests/contract/nas_archive/archived_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::ArchivedHouse;

namespace {

struct Bereaved : ArchivedHouse {
    MediaId at_home = downloaded("IMG_0001.JPG"), gone = downloaded("IMG_0002.JPG", test::Sample{.content = test::noise(5000, 2)});

    Bereaved() {
        run("nas_archive");
        clock.advance(settings.archive.settle);
        run("nas_archive");
        archive::release_original(db(), settings, gone, clock.now());
        REQUIRE_FALSE(item(gone).local_path);
    }
    archive::Succession init_new() {
        return archive::succeed(db(), archive::Archive::initialise(settings.archive, clock.now()).first, clock.now());
    }
    void disk_dies() {
        fs::rename(nas(), dir / "the old disk");
        fs::create_directories(nas());
    }
};

}  // namespace

TEST_CASE("A successor gets again what is at home, and the rest is told of", "[nas_archive]") {
    Bereaved house;
    house.disk_dies();
    const auto again = house.init_new();
    CHECK(again.files == 2);
    CHECK(again.not_at_home == 1);
    CHECK(again.bytes.count == house.item(house.at_home).size.count + house.item(house.gone).size.count);
    for (const auto id : {house.at_home, house.gone}) {
        CHECK_FALSE(house.copy(id, Place::nas));
        CHECK(house.told_of(id, "copy_lost"));
    }
    CHECK_THROWS_AS(archive::release_original(house.db(), house.settings, house.at_home, house.clock.now()), NeedsPerson);
    house.run("nas_archive");
    CHECK(house.files() == std::vector<std::string>{"2024/06/IMG_0001.JPG"});
    CHECK(house.copy(house.at_home, Place::nas)->proof == "read_back");  // settles anew before anything is deleted on its word
    CHECK(house.status(house.gone, "nas_archive") == StepStatus::attention);
    CHECK(house.init_new().files == 0);  // the same archive once more is no successor
    CHECK(house.status(house.gone, "nas_archive") == StepStatus::attention);
}

TEST_CASE("What lies in the successor already is read, not written, whether its original is at home or not", "[nas_archive]") {
    Bereaved house;
    const auto before = house.files();
    SECTION("the marker alone was lost") { fs::remove(house.nas() / archive::kMarkerName); }
    SECTION("an empty disk was taken for the successor, and then the old one came back") {
        house.disk_dies();
        house.init_new();
        house.run("nas_archive");
        REQUIRE(house.status(house.gone, "nas_archive") == StepStatus::attention);
        fs::rename(house.nas(), house.dir / "the empty disk");
        fs::rename(house.dir / "the old disk", house.nas());
    }
    house.init_new();
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.files() == before);
    for (const auto id : {house.at_home, house.gone}) {
        CHECK(house.status(id, "nas_archive") == StepStatus::done);
        CHECK(house.copy(id, Place::nas)->proof == "read_back");
    }
}

TEST_CASE("What lies there under the name of a lost copy and is something else, or another's, is not taken for it", "[nas_archive]") {
    Bereaved house;
    const auto place = house.nas() / house.copy(house.gone, Place::nas)->path;
    fs::remove(house.nas() / archive::kMarkerName);
    SECTION("of the same length") { test::write(place, test::noise(5000, 3)); }
    SECTION("shorter") { test::write(place, "short"); }
    house.init_new();
    house.run("nas_archive");
    CHECK(house.status(house.gone, "nas_archive") == StepStatus::attention);
    CHECK_FALSE(house.copy(house.gone, Place::nas));
}
