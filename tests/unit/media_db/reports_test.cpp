// SPDX-License-Identifier: GPL-3.0-or-later
#include <random>

#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;

namespace {

/// One random thing that may happen in a house.
void something_happens(World& world, std::mt19937& dice) {
    const auto roll = [&](int below) { return static_cast<int>(dice() % static_cast<unsigned>(below)); };
    static const Words stages{"pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete"};
    const auto& stage = stages[static_cast<std::size_t>(roll(7))];
    const MediaId any{1 + roll(std::max(1, world.files))};
    const auto later = world.now() + std::chrono::seconds{roll(5)};
    switch (roll(14)) {
        case 0:
        case 1: world.downloaded("f" + std::to_string(world.files)); break;
        case 2: world.listed("A" + std::to_string(roll(20)), {"c" + std::to_string(roll(3)), "d"}, "t" + std::to_string(roll(3))); break;
        case 3: world.catalogue.finish_census("me@example.com", "PrimarySync", world.now()); break;
        case 4: world.conveyor.sweep(stage, {}, "signal 9", world.now()); break;
        case 5: world.conveyor.release(any, world.now()); break;
        case 6: world.conveyor.set_house(house(roll(2) == 0 ? "nas_archive" : "")); break;
        case 7: world.catalogue.set_compressed(any, {static_cast<std::uint64_t>(roll(900))}, "", later, world.now()); break;
        case 8: world.catalogue.reopen_aged(world.now()); break;
        case 9: world.clock.advance(std::chrono::seconds{roll(10)}); break;
        case 10:
            if (const auto copy = world.evidence.current(any, Place::local)) {
                if (roll(2) == 0)
                    world.evidence.removed(copy->id, world.now());
                else
                    world.evidence.proven(copy->id, "settled", world.now(), world.now(), "");
            }
            break;
        default: {
            const auto claims = world.conveyor.claim(stage, world.run, world.now(), 1 + static_cast<std::size_t>(roll(3)));
            for (const auto& claim : claims) {
                const int outcome = roll(6);
                if (outcome == 5) continue;  // the process dies with it
                const Verdict verdict = outcome == 0   ? person("x")
                                        : outcome == 1 ? waits("w" + std::to_string(roll(2)), later)
                                        : outcome == 2 ? fails("f", later)
                                                       : Verdict{};
                world.conveyor.record(claim, verdict, world.run, world.now());
            }
        }
    }
}

}  // namespace

TEST_CASE("after anything that may happen, counters equal a scan and the history is whole", "[reports][property]") {
    const auto seed = GENERATE(1U, 2U, 3U, 4U);
    INFO("seed " << seed);
    World world;
    std::mt19937 dice(seed);
    {
        Transaction transaction(world.db);  // one commit: what is tested is what is written, not how often it is fsynced
        for (int i = 0; i < 400; ++i) something_happens(world, dice);
        transaction.commit();
    }
    REQUIRE(world.files > 10);
    CHECK(Upkeep(world.db).check() == std::vector<std::string>{});
    std::int64_t files = 0;
    for (const auto& status : Reports(world.db).by_status()) files += status.files;
    CHECK(files == world.files);
    for (const auto& [stage, counts] : Reports(world.db).stages())
        CHECK(counts.ready + counts.closed + counts.running + counts.done + counts.attention == world.files);
    // No item is lost: what is pending and open is exactly what can be claimed at some time.
    for (const auto& [stage, counts] : Reports(world.db).stages()) {
        INFO(stage);
        CHECK(world.conveyor.ready(stage, Timestamp::max(), 100000).size() == static_cast<std::size_t>(counts.ready));
    }
}

TEST_CASE("a counter that is wrong is found", "[reports]") {
    World world;
    world.downloaded("a.jpg");
    REQUIRE(Upkeep(world.db).check().empty());
    const std::string table = GENERATE("step_count", "media_count", "copy_count");
    world.db.impl().run("UPDATE " + table + " SET count = count + 1");
    const auto found = Upkeep(world.db).check();
    REQUIRE(found.size() == 1);
    CHECK(found[0].find(table) == 0);
}

TEST_CASE("status tells what waits, for what, and when it comes back", "[reports]") {
    World world;
    const auto a = world.downloaded("a.jpg");
    const auto b = world.downloaded("b.jpg");
    const auto c = world.downloaded("c.jpg");
    world.end(a, "nas_archive", waits("nas.full", world.now() + 2h));
    world.end(b, "nas_archive", waits("nas.full", world.now() + 1h));
    world.end(c, "pixel_sync", waits("pixel.batch_full", world.now() + 3h));
    const auto waiting = Reports(world.db).waiting(10);
    REQUIRE(waiting.size() == 2);
    CHECK(waiting[0].stage == "nas_archive");
    CHECK(waiting[0].reason == Reason{"nas.full", "text"});
    CHECK(waiting[0].files == 2);
    CHECK(waiting[0].next == world.now() + 1h);
    CHECK(Reports(world.db).waiting(1).size() == 1);
}

TEST_CASE("status counts assets, files, bytes and proofs", "[reports]") {
    World world;
    const auto asset = world.listed("A", {"c1", "c2"});
    world.listed("B", {"c3"});
    world.catalogue.set_filed(asset, "t1", world.now());
    world.catalogue.set_hold(asset, Reason{"x", "y"});
    const auto photo = world.downloaded("a.jpg", asset);
    world.finish(photo, "nas_archive");
    const auto assets = Reports(world.db).assets();
    CHECK(assets.listed == 2);
    CHECK(assets.filed == 1);
    CHECK(assets.held == 1);
    CHECK(assets.deleted == 0);
    CHECK(assets.resources_missing == 3);
    const auto by_status = Reports(world.db).by_status();
    REQUIRE(by_status.size() == 1);
    CHECK(by_status[0].status == "nas_archived");
    CHECK(by_status[0].initial == Bytes{1000});
    const auto proofs = Reports(world.db).proofs();
    REQUIRE(proofs.size() == 1);
    CHECK(proofs[0].place == "local");
    CHECK(proofs[0].proof == "placed");
    CHECK(proofs[0].bytes == Bytes{1000});
    const auto stages = Reports(world.db).stages();
    CHECK(stages.at("nas_archive").done == 1);
    CHECK(stages.at("pixel_sync").ready == 1);
    CHECK(stages.at("processing").closed == 1);
}

}  // namespace mediaferry::media_db
