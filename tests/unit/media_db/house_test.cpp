// SPDX-License-Identifier: GPL-3.0-or-later
// Stages that are switched off and on, and claims of whole assets.
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;
using pipeline::StepStatus;

TEST_CASE("a stage that is switched off is never claimed and nobody waits for it", "[house]") {
    World world;
    world.conveyor.set_house(house("nas_archive"));
    const auto photo = world.downloaded("a.jpg");
    CHECK_FALSE(world.step(photo, "nas_archive").open);
    CHECK(world.conveyor.claim("nas_archive", world.run, world.now(), 10).empty());
    world.finish(photo, "pixel_sync");
    world.finish(photo, "pixel_verify");
    CHECK(world.step(photo, "processing").open);
    world.finish(photo, "processing");
    CHECK(world.status(photo) == "processing_ready");
}

TEST_CASE("switching a stage off opens what waited for it alone, switching it on closes that again", "[house]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.finish(photo, "pixel_sync");
    world.finish(photo, "pixel_verify");
    REQUIRE_FALSE(world.step(photo, "processing").open);
    world.conveyor.set_house(house("nas_archive"));
    CHECK(world.step(photo, "processing").open);
    CHECK_FALSE(world.step(photo, "nas_archive").open);
    world.conveyor.set_house(house());
    CHECK_FALSE(world.step(photo, "processing").open);
    CHECK(world.step(photo, "nas_archive").open);
}

TEST_CASE("files taken in before the house was known get their steps when it is", "[house]") {
    test::TempDir dir;
    auto db = MediaDb::open(dir / "media.db");
    NewMedia file;
    file.filename = "a.jpg";
    file.local_path = "/srv/media/backup/a.jpg";
    const auto photo = Catalogue(db).take_in(file, test::ManualClock().now(), std::nullopt);
    CHECK(Conveyor(db).steps(photo).empty());
    Conveyor(db).set_house(house());
    CHECK(Conveyor(db).steps(photo).size() == 8);
    CHECK(Conveyor(db).steps(photo)[0].status == StepStatus::done);
    CHECK(Conveyor(db).claim("nas_archive", RunId{1}, test::ManualClock().now(), 10).size() == 1);
}

TEST_CASE("another process knows the house without being told", "[house]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    auto other = MediaDb::open(world.dir / "media.db");
    Conveyor conveyor(other);
    const auto claim = conveyor.claim("nas_archive", RunId{9}, world.now(), 1).at(0);
    conveyor.record(claim, {}, RunId{9}, world.now());
    CHECK(world.status(photo) == "nas_archived");
    // And it sees a change that this one makes.
    world.conveyor.set_house(house("nas_archive"));
    const auto second = Catalogue(other).take_in(world.file("b.jpg"), world.now(), std::nullopt);
    CHECK_FALSE(world.step(second, "nas_archive").open);
}

TEST_CASE("a stage that has left the house is not claimed any more", "[house]") {
    World world;
    world.downloaded("a.jpg");
    auto smaller = house();
    smaller.erase(smaller.begin() + 1);
    for (auto& row : smaller) std::erase(row.after, "pixel_sync");
    world.conveyor.set_house(smaller);
    CHECK(world.conveyor.claim("pixel_sync", world.run, world.now(), 10).empty());
}

TEST_CASE("an asset is claimed with all its files or not at all", "[house]") {
    World world;
    const auto pair = world.listed("A", {"c1", "c2"});
    const auto still = world.downloaded("a.heic", pair);
    const auto movie = world.downloaded("a.mov", pair);
    const auto single = world.downloaded("b.jpg");

    SECTION("all ready: one group for the pair, one for the file without an asset, newest first") {
        const auto groups = world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10);
        REQUIRE(groups.size() == 2);
        REQUIRE(groups[0].size() == 1);
        CHECK(groups[0][0].item.id == single);
        REQUIRE(groups[1].size() == 2);
        CHECK(groups[1][0].item.id == still);
        CHECK(groups[1][1].item.id == movie);
        CHECK(world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10).empty());
    }
    SECTION("the limit counts assets") {
        world.finish(single, "pixel_sync");
        const auto groups = world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 1);
        REQUIRE(groups.size() == 1);
        CHECK(groups[0].size() == 2);
    }
    SECTION("one waits: none is claimed until its time has come") {
        world.end(movie, "pixel_sync", waits("x", world.now() + 1h));
        const auto groups = world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10);
        REQUIRE(groups.size() == 1);
        CHECK(groups[0][0].item.id == single);
        world.clock.advance(1h);
        CHECK(world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10).at(0).size() == 2);
    }
    SECTION("one needs a person: none is claimed") {
        world.end(movie, "pixel_sync", person("x"));
        CHECK(world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10).size() == 1);
    }
    SECTION("one is not open yet: none is claimed") {
        world.finish(still, "pixel_sync");
        CHECK(world.conveyor.claim_assets("pixel_verify", world.run, world.now(), 10).empty());
        world.finish(movie, "pixel_sync");
        CHECK(world.conveyor.claim_assets("pixel_verify", world.run, world.now(), 10).at(0).size() == 2);
    }
    SECTION("one is done already: the rest is claimed") {
        world.finish(still, "pixel_sync");
        const auto groups = world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10);
        REQUIRE(groups.size() == 2);
        REQUIRE(groups[1].size() == 1);
        CHECK(groups[1][0].item.id == movie);
    }
}

}  // namespace mediaferry::media_db
