// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "tests/contract/pixel_verify/world.h"

namespace mediaferry {
namespace {

using namespace std::chrono_literals;
using config::PixelProof;
using pipeline::StepStatus;
using test::noise;
using test::PhoneWorld;

}  // namespace

TEST_CASE("pixel_verify waits until the phone has exactly these bytes and stores the receipt", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::delivered;
    const auto odd = world.staged("a b #1 50% & Grüße;写真+.jpg", 1);
    const auto clip = world.staged("IMG_2-2.MOV", 2, MediaKind::video, 3'000'000);
    CHECK(world.run().exit_code == 0);
    for (const auto id : {odd, clip}) {
        CHECK(world.done(id));
        CHECK(world.house.item(id).synced_google);
        CHECK(world.proof(id) == "delivered");
        const auto receipt = world.receipt(id);
        REQUIRE(receipt.delivery);
        CHECK(receipt.delivery->device == world.pair.phone_id());
        CHECK(receipt.delivery->sequence > 0);
        CHECK(test::read(world.pair.phone_folder() / receipt.name) == test::read(world.outbox() / receipt.name));
        CHECK(fs::exists(world.outbox() / receipt.name));
    }
    CHECK(media_db::Evidence(world.house.db()).pixel_undelivered().files == 0);

    const auto events = media_db::Events(world.house.db()).count();
    CHECK(world.run().exit_code == 0);
    CHECK(media_db::Events(world.house.db()).count() == events);
}

TEST_CASE("pixel_verify lets a delivered file dwell, and asks once more when the time is over", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::dwelt;
    world.house.settings.pixel.dwell = 48h;
    const auto photo = world.delivered("IMG_1-1.JPG");
    CHECK(world.reason(photo) == "pixel.dwelling");
    CHECK_FALSE(world.house.item(photo).synced_google);
    CHECK(world.house.step(photo, "pixel_verify").not_before == world.house.clock.now() + 48h);

    world.house.clock.advance(47h);
    world.run();
    CHECK_FALSE(world.done(photo));

    world.house.clock.advance(2h);
    SECTION("still there: done") {
        CHECK(world.run().exit_code == 0);
        CHECK(world.done(photo));
        CHECK(world.proof(photo) == "dwelt");
        CHECK(world.house.item(photo).synced_google);
    }
    SECTION("the phone is away: it cannot be asked, so it waits") {
        world.pair.stop_phone();
        const auto result = world.run();
        CHECK(result.exit_code == 0);
        CHECK(result.reason->code == "pixel.away");
        CHECK_FALSE(world.done(photo));
        CHECK_FALSE(world.house.told().empty());
    }
}

TEST_CASE("a phone that is away, paused or does not share the folder is a reason to wait and no proof", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::delivered;
    const auto expect_waiting = [&](MediaId photo, const std::string& code) {
        const auto result = world.run();
        CHECK(result.exit_code == 0);
        REQUIRE(result.reason);
        CHECK(result.reason->code == code);
        CHECK(world.proof(photo) == "staged");
        CHECK_FALSE(world.done(photo));
    };
    SECTION("switched off, then on again") {
        world.pair.stop_phone();
        const auto photo = world.staged("IMG_1-1.JPG");
        expect_waiting(photo, "pixel.away");
        world.pair.start_phone();
        CHECK(world.run().exit_code == 0);
        CHECK(world.done(photo));
    }
    SECTION("paused on the server") {
        world.pair.server("POST", "system/pause?device=" + world.pair.phone_id());
        expect_waiting(world.staged("IMG_1-1.JPG"), "pixel.paused");
    }
}

TEST_CASE("a phone that does not take the file is not waited for longer than syncthing.timeout", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::delivered;
    world.house.settings.syncthing.timeout = 1s;
    world.pair.phone("POST", "db/ignores?folder=pixel", R"({"ignore":["*.JPG"]})");
    const auto photo = world.staged("IMG_1-1.JPG");
    CHECK(world.run().exit_code == 0);
    CHECK(world.reason(photo) == "pixel.waiting");
    CHECK(world.proof(photo) == "staged");
    CHECK(world.house.status(photo, "pixel_verify") == StepStatus::pending);
}

TEST_CASE("a file changed or removed in the outbox before it arrived is sent again", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::delivered;
    const auto photo = world.staged("IMG_1-1.JPG", 1);
    const bool removed = GENERATE(false, true);
    if (removed)
        fs::remove(world.outbox() / "IMG_1-1.JPG");
    else
        test::write(world.outbox() / "IMG_1-1.JPG", noise(20'000, 9));
    CHECK(world.run().exit_code == 1);
    CHECK(world.reason(photo) == (removed ? "pixel.outbox_missing" : "pixel.outbox_changed"));
    CHECK_FALSE(world.house.copy(photo, Place::pixel));
    CHECK(world.house.status(photo, "pixel_sync") == StepStatus::pending);
    CHECK_FALSE(world.house.item(photo).synced_google);
}

TEST_CASE("a photo edited on the phone counts neither as delivered nor as freed", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    const auto photo = world.delivered("IMG_1-1.JPG");
    CHECK(world.reason(photo) == "pixel.not_freed");
    test::write(world.pair.phone_folder() / "IMG_1-1.JPG", noise(10'000, 7));
    world.pair.phone_scans();
    CHECK(world.run().exit_code == 1);
    CHECK(world.house.status(photo, "pixel_verify") == StepStatus::attention);
    CHECK(world.reason(photo) == "pixel.changed_there");
    CHECK_FALSE(world.house.item(photo).synced_google);
}

TEST_CASE("a file of a kind that is not sent is done without the phone's word", "[pixel_verify]") {
    PhoneWorld world;
    const auto sidecar = world.house.downloaded("IMG_1.AAE", {.content = noise(500, 3), .kind = MediaKind::sidecar});
    world.house.done_up_to(sidecar, "pixel_sync");
    CHECK(world.run().exit_code == 0);
    CHECK(world.done(sidecar));
    CHECK(world.reason(sidecar) == "pixel.kind_not_sent");
    CHECK_FALSE(world.house.item(sidecar).synced_google);
}

TEST_CASE("a photo without a copy in the outbox goes back to pixel_sync", "[pixel_verify]") {
    PhoneWorld world;
    const auto photo = world.house.downloaded("IMG_1.JPG", {.content = noise(500, 3)});
    world.house.done_up_to(photo, "pixel_sync");
    CHECK(world.run().exit_code == 0);
    CHECK(world.reason(photo) == "pixel.to_be_sent");
    CHECK(world.house.status(photo, "pixel_sync") == StepStatus::pending);
}

TEST_CASE("a folder switched to send-receive while files are out stops every proof", "[pixel_verify]") {
    PhoneWorld world;
    const auto photo = world.staged("IMG_1-1.JPG");
    auto folder = world.pair.server("GET", "config/folders/pixel");
    folder["type"] = "sendreceive";
    world.pair.server("PUT", "config/folders/pixel", folder.dump());
    const auto result = world.run();
    CHECK(result.exit_code == 1);
    CHECK(result.reason->code == "syncthing.folder");
    CHECK(world.proof(photo) == "staged");
}

}  // namespace mediaferry
