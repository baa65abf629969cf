// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "daemon/blockers.h"

using namespace mediaferry;
using namespace mediaferry::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const Timestamp now = from_iso("2025-06-01T12:00:00Z").value();

config::Settings deleting() {
    config::Settings settings;
    settings.icloud_delete.enabled = true;
    return settings;
}

/// An asset that nothing keeps in iCloud any more.
AssetFacts ready() {
    AssetFacts facts;
    facts.asset.filename = "IMG_1.HEIC";
    facts.asset.taken = facts.asset.added = now - std::chrono::days{100};
    facts.asset.filed = now - 1h;
    media_db::Resource resource;
    resource.state = "taken";
    facts.resources = {resource};
    AssetFacts::File file;
    file.item.filename = "IMG_1.HEIC";
    file.nas = media_db::Copy{};
    file.nas->proof = "settled";
    file.pixel = media_db::Copy{};
    file.pixel->proof = "freed";
    facts.files = {file};
    facts.planned = facts.approved = true;
    return facts;
}

std::string told(const AssetFacts& facts, const config::Settings& settings = deleting()) {
    std::string all;
    for (const auto& sentence : deletion_blockers(facts, settings, now)) all += sentence + "\n";
    return all;
}

}  // namespace

TEST_CASE("nothing blocks what is proven everywhere, filed and approved", "[why]") { CHECK(told(ready()) == ""); }

TEST_CASE("every missing proof is named", "[why]") {
    auto facts = ready();
    SECTION("no copy on the NAS") {
        facts.files[0].nas.reset();
        CHECK(told(facts) == "IMG_1.HEIC has no copy on the NAS\n");
    }
    SECTION("read back once only") {
        facts.files[0].nas->proof = "read_back";
        facts.files[0].nas->proven = now - 1h;
        CHECK(told(facts) == "the NAS copy of IMG_1.HEIC is read back a second time from 2025-06-02T11:00:00Z on\n");
    }
    SECTION("not freed on the phone") {
        facts.files[0].pixel->proof = "dwelt";
        CHECK(told(facts) == "IMG_1.HEIC is dwelt on the phone, not yet freed\n");
    }
    SECTION("not sent") {
        facts.files[0].pixel.reset();
        CHECK(told(facts) == "IMG_1.HEIC has not been sent to the phone\n");
    }
    SECTION("a sidecar needs no phone") {
        facts.files[0].pixel.reset();
        facts.files[0].item.kind = MediaKind::sidecar;
        CHECK(told(facts) == "");
    }
    SECTION("a resource that never came") {
        facts.resources[0].state = "missing";
        facts.resources[0].kind = ResourceKind::alternative;
        CHECK(told(facts) == "its alternative has not arrived intact\n");
    }
}

TEST_CASE("what a person decided is named", "[why]") {
    auto facts = ready();
    SECTION("a veto") {
        facts.asset.vetoed = now - 1h;
        CHECK_THAT(told(facts), Contains("took it out of the album DeletePending"));
    }
    SECTION("no approval") {
        facts.approved = false;
        CHECK(told(facts) == "its plan waits for approval (mediaferry plan)\n");
    }
    SECTION("days to keep") {
        facts.asset.added = now - std::chrono::days{1};
        CHECK(told(facts) == "it stays in iCloud until 2025-06-30T12:00:00Z (icloud_delete.keep_days)\n");
    }
    SECTION("deletion switched off") { CHECK_THAT(told(facts, config::Settings{}), Contains("switched off")); }
    SECTION("a harbour that is not required is not asked for") {
        auto settings = deleting();
        settings.icloud_delete.require = {"nas"};
        facts.files[0].pixel.reset();
        CHECK(told(facts, settings) == "");
    }
}
