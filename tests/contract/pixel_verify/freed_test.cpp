// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/syncthing/canary.h"
#include "common/syncthing/proof_now.h"
#include "tests/contract/pixel_verify/world.h"

namespace mediaferry {
namespace {

using namespace std::chrono_literals;
using config::FreePhone;
using config::PixelProof;
using pipeline::StepStatus;
using syncthing::proof_now;
using test::noise;
using test::PhoneWorld;

syncthing::PixelProofNow asked_now(PhoneWorld& world, MediaId id) {
    syncthing::Road road{world.house.settings};
    return proof_now(road, world.house.db(), world.house.settings, world.house.item(id), world.house.clock.now());
}

}  // namespace

TEST_CASE("freed: the phone deletes what was delivered, the receipt is stored and the outbox copy taken out", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    const auto photo = world.delivered("IMG_1-1.JPG", 1);
    const auto other = world.delivered("IMG_2-2.JPG", 2);
    CHECK(asked_now(world, photo).level == PixelProof::dwelt);  // dwell: 0s
    world.pair.phone_deletes("IMG_1-1.JPG");

    CHECK(world.run().exit_code == 0);
    CHECK(world.done(photo));
    CHECK(world.house.item(photo).synced_google);
    CHECK(world.proof(photo) == "freed");
    CHECK(world.receipt(photo).freed);
    CHECK_FALSE(fs::exists(world.outbox() / "IMG_1-1.JPG"));
    CHECK_FALSE(world.house.copy(photo, Place::pixel));
    CHECK(fs::exists(*world.house.item(photo).local_path));
    CHECK(world.reason(other) == "pixel.not_freed");
    CHECK(fs::exists(world.outbox() / "IMG_2-2.JPG"));

    // The receipt outlives the phone, its Syncthing and ours.
    world.pair.stop_phone();
    CHECK(asked_now(world, photo).level == PixelProof::freed);
    CHECK_FALSE(asked_now(world, other).level);
    CHECK(asked_now(world, other).reason.code == "pixel.away");

    // And is about this content alone.
    auto another = world.house.item(photo);
    another.sha256.bytes[0] ^= 1;
    syncthing::Road road{world.house.settings};
    CHECK(proof_now(road, world.house.db(), world.house.settings, another, world.house.clock.now()).reason.code == "pixel.other_content");
}

TEST_CASE("freed after dwelt was enough goes on being recorded; free_phone: never leaves the outbox alone", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::dwelt;
    world.house.settings.pixel.free_phone.when = FreePhone::When::never;
    const auto photo = world.delivered("IMG_1-1.JPG");
    CHECK(world.done(photo));
    CHECK(world.proof(photo) == "dwelt");
    world.pair.phone_deletes("IMG_1-1.JPG");
    CHECK(world.run().exit_code == 0);
    CHECK(world.proof(photo) == "freed");
    CHECK(fs::exists(world.outbox() / "IMG_1-1.JPG"));
    CHECK(asked_now(world, photo).level == PixelProof::freed);
}

TEST_CASE("a deletion on the phone that does not look like Free up space is doubted, and the doubt is kept", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    const auto& phone = world.pair.phone_folder();
    std::string code;
    MediaId photo;
    SECTION("moved to Android's trash") {
        photo = world.delivered("IMG_1-1.JPG");
        fs::rename(phone / "IMG_1-1.JPG", phone / ".trashed-1764230400-IMG_1-1.JPG");
        code = "pixel.trashed";
    }
    SECTION("moved into an album folder") {
        photo = world.delivered("IMG_1-1.JPG");
        fs::create_directories(phone / "album");
        fs::rename(phone / "IMG_1-1.JPG", phone / "album" / "IMG_1-1.JPG");
        code = "pixel.moved_on_phone";
    }
    SECTION("deleted minutes after it arrived") {
        world.house.settings.pixel.dwell = 48h;
        photo = world.delivered("IMG_1-1.JPG");
        fs::remove(phone / "IMG_1-1.JPG");
        code = "pixel.freed_too_soon";
    }
    world.pair.phone_scans();
    CHECK(world.run().exit_code == 1);
    CHECK(world.reason(photo) == code);
    CHECK(world.proof(photo) == "delivered");
    CHECK_FALSE(world.house.item(photo).synced_google);
    CHECK(fs::exists(world.outbox() / "IMG_1-1.JPG"));
    CHECK_FALSE(asked_now(world, photo).level);

    // The signs are gone (a trash is emptied after 30 days), the doubt is not.
    fs::remove(phone / ".trashed-1764230400-IMG_1-1.JPG");
    fs::remove_all(phone / "album");
    world.pair.phone_scans();
    world.house.clock.advance(24h * 40);
    media_db::Conveyor(world.house.db()).release(photo, world.house.clock.now());
    CHECK(world.run().exit_code == 1);
    CHECK(world.reason(photo) == code);
    CHECK(world.proof(photo) == "delivered");
}

TEST_CASE("when the phone deletes what Google Photos never owns, somebody empties the folder", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    world.house.settings.pixel.kinds.push_back(MediaKind::sidecar);
    const auto sidecar = world.delivered("IMG_1-1.AAE", 1, MediaKind::sidecar);
    world.pair.phone_deletes("IMG_1-1.AAE");
    const auto result = world.run();
    CHECK(result.exit_code == 1);
    REQUIRE(result.reason);
    CHECK(result.reason->code == "pixel.canary");
    CHECK(world.proof(sidecar) != "freed");
}

TEST_CASE("when the phone deletes the canary too, nothing it deleted is believed until a person has looked", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    const auto photo = world.delivered("IMG_1-1.JPG");
    world.pair.wait_for_file_on_phone("mediaferry-canary.txt");
    fs::remove(world.pair.phone_folder() / "IMG_1-1.JPG");
    fs::remove(world.pair.phone_folder() / "mediaferry-canary.txt");
    world.pair.phone_scans();
    for (int times = 0; times < 2; ++times) {
        const auto result = world.run();
        CHECK(result.exit_code == 1);
        CHECK(result.reason->code == "pixel.canary");
    }
    CHECK(world.proof(photo) == "delivered");
    CHECK(asked_now(world, photo).reason.code == "pixel.canary");

    fs::remove(world.outbox() / "mediaferry-canary.txt");
    CHECK(world.run().exit_code == 1);  // goes on, but what was deleted meanwhile needs a person
    CHECK(world.proof(photo) != "freed");
    CHECK(fs::exists(world.outbox() / "mediaferry-canary-2.txt"));
    CHECK(world.house.status(photo, "pixel_verify") == StepStatus::attention);
}

TEST_CASE("a deletion whose delivery was never proven counts for nothing: the file is sent again", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    const auto photo = world.staged("IMG_1-1.JPG");
    world.pair.server("POST", "db/scan?folder=pixel");
    world.pair.wait_for_file_on_phone("IMG_1-1.JPG");
    world.pair.phone_deletes("IMG_1-1.JPG");
    CHECK(world.run().exit_code == 1);
    CHECK(world.reason(photo) == "pixel.deleted_early");
    CHECK(world.house.status(photo, "pixel_sync") == StepStatus::pending);
}

TEST_CASE("free_phone with an age takes the file out of outbox and phone after its proof, which it keeps", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::dwelt;
    world.house.settings.pixel.dwell = 48h;
    world.house.settings.pixel.free_phone = {FreePhone::When::age, 24h * 14};
    const auto photo = world.delivered("IMG_1-1.JPG");
    world.house.clock.advance(49h);
    world.run();
    CHECK(world.proof(photo) == "dwelt");
    world.house.clock.advance(24h * 13);
    world.run();
    CHECK(fs::exists(world.outbox() / "IMG_1-1.JPG"));
    world.house.clock.advance(24h);
    world.run();
    CHECK_FALSE(fs::exists(world.outbox() / "IMG_1-1.JPG"));
    test::SyncthingPair::wait_until("the phone follows", [&] { return !fs::exists(world.pair.phone_folder() / "IMG_1-1.JPG"); });
    CHECK(asked_now(world, photo).level == PixelProof::dwelt);
    CHECK(world.run().exit_code == 0);
    CHECK(world.done(photo));
}

TEST_CASE("free_phone with an age leaves in the outbox what the phone holds another version of when the age is reached", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::dwelt;
    world.house.settings.pixel.free_phone = {FreePhone::When::age, 24h * 14};
    const auto edited = world.delivered("IMG_1-1.JPG", 1);
    const auto as_sent = world.delivered("IMG_2-2.JPG", 2);
    CHECK(world.proof(edited) == "dwelt");  // dwell: 0s
    test::write(world.pair.phone_folder() / "IMG_1-1.JPG", noise(10'000, 7));
    world.pair.phone_scans();
    world.house.clock.advance(24h * 15);
    world.run();
    CHECK_FALSE(fs::exists(world.outbox() / "IMG_2-2.JPG"));
    CHECK(world.proof(as_sent) == "dwelt");
    CHECK(fs::exists(world.outbox() / "IMG_1-1.JPG"));
    CHECK(world.house.copy(edited, Place::pixel));
    CHECK(fs::exists(world.pair.phone_folder() / "IMG_1-1.JPG"));
}

TEST_CASE("deliveries proven before the phone's Syncthing was reset are proven again before a deletion counts", "[pixel_verify]") {
    PhoneWorld world;
    world.house.settings.pixel.proof = PixelProof::freed;
    const auto kept = world.delivered("IMG_1-1.JPG", 1);
    const auto gone = world.delivered("IMG_2-2.JPG", 2);
    world.house.clock.advance(1min);
    media_db::Facts(world.house.db()).set("pixel.sequence", "999999", world.house.clock.now());  // the phone's index was far ahead once
    world.pair.phone_deletes("IMG_2-2.JPG");
    CHECK(world.run().exit_code == 1);
    CHECK(world.receipt(kept).delivery->at == world.house.clock.now());
    CHECK(world.reason(gone) == "pixel.proof_stale");
    CHECK(world.proof(gone) == "delivered");
}

}  // namespace mediaferry
