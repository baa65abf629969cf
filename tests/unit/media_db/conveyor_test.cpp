// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;
using pipeline::StepStatus;

TEST_CASE("a file that was taken in waits for the phone and for the NAS, and for nothing else", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("IMG_0001.HEIC");
    CHECK(world.status(photo) == "downloaded");
    CHECK(world.step(photo, "icloud_download").status == StepStatus::done);
    Words open;
    for (const auto& step : world.conveyor.steps(photo))
        if (step.open && step.status == StepStatus::pending) open.push_back(step.stage);
    CHECK(open == Words{"pixel_sync", "nas_archive"});
}

TEST_CASE("a file goes through the house, its status is the last word whose predecessors are done", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("IMG_0001.HEIC");
    const auto steps = GENERATE(table<Words, Words>({
        {{"pixel_sync", "pixel_verify", "nas_archive", "processing"}, {"pixel_sync_ready", "pixel_verified", "nas_archived", "processing_ready"}},
        {{"nas_archive", "pixel_sync", "pixel_verify", "processing"}, {"nas_archived", "nas_archived", "nas_archived", "processing_ready"}},
    }));
    for (std::size_t i = 0; i < std::get<0>(steps).size(); ++i) {
        world.finish(photo, std::get<0>(steps)[i]);
        CHECK(world.status(photo) == std::get<1>(steps)[i]);
    }
    for (const char* stage : {"compress", "icloud_mark", "icloud_delete"}) world.finish(photo, stage);
    CHECK(world.status(photo) == "completed");
}

TEST_CASE("processing is not ready before both harbours are reached", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("IMG_0001.HEIC");
    world.finish(photo, "nas_archive");
    CHECK(world.conveyor.claim("processing", world.run, world.now(), 10).empty());
    world.finish(photo, "pixel_sync");
    world.finish(photo, "pixel_verify");
    CHECK(world.conveyor.claim("processing", world.run, world.now(), 10).size() == 1);
}

TEST_CASE("what was due first is claimed first, then the newest photo", "[conveyor]") {
    World world;
    const auto old = world.downloaded("a.jpg");
    const auto middle = world.downloaded("b.jpg");
    const auto newest = world.downloaded("c.jpg");
    world.end(newest, "nas_archive", fails("file.io", world.now() + 60s));
    world.clock.advance(2min);
    std::vector<MediaId> order;
    for (const auto& claim : world.conveyor.claim("nas_archive", world.run, world.now(), 10)) order.push_back(claim.item.id);
    CHECK(order == std::vector<MediaId>{middle, old, newest});
}

TEST_CASE("a wait counts no attempt, a failure does, and both come back at their time", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.end(photo, "nas_archive", waits("nas.settling", world.now() + 1h));
    CHECK(world.step(photo, "nas_archive").attempts == 0);
    CHECK(world.conveyor.claim("nas_archive", world.run, world.now(), 10).empty());
    CHECK(world.conveyor.next_due("nas_archive") == world.now() + 1h);
    CHECK(world.conveyor.ready_count("nas_archive", world.now()) == 0);
    world.clock.advance(1h);
    CHECK(world.conveyor.ready_count("nas_archive", world.now()) == 1);
    const auto claims = world.conveyor.claim("nas_archive", world.run, world.now(), 10);
    REQUIRE(claims.size() == 1);
    world.conveyor.record(claims[0], fails("file.io", world.now()), world.run, world.now());
    CHECK(world.step(photo, "nas_archive").attempts == 1);
    CHECK(world.step(photo, "nas_archive").reason->code == "file.io");
    world.finish(photo, "nas_archive");
    CHECK(world.step(photo, "nas_archive").attempts == 0);
    CHECK_FALSE(world.step(photo, "nas_archive").reason);
}

TEST_CASE("the same wait again is not told again", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    for (int i = 0; i < 3; ++i) world.end(photo, "pixel_sync", waits("pixel.full", world.now()));
    world.end(photo, "pixel_sync", waits("pixel.away", world.now()));
    world.finish(photo, "pixel_sync");
    CHECK(world.told(photo) == Words{"icloud_download taken_in", "pixel_sync waits", "pixel_sync waits", "pixel_sync done"});
}

TEST_CASE("an item that was taken over by another run cannot be recorded, and nothing of its transaction stays", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    const auto first = world.conveyor.claim("nas_archive", RunId{1}, world.now(), 1).at(0);
    world.conveyor.sweep("nas_archive", {}, "signal 9", world.now());
    const auto second = world.conveyor.claim("nas_archive", RunId{2}, world.now(), 1).at(0);
    CHECK(second.token > first.token);
    {
        Transaction transaction(world.db);
        world.catalogue.set_flags(photo, std::nullopt, true, std::nullopt, std::nullopt, world.now());
        try {
            world.conveyor.record(first, {}, RunId{1}, world.now());
            FAIL("a stale claim was recorded");
        } catch (const TransientError& error) {
            CHECK(error.code() == "step.stale");
        }
    }
    CHECK_FALSE(world.catalogue.item(photo)->synced_nas);
    CHECK(world.step(photo, "nas_archive").status == StepStatus::running);
    world.conveyor.record(second, {}, RunId{2}, world.now());
    CHECK(world.step(photo, "nas_archive").status == StepStatus::done);
    CHECK_THROWS_AS(world.conveyor.record(second, {}, RunId{2}, world.now()), TransientError);
}

TEST_CASE("an interrupted item goes back unchanged", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.end(photo, "nas_archive", fails("file.io", world.now()));
    const auto before = world.told(photo);
    const auto claim = world.conveyor.claim("nas_archive", world.run, world.now(), 1).at(0);
    world.conveyor.record(claim, {Verdict::Kind::unchanged, {}, {}, false}, world.run, world.now());
    const auto step = world.step(photo, "nas_archive");
    CHECK(step.status == StepStatus::pending);
    CHECK(step.attempts == 1);
    CHECK(step.reason->code == "file.io");
    CHECK(world.told(photo) == before);
}

TEST_CASE("put_back returns what one run holds and leaves the others' items alone", "[conveyor]") {
    World world;
    world.downloaded("a.jpg");
    world.downloaded("b.jpg");
    const auto mine = world.conveyor.claim("nas_archive", RunId{1}, world.now(), 1).at(0);
    const auto other = world.conveyor.claim("nas_archive", RunId{2}, world.now(), 1).at(0);
    world.conveyor.put_back(RunId{1});
    CHECK(world.step(mine.item.id, "nas_archive").status == StepStatus::pending);
    CHECK(world.step(other.item.id, "nas_archive").status == StepStatus::running);
}

TEST_CASE("what a run took after the living ones were counted is left to it", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    Runs runs{world.db};
    const auto begun = runs.begin("nas_archive", 1, 4711, std::nullopt, world.now());
    REQUIRE(world.conveyor.claim_item("nas_archive", photo, begun, world.now()));
    CHECK(world.conveyor.sweep("nas_archive", {}, "signal 9", world.now()) == 0);
    CHECK(world.step(photo, "nas_archive").status == StepStatus::running);
    runs.ended_by_signal(begun, 9, world.now());
    CHECK(world.conveyor.sweep("nas_archive", {}, "signal 9", world.now()) == 1);
    CHECK(world.step(photo, "nas_archive").deaths == 1);
}

TEST_CASE("an item whose process died twice is set aside for a person", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    const auto held_by_a_live_run = world.downloaded("b.jpg");
    REQUIRE(world.conveyor.claim_item("compress", photo, RunId{1}, world.now()) == std::nullopt);  // not open yet
    world.conveyor.claim_item("nas_archive", held_by_a_live_run, RunId{7}, world.now());
    for (int death = 1; death <= 2; ++death) {
        REQUIRE(world.conveyor.claim_item("nas_archive", photo, RunId{death}, world.now()));
        CHECK(world.conveyor.sweep("nas_archive", {RunId{7}}, "SIGSEGV", world.now()) == 1);
        CHECK(world.step(photo, "nas_archive").deaths == death);
        CHECK(world.step(photo, "nas_archive").status == (death == 1 ? StepStatus::pending : StepStatus::attention));
    }
    CHECK(world.step(photo, "nas_archive").reason->code == "crashed");
    CHECK(world.step(photo, "nas_archive").reason->text.find("SIGSEGV") != std::string::npos);
    CHECK(world.step(held_by_a_live_run, "nas_archive").status == StepStatus::running);
}

TEST_CASE("a person sees what needs them, releases it, and it is tried again from the start", "[conveyor]") {
    World world;
    const auto asset = world.listed("A", {"c1", "c2"});
    const auto photo = world.downloaded("a.jpg", asset);
    world.end(photo, "nas_archive", person("nas.differs"));
    world.catalogue.resource_failed(world.catalogue.resources(asset)[1].id, {"icloud.damaged", "text"}, world.now(), true);
    const auto waiting = world.conveyor.attention(10);
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].item.id == photo);
    CHECK(waiting[0].step.reason->code == "nas.differs");
    CHECK(world.conveyor.claim("nas_archive", world.run, world.now(), 10).empty());

    CHECK(world.conveyor.release(photo, world.now()));
    CHECK_FALSE(world.conveyor.release(photo, world.now()));
    CHECK(world.conveyor.attention(10).empty());
    CHECK(world.step(photo, "nas_archive").attempts == 0);
    CHECK(world.catalogue.resources(asset)[1].state == "missing");
    CHECK(world.conveyor.claim("nas_archive", world.run, world.now(), 10).size() == 1);
}

TEST_CASE("release_all releases files and resources", "[conveyor]") {
    World world;
    const auto asset = world.listed("A", {"c1"});
    world.catalogue.resource_failed(world.catalogue.resources(asset)[0].id, {"icloud.damaged", "text"}, world.now(), true);
    const auto photo = world.downloaded("a.jpg");
    world.end(photo, "nas_archive", person("x"));
    world.end(photo, "pixel_sync", person("y"));
    CHECK(world.conveyor.release_all(world.now()) == 3);
    CHECK(world.conveyor.release_all(world.now()) == 0);
}

TEST_CASE("redo opens one stage again, and the status does not go back", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    for (const char* stage : {"pixel_sync", "pixel_verify", "nas_archive", "processing"}) world.finish(photo, stage);
    world.conveyor.redo(photo, "nas_archive", world.now());
    CHECK(world.step(photo, "nas_archive").status == StepStatus::pending);
    CHECK(world.step(photo, "processing").status == StepStatus::done);
    CHECK(world.status(photo) == "processing_ready");
    world.finish(photo, "nas_archive");
    CHECK(world.status(photo) == "processing_ready");
    CHECK_THROWS_AS(world.conveyor.redo(photo, "compress", world.now()), BadInput);
    CHECK_THROWS_AS(world.conveyor.redo(photo, "no_such_stage", world.now()), BadInput);
}

TEST_CASE("a file that ages into the next tier is compressed again, and only that", "[conveyor]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    for (const char* stage : {"pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete"})
        world.finish(photo, stage);
    world.catalogue.set_compressed(photo, {500}, R"({"tier":"light"})", world.now() + 24h, world.now());
    CHECK(world.catalogue.reopen_aged(world.now()) == 0);
    world.clock.advance(25h);
    CHECK(world.catalogue.reopen_aged(world.now()) == 1);
    CHECK(world.catalogue.reopen_aged(world.now()) == 0);
    CHECK(world.status(photo) == "completed");
    CHECK(world.step(photo, "icloud_mark").status == StepStatus::done);
    const auto claims = world.conveyor.claim("compress", world.run, world.now(), 10);
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].item.current_size == Bytes{500});
    world.conveyor.record(claims[0], {}, world.run, world.now());
    CHECK(world.status(photo) == "completed");
}

}  // namespace mediaferry::media_db
