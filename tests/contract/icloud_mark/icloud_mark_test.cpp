// SPDX-License-Identifier: GPL-3.0-or-later
// Filing photos in the album DeletePending of a real CloudKit conversation; the loopback's album is the judge.
#include <catch2/catch.hpp>

#include "tests/support/icloud_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::IcloudHouse;
using test::noise;
using test::read;

namespace {

constexpr auto kStage = "icloud_mark";

StepStatus status(IcloudHouse& house, const IcloudHouse::Photo& photo, std::size_t file = 0) { return house.status(photo.files.at(file), kStage); }
std::string reason(IcloudHouse& house, const IcloudHouse::Photo& photo, std::size_t file = 0) { return house.reason(photo.files.at(file), kStage); }

}  // namespace

TEST_CASE("A photo goes into the album, is read back, and its original moves on", "[icloud_mark]") {
    IcloudHouse house;
    const auto photo = house.arrived("IMG_0001", kStage);
    const auto content = read(*house.item(photo.file()).local_path);
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(status(house, photo) == StepStatus::done);
    CHECK(house.apple.is_filed("IMG_0001"));
    const auto item = house.item(photo.file());
    CHECK(item.album_moved);
    CHECK(item.status == "icloud_delete_ready");
    CHECK(*item.local_path == house.folder("delete_pending") / "2024/05/IMG_0001.JPG");
    CHECK(read(*item.local_path) == content);
    CHECK(house.row(photo).filed);
    CHECK(house.row(photo).filed_tag == house.apple.asset("IMG_0001").at("tag"));
    CHECK(house.happened(photo, "filed"));

    const auto asked = house.apple.modifications();
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.apple.modifications() == asked);
}

TEST_CASE("Nothing to file is no reason to call iCloud", "[icloud_mark]") {
    IcloudHouse house;
    house.apple.call("expire");
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.apple.call("requests").empty());
}

TEST_CASE("The album has the name the config gives it", "[icloud_mark]") {
    IcloudHouse house;
    house.settings.icloud.album = "Kann weg 🗑";
    const auto photo = house.arrived("IMG_0001", kStage);
    house.run(kStage);
    CHECK(house.apple.is_filed("IMG_0001", "Kann weg 🗑"));
    CHECK_FALSE(house.apple.is_filed("IMG_0001"));
}

TEST_CASE("Filing that iCloud answers EXISTS or CONFLICT, or does not answer, is settled by looking", "[icloud_mark]") {
    IcloudHouse house;
    const auto photo = house.arrived("IMG_0001", kStage);
    SECTION("filed by a run that died") {
        house.apple.call("knob", {{"repeat_create", GENERATE("EXISTS", "CONFLICT")}});
        house.apple.call("file", {{"asset", "IMG_0001"}, {"album", "DeletePending"}});
        house.run(kStage);
        CHECK(status(house, photo) == StepStatus::done);
    }
    SECTION("said to be done and not done") {
        house.apple.fault({{"match", "records/modify.*CPLContainerRelation"}, {"ack_without_effect", true}});
        house.run(kStage);
        CHECK(reason(house, photo) == "icloud.not_filed");
        CHECK_FALSE(house.row(photo).filed);
        house.clock.advance(6h);
        house.run(kStage);
        CHECK(status(house, photo) == StepStatus::done);
    }
    SECTION("done and answered with 503") {
        house.apple.fault({{"match", "records/modify.*CPLContainerRelation"}, {"effect_without_ack", true}});
        CHECK(house.run(kStage).exit_code == 69);
        CHECK(status(house, photo) == StepStatus::pending);
        house.run(kStage);
        CHECK(status(house, photo) == StepStatus::done);
    }
    CHECK(house.apple.is_filed("IMG_0001"));
}

TEST_CASE("When filing fails for one photo, those filed together with it are not taken for filed", "[icloud_mark]") {
    IcloudHouse house;
    const auto one = house.arrived("IMG_0001", kStage), other = house.arrived("IMG_0002", kStage);
    SECTION("the album was not made") { house.apple.fault({{"match", "records/modify.*CPLAlbum\""}, {"ack_without_effect", true}}); }
    SECTION("nobody knows what came of it") { house.apple.fault({{"match", "records/modify.*CPLContainerRelation"}, {"body", "{"}}); }
    house.run(kStage);
    for (const auto* photo : {&one, &other}) CHECK(house.row(*photo).filed.has_value() == house.apple.is_filed(photo->key));
    CHECK((reason(house, one) != "" || reason(house, other) != ""));
    house.clock.advance(6h);
    house.run(kStage);
    for (const auto* photo : {&one, &other}) {
        CHECK(status(house, *photo) == StepStatus::done);
        CHECK(house.apple.is_filed(photo->key));
    }
}

TEST_CASE("A run that died after moving the original finds it again", "[icloud_mark]") {
    IcloudHouse house;
    const auto photo = house.arrived("IMG_0001", kStage);
    house.downloaded("IMG_0001.JPG", {.content = noise(5000, 9)});  // a namesake
    const auto from = *house.item(photo.file()).local_path;
    const auto content = read(from);
    fs::create_directories(house.folder("delete_pending") / "2024/05");
    fs::rename(from, house.folder("delete_pending") / "2024/05/IMG_0001.JPG");
    house.run(kStage);
    CHECK(status(house, photo) == StepStatus::done);
    CHECK(read(*house.item(photo.file()).local_path) == content);
}

TEST_CASE("A photo is filed whole or not at all", "[icloud_mark]") {
    IcloudHouse house;
    const IcloudHouse::Contents pair{{"original", noise(5000, 1)}, {"live_movie", noise(6000, 2)}};
    SECTION("one file of the pair is not that far") {
        auto photo = house.arrived("IMG_0001", "compress", pair);
        house.ready_for(photo.files[0], kStage);
        house.run(kStage);
        CHECK_FALSE(house.apple.is_filed("IMG_0001"));
        stage::WorkOptions one;
        one.item = photo.files[0];
        house.run(kStage, one);
        CHECK_FALSE(house.apple.is_filed("IMG_0001"));
        CHECK(reason(house, photo) == "icloud.not_whole");

        house.ready_for(photo.files[1], kStage);
        house.clock.advance(6h);
        house.run(kStage);
        CHECK(house.apple.is_filed("IMG_0001"));
        CHECK(status(house, photo, 0) == StepStatus::done);
        CHECK(status(house, photo, 1) == StepStatus::done);
    }
    SECTION("one file was never fetched") {
        const auto name = house.apple.add("IMG_0001", pair);
        house.census();
        IcloudHouse::Photo photo{"IMG_0001", media_db::Catalogue(house.db()).asset_named("jdoe@example.com", "PrimarySync", name)->id, {}};
        house.take_in_new(photo, {{"original", pair.at("original")}}, kStage);
        house.run(kStage);
        CHECK_FALSE(house.apple.is_filed("IMG_0001"));
        CHECK(reason(house, photo) == "icloud.incomplete");
    }
}

TEST_CASE("What iCloud shows differently from the last listing waits for the next", "[icloud_mark]") {
    IcloudHouse house;
    const auto photo = house.arrived("IMG_0001", kStage);
    SECTION("changed") {
        house.apple.call("touch", {{"asset", "IMG_0001"}});
        house.run(kStage);
        CHECK(reason(house, photo) == "icloud.changed");
        CHECK_FALSE(house.apple.is_filed("IMG_0001"));
        house.census();
        house.clock.advance(6h);
        house.run(kStage);
        CHECK(house.apple.is_filed("IMG_0001"));
    }
    SECTION("hidden") {
        house.apple.call("hide", {{"asset", "IMG_0001"}});
        house.run(kStage);
        CHECK(reason(house, photo) == "icloud.hidden");
        CHECK_FALSE(house.apple.is_filed("IMG_0001"));
    }
    SECTION("deleted by its owner") {
        house.apple.call("delete", {{"asset", "IMG_0001"}});
        house.run(kStage);
        CHECK(status(house, photo) == StepStatus::done);
        CHECK(reason(house, photo) == "icloud.already_gone");
        CHECK(house.row(photo).gone);
        CHECK_FALSE(house.row(photo).filed);
    }
}

TEST_CASE("A vetoed photo is not filed again until a person says so", "[icloud_mark]") {
    IcloudHouse house;
    auto photo = house.arrived("IMG_0001", kStage);
    house.run(kStage);
    house.apple.call("unfile", {{"asset", "IMG_0001"}, {"album", "DeletePending"}});

    SECTION("the house looks at it anew and finds the veto itself") {
        const auto run = media_db::Runs(house.db()).begin("icloud_delete", 0, 1, std::nullopt, house.clock.now());
        media_db::Conveyor(house.db()).reopen(photo.file(), kStage, {"icloud.changed", "…"}, run, house.clock.now());
        house.run(kStage);
        CHECK(house.row(photo).vetoed);
        CHECK(house.hold(photo) == "vetoed");
    }
    SECTION("icloud_delete had found it; then an edit arrives") {
        media_db::Catalogue(house.db()).set_vetoed(photo.asset, house.clock.now());
        const auto edit = noise(5000, 4);
        house.apple.call("edit", {{"asset", "IMG_0001"}, {"file", test::write(house.dir / "edit.jpg", edit).string()}});
        house.census();
        house.take_in_new(photo, {{"edited", edit}}, kStage);
        house.run(kStage);
        CHECK(status(house, photo, 1) == StepStatus::done);
    }
    CHECK_FALSE(house.apple.is_filed("IMG_0001"));

    media_db::Conveyor(house.db()).redo(photo.file(), kStage, house.clock.now());
    house.run(kStage);
    CHECK(house.apple.is_filed("IMG_0001"));
    CHECK_FALSE(house.row(photo).vetoed);
    CHECK(house.hold(photo).empty());
}

TEST_CASE("A photo changed after it was filed is looked at anew without being put in twice", "[icloud_mark]") {
    IcloudHouse house;
    const auto photo = house.arrived("IMG_0001", kStage);
    house.run(kStage);
    house.apple.call("touch", {{"asset", "IMG_0001"}});
    house.census();
    const auto run = media_db::Runs(house.db()).begin("icloud_delete", 0, 1, std::nullopt, house.clock.now());
    media_db::Conveyor(house.db()).reopen(photo.file(), kStage, {"icloud.changed", "…"}, run, house.clock.now());
    const auto asked = house.apple.modifications();
    house.run(kStage);
    CHECK(status(house, photo) == StepStatus::done);
    CHECK(house.row(photo).filed_tag == house.apple.asset("IMG_0001").at("tag"));
    CHECK(house.apple.modifications() == asked);
}

TEST_CASE("An album that a person deleted is not made again behind his back", "[icloud_mark]") {
    IcloudHouse house;
    house.arrived("IMG_0001", kStage);
    house.run(kStage);
    house.apple.call("delete_album", {{"album", "DeletePending"}});
    const auto second = house.arrived("IMG_0002", kStage);
    house.run(kStage);
    CHECK(reason(house, second) == "icloud.album_gone");
    CHECK_FALSE(house.apple.is_filed("IMG_0002"));

    house.apple.call("file", {{"asset", "IMG_0002"}, {"album", "DeletePending"}});  // he makes it again
    house.clock.advance(6h);
    house.run(kStage);
    CHECK(status(house, second) == StepStatus::done);
}

TEST_CASE("A sign-in that failed for one photo is not waited for by the next", "[icloud_mark]") {
    IcloudHouse house;
    const auto one = house.arrived("IMG_0001", kStage), other = house.arrived("IMG_0002", kStage);
    house.apple.fault({{"match", "setup/ws/1/validate"}, {"body", "<html>"}});
    house.run(kStage);
    const auto is_done = [&](const auto& photo) { return status(house, photo) == StepStatus::done; };
    CHECK(is_done(one) != is_done(other));  // the second is, and does not say that another run is using the session
    for (const auto* photo : {&one, &other}) CHECK(house.apple.is_filed(photo->key) == is_done(*photo));
}

TEST_CASE("Without a session nothing is filed, and the photo waits unchanged", "[icloud_mark]") {
    IcloudHouse house;
    const auto photo = house.arrived("IMG_0001", kStage);
    house.apple.call("expire");
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(status(house, photo) == StepStatus::pending);
    CHECK(house.apple.modifications() == 0);
    CHECK(house.item(photo.file()).local_path->parent_path().parent_path().parent_path() == house.folder("compress"));
}
