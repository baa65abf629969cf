// SPDX-License-Identifier: GPL-3.0-or-later
// pixel_sync in a house whose outbox is the folder of a real Syncthing, shared with a second real one that plays the phone.
#include <catch2/catch.hpp>

#include "common/files/files.h"
#include "common/syncthing/receipt.h"
#include "tests/support/house.h"
#include "tests/support/syncthing_pair.h"

namespace mediaferry {
namespace {

using pipeline::StepStatus;
using test::House;
using test::noise;
using test::Sample;
using test::SyncthingPair;

struct World {
    House house;
    SyncthingPair pair{house.dir / "syncthing", house.settings.folders.pixel_sync};
    World() {
        pair.tell(house.settings);
        house.settings.pixel.batch_files = 100;
    }
    fs::path outbox() const { return house.settings.folders.pixel_sync; }
    std::string name(MediaId id) { return house.copy(id, Place::pixel)->path.string(); }
};

Sample sample(unsigned seed, MediaKind kind = MediaKind::photo, std::size_t size = 20'000) { return {.content = noise(size, seed), .kind = kind}; }

/// Names in the outbox without the canary and what belongs to Syncthing.
std::vector<std::string> sent(const fs::path& outbox) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(outbox)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(".") && !name.starts_with("mediaferry-canary")) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace

TEST_CASE("pixel_sync sends a live pair under one stem, with its bytes and its capture date, and whatever its name is", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    const auto asset = house.asset("LIVE", "IMG 1 #50%.HEIC");
    auto still = sample(1);
    auto movie = sample(2, MediaKind::video);
    still.asset = movie.asset = asset;
    still.live_pair = movie.live_pair = true;
    movie.resource = ResourceKind::live_movie;
    const auto photo = house.downloaded("IMG 1 #50%.HEIC", still);
    const auto clip = house.downloaded("IMG 1 #50%.MOV", movie);
    const auto unicode = house.downloaded("Grüße 写真.JPG", sample(3));

    CHECK(house.run("pixel_sync").exit_code == 0);

    CHECK(house.status(photo, "pixel_sync") == StepStatus::done);
    const auto number = std::to_string(asset.value);
    CHECK(world.name(photo) == "IMG_1_50_-" + number + ".HEIC");
    CHECK(world.name(clip) == "IMG_1_50_-" + number + ".MOV");
    for (const auto id : {photo, clip, unicode}) {
        const auto there = world.pair.phone_folder() / world.name(id);
        world.pair.wait_for_file_on_phone(world.name(id));
        CHECK(files::digest_file(there).sha256 == house.item(id).sha256);
        CHECK(fs::last_write_time(there) == Sample{}.taken.time_since_epoch().count());
        CHECK(house.copy(id, Place::pixel)->proof == "staged");
        CHECK(syncthing::receipt_from_json(house.copy(id, Place::pixel)->receipt).name == world.name(id));
        CHECK(fs::exists(*house.item(id).local_path));
    }
    CHECK(fs::exists(world.outbox() / "mediaferry-canary.txt"));

    SECTION("a second run changes nothing") {
        const auto before = sent(world.outbox());
        CHECK(house.run("pixel_sync").exit_code == 0);
        CHECK(sent(world.outbox()) == before);
    }
    SECTION("a person asking for it again does not send it a second time") {
        media_db::Conveyor(house.db()).redo(photo, "pixel_sync", house.clock.now());
        CHECK(house.run("pixel_sync").exit_code == 0);
        CHECK(house.status(photo, "pixel_sync") == StepStatus::done);
        CHECK(sent(world.outbox()).size() == 3);
    }
    SECTION("after it was deleted on the phone it is sent again only when a person asks, under a new name") {
        world.pair.phone_deletes(world.name(photo));
        const auto old = world.name(photo);
        media_db::Conveyor(house.db()).redo(photo, "pixel_sync", house.clock.now());
        CHECK(house.run("pixel_sync").exit_code == 0);
        CHECK(world.name(photo) == "IMG_1_50_-" + number + "-2.HEIC");
        CHECK_FALSE(fs::exists(world.outbox() / old));
    }
}

TEST_CASE("pixel_sync fills one batch and leaves the rest untouched", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    house.settings.pixel.batch_files = 3;
    std::vector<MediaId> photos;
    for (unsigned number = 1; number <= 3; ++number) {  // three live pairs: the second does not fit whole
        const auto asset = house.asset("PAIR" + std::to_string(number), "IMG_" + std::to_string(number) + ".HEIC");
        auto still = sample(number * 10);
        auto movie = sample(number * 10 + 1, MediaKind::video);
        still.asset = movie.asset = asset;
        movie.resource = ResourceKind::live_movie;
        photos.push_back(house.downloaded("IMG_" + std::to_string(number) + ".HEIC", still));
        photos.push_back(house.downloaded("IMG_" + std::to_string(number) + ".MOV", movie));
    }
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(sent(world.outbox()).size() == 2);

    const auto again = house.run("pixel_sync");
    CHECK(again.exit_code == 0);
    CHECK(sent(world.outbox()).size() == 2);

    house.settings.pixel.batch_files = 2;
    const auto full = house.run("pixel_sync");
    REQUIRE(full.reason);
    CHECK(full.reason->code == "pixel.batch_full");
    CHECK(std::ranges::count_if(photos, [&](auto id) { return house.status(id, "pixel_sync") == StepStatus::done; }) == 2);
}

TEST_CASE("pixel_sync sends an asset larger than the whole batch alone, and nothing beside it", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    house.settings.pixel.batch_bytes = {50'000};
    auto big = sample(1, MediaKind::video, 80'000);
    big.taken = *from_iso("2025-01-01");
    const auto clip = house.downloaded("BIG.MOV", big);
    const auto photo = house.downloaded("IMG_2.JPG", sample(2));
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(house.status(clip, "pixel_sync") == StepStatus::done);
    CHECK(house.status(photo, "pixel_sync") == StepStatus::pending);
    CHECK(sent(world.outbox()).size() == 1);
}

TEST_CASE("pixel_sync does not send what Google Photos does not take, and is done with it", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    const auto asset = house.asset("EDIT", "IMG_1.JPG");
    auto photo_sample = sample(1);
    auto sidecar_sample = sample(2, MediaKind::sidecar);
    photo_sample.asset = sidecar_sample.asset = asset;
    sidecar_sample.resource = ResourceKind::sidecar;
    const auto photo = house.downloaded("IMG_1.JPG", photo_sample);
    const auto sidecar = house.downloaded("IMG_1.AAE", sidecar_sample);
    const auto lonely = house.downloaded("note.AAE", sample(3, MediaKind::sidecar));
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(house.copy(photo, Place::pixel));
    CHECK_FALSE(house.copy(sidecar, Place::pixel));
    CHECK(house.status(sidecar, "pixel_sync") == StepStatus::done);
    CHECK(house.reason(lonely, "pixel_sync") == "pixel.kind_not_sent");
    CHECK(sent(world.outbox()).size() == 1);
}

TEST_CASE("pixel_sync adopts what a run that died had already put into the outbox", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    const auto prefixed = GENERATE(false, true);
    house.settings.workflow.prefix_names = prefixed;
    const auto photo = house.downloaded("IMG_1.JPG", sample(1));
    const auto own = "IMG_1-" + std::to_string(house.item(photo).asset->value) + ".JPG";
    const auto left = prefixed ? "step02_pixel_sync_20240101_000000_" + own : own;
    fs::copy_file(*house.item(photo).local_path, world.outbox() / left);
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(world.name(photo) == left);
    CHECK(sent(world.outbox()) == std::vector{left});
}

TEST_CASE("pixel_sync takes no name that the disk or Syncthing's memory knows, and gives the documented prefix", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    const auto photo = house.downloaded("IMG_1.JPG", sample(1));
    const auto other = house.downloaded("IMG_2.JPG", sample(2));
    const auto number = [&](MediaId id) { return std::to_string(house.item(id).asset->value); };
    test::write(world.outbox() / ("IMG_1-" + number(photo) + ".JPG"), "somebody else's");
    const auto remembered = "IMG_2-" + number(other) + ".JPG";
    test::write(world.outbox() / remembered, "once there");
    world.pair.server("POST", "db/scan?folder=pixel");
    fs::remove(world.outbox() / remembered);
    world.pair.server("POST", "db/scan?folder=pixel");
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(world.name(photo) == "IMG_1-" + number(photo) + "-2.JPG");
    CHECK(world.name(other) == "IMG_2-" + number(other) + "-2.JPG");
    CHECK(test::read(world.outbox() / ("IMG_1-" + number(photo) + ".JPG")) == "somebody else's");

    // What was sent under a name long ago, before Syncthing was set up anew.
    const auto fourth = house.downloaded("IMG_4.JPG", sample(4));
    media_db::Copy old;
    old.media = photo;
    old.place = Place::pixel;
    old.path = "IMG_4-" + number(fourth) + ".JPG";
    old.sha256 = house.item(photo).sha256;
    old.size = house.item(photo).size;
    old.proof = "freed";
    old.written = house.clock.now();
    media_db::Evidence(house.db()).removed(media_db::Evidence(house.db()).add(old), house.clock.now());
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(world.name(fourth) == "IMG_4-" + number(fourth) + "-2.JPG");

    house.settings.workflow.prefix_names = true;
    const auto third = house.downloaded("IMG_3.JPG", sample(3));
    CHECK(house.run("pixel_sync").exit_code == 0);
    CHECK(world.name(third) == "step02_pixel_sync_" + to_compact(house.clock.now()) + "_IMG_3-" + number(third) + ".JPG");
}

TEST_CASE("pixel_sync sends nothing when the folder, its marker or Syncthing is not as it must be", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    const auto photo = house.downloaded("IMG_1.JPG", sample(1));
    SECTION("the folder lets the phone change files here") {
        auto folder = world.pair.server("GET", "config/folders/pixel");
        folder["type"] = "sendreceive";
        world.pair.server("PUT", "config/folders/pixel", folder.dump());
        const auto result = house.run("pixel_sync");
        CHECK(result.exit_code == 1);
        CHECK(result.reason->code == "syncthing.folder");
    }
    SECTION("the marker is missing") {
        fs::remove_all(world.outbox() / ".stfolder");
        const auto result = house.run("pixel_sync");
        CHECK(result.exit_code == 69);
        CHECK(result.reason->code == "pixel.outbox");
        CHECK_FALSE(fs::exists(world.outbox() / ".stfolder"));
    }
    SECTION("Syncthing is down") {
        world.pair.stop_server();
        const auto result = house.run("pixel_sync");
        CHECK(result.exit_code == 69);
        CHECK(result.reason->code == "syncthing.unreachable");
    }
    SECTION("the API key is wrong") {
        house.settings.syncthing.api_key.value = "another";
        const auto result = house.run("pixel_sync");
        CHECK(result.exit_code == 77);
        CHECK(result.reason->code == "syncthing.key");
    }
    CHECK(house.status(photo, "pixel_sync") == StepStatus::pending);
    CHECK(sent(world.outbox()).empty());
}

TEST_CASE("pixel_sync goes on while the phone is away", "[pixel_sync]") {
    World world;
    world.pair.stop_phone();
    const auto photo = world.house.downloaded("IMG_1.JPG", sample(1));
    CHECK(world.house.run("pixel_sync").exit_code == 0);
    CHECK(world.house.status(photo, "pixel_sync") == StepStatus::done);
}

TEST_CASE("pixel_sync refuses an original that is no longer what was downloaded", "[pixel_sync]") {
    World world;
    auto& house = world.house;
    const auto photo = house.downloaded("IMG_1.JPG", sample(1));
    test::write(*house.item(photo).local_path, noise(20'000, 99));
    CHECK(house.run("pixel_sync").exit_code == 1);
    CHECK(house.status(photo, "pixel_sync") == StepStatus::attention);
    CHECK(house.reason(photo, "pixel_sync") == "pixel.original_changed");
    CHECK(sent(world.outbox()).empty());
}

TEST_CASE("a dry run says the name and touches nothing", "[pixel_sync]") {
    House house;
    const auto photo = house.downloaded("IMG_1.JPG", sample(1));
    std::vector<std::string> said;
    stage::WorkOptions options;
    options.dry_run = true;
    options.say = [&](const std::string& line) { said.push_back(line); };
    CHECK(house.run("pixel_sync", options).exit_code == 0);
    REQUIRE(said.size() == 1);
    CHECK(said.front().find("IMG_1-" + std::to_string(house.item(photo).asset->value) + ".JPG") != std::string::npos);
    CHECK(sent(house.settings.folders.pixel_sync).empty());
}

TEST_CASE("an original that has another name elsewhere keeps its time: the phone gets a copy with the capture date", "[pixel_sync][hostile]") {
    World world;
    auto& house = world.house;
    const auto photo = house.downloaded("IMG_0001.JPG", sample(1));
    const auto elsewhere = house.dir / "elsewhere.jpg";
    fs::create_hard_link(*house.item(photo).local_path, elsewhere);
    fs::last_write_time(elsewhere, 1'000'000'000);

    CHECK(house.run("pixel_sync").exit_code == 0);

    CHECK(fs::last_write_time(elsewhere) == 1'000'000'000);
    const auto staged = world.outbox() / world.name(photo);
    CHECK(fs::last_write_time(staged) == Sample{}.taken.time_since_epoch().count());
    CHECK(fs::hard_link_count(staged) == 1);
    CHECK(files::digest_file(staged).sha256 == house.item(photo).sha256);
}

}  // namespace mediaferry
