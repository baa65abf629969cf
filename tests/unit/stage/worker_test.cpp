// SPDX-License-Identifier: GPL-3.0-or-later
// The loop of a stage run, with rooms made for the test.

#include "common/stage/worker.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <new>

#include "common/files/files.h"
#include "tests/support/house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using mediaferry::pipeline::StepStatus;
using mediaferry::stage::Done;
using mediaferry::stage::NeedsAttention;
using mediaferry::stage::Outcome;
using mediaferry::stage::RetryLater;
using mediaferry::stage::Run;
using mediaferry::stage::Wait;
using mediaferry::test::House;

namespace {

/// Does what it is told with each item, and remembers whom it met.
struct Room : stage::Stage {
    std::function<Outcome(const media_db::MediaItem&, Run&)> work = [](const auto&, auto&) { return Done{}; };
    std::function<Outcome(Run&)> start = [](auto&) { return Done{}; };
    std::function<bool(Run&)> afterwards = [](auto&) { return false; };
    std::vector<std::string> met;

    Outcome begin(Run& run) override { return start(run); }
    Outcome process(const media_db::MediaItem& item, Run& run) override {
        met.push_back(item.filename);
        return work(item, run);
    }
    bool after_items(Run& run) override { return afterwards(run); }
};

}  // namespace

extern "C" stage::Stage* mediaferry_create_stage(const config::Settings&) { return new Room; }

TEST_CASE("items are done, and their evidence is written with them", "[worker]") {
    House house;
    const auto id = house.downloaded("IMG_1.JPG");
    Room room;
    room.work = [](const auto& item, Run& run) -> Outcome {
        run.with_outcome([id = item.id](media_db::MediaDb& db) { media_db::Catalogue(db).set_flags(id, {}, true, {}, {}, Timestamp{1s}); });
        return Done{};
    };
    CHECK(house.run(room, "nas_archive").exit_code == 0);
    CHECK(house.status(id, "nas_archive") == StepStatus::done);
    CHECK(house.item(id).synced_nas);
}

TEST_CASE("what an item that failed had queued is void", "[worker]") {
    House house;
    const auto id = house.downloaded("IMG_1.JPG");
    Room room;
    room.work = [](const auto& item, Run& run) -> Outcome {
        run.with_outcome([id = item.id](media_db::MediaDb& db) { media_db::Catalogue(db).set_flags(id, {}, true, {}, {}, Timestamp{1s}); });
        throw TransientError{"nas.slow", "try again"};
    };
    CHECK(house.run(room, "nas_archive").exit_code == 1);
    CHECK_FALSE(house.item(id).synced_nas);
    CHECK(house.reason(id, "nas_archive") == "nas.slow");
}

TEST_CASE("a failed item waits, a failed item stops nobody, in the end a person is asked", "[worker]") {
    House house;
    house.settings.retry = {60s, 2.0, 6h, 2};
    const auto bad = house.downloaded("BAD.JPG");
    const auto good = house.downloaded("GOOD.JPG");
    Room room;
    room.work = [](const auto& item, Run&) -> Outcome {
        if (item.filename == "BAD.JPG") throw TransientError{"x", "no"};
        return Done{};
    };
    CHECK(house.run(room, "nas_archive").exit_code == 1);
    CHECK(house.status(good, "nas_archive") == StepStatus::done);
    CHECK(house.status(bad, "nas_archive") == StepStatus::pending);
    room.met.clear();
    CHECK(house.run(room, "nas_archive").exit_code == 0);
    CHECK(room.met.empty());  // not before its time
    house.clock.advance(2min);
    CHECK(house.run(room, "nas_archive").exit_code == 1);
    CHECK(house.status(bad, "nas_archive") == StepStatus::attention);
}

TEST_CASE("a stage that is unavailable ends its run and puts the item back as it was", "[worker]") {
    House house;
    const auto id = house.downloaded("IMG_1.JPG");
    Room room;
    room.work = [](const auto&, Run&) -> Outcome { throw Unavailable{"nas.unmounted", "gone"}; };
    const auto result = house.run(room, "nas_archive");
    CHECK(result.exit_code == 69);
    CHECK(result.reason->code == "nas.unmounted");
    CHECK(house.status(id, "nas_archive") == StepStatus::pending);
    CHECK(house.step(id, "nas_archive").attempts == 0);
}

TEST_CASE("a stage's trouble becomes its exit code", "[worker]") {
    House house;
    Room room;
    room.start = [](Run&) -> Outcome { throw SignInRequired{"a", "b"}; };
    CHECK(house.run(room, "nas_archive").exit_code == 77);
    room.start = [](Run&) -> Outcome { throw Unavailable{"a", "b"}; };
    CHECK(house.run(room, "nas_archive").exit_code == 69);
    room.start = [](Run&) -> Outcome { throw TryLater{"a", "b"}; };
    CHECK(house.run(room, "nas_archive").exit_code == 75);
    room.start = [](Run&) -> Outcome { throw std::logic_error{"b"}; };
    CHECK(house.run(room, "nas_archive").exit_code == 70);
    room.start = [](Run&) -> Outcome { return Wait{{"pixel.away", "the phone is away"}}; };
    CHECK(house.run(room, "nas_archive").exit_code == 0);
    CHECK(house.told().size() == 1);
}

TEST_CASE("who asks to wait is met once a round, and hides nobody", "[worker]") {
    House house;
    std::vector<MediaId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(house.downloaded("IMG_" + std::to_string(i) + ".JPG"));
    Room room;
    int rounds = 0;
    room.work = [&](const auto& item, Run&) -> Outcome {
        if (rounds == 1 && item.filename == "IMG_3.JPG") return Done{};
        return Wait{{"pixel.waiting", "not there yet"}};
    };
    room.afterwards = [&](Run&) { return ++rounds < 2; };
    CHECK(house.run(room, "nas_archive").exit_code == 0);
    CHECK(room.met.size() == 10);
    CHECK(house.status(ids[3], "nas_archive") == StepStatus::done);
    CHECK(house.status(ids[0], "nas_archive") == StepStatus::pending);
    CHECK(house.step(ids[0], "nas_archive").attempts == 0);
    CHECK(house.progress().waiting == 4);
    room.met.clear();
    house.run(room, "nas_archive");
    CHECK(room.met.size() == 4);
}

TEST_CASE("a stop is heard between two items, and an interrupted item goes back", "[worker]") {
    House house;
    const auto first = house.downloaded("IMG_1.JPG");
    const auto second = house.downloaded("IMG_2.JPG");
    Room room;
    room.work = [&](const auto&, Run&) -> Outcome {
        house.stop = true;
        return Done{};
    };
    CHECK(house.run(room, "nas_archive").exit_code == 143);
    const int done = (house.status(first, "nas_archive") == StepStatus::done) + (house.status(second, "nas_archive") == StepStatus::done);
    CHECK(done == 1);
}

TEST_CASE("--limit and --item keep a run short", "[worker]") {
    House house;
    house.downloaded("IMG_1.JPG");
    house.downloaded("IMG_2.JPG");
    const auto wanted = house.downloaded("IMG_3.JPG");
    Room room;
    stage::WorkOptions options;
    options.limit = 1;
    house.run(room, "nas_archive", options);
    CHECK(room.met.size() == 1);
    room.met.clear();
    options = {};
    options.item = wanted;
    house.run(room, "processing", options);
    CHECK(room.met.empty());  // not its turn: the NAS has not got it
}

TEST_CASE("what the file system library throws is a file's trouble, or the run's, and never a fault of ours", "[worker]") {
    House house;
    const auto first = house.downloaded("IMG_1.JPG");
    const auto second = house.downloaded("IMG_2.JPG");
    Room room;
    room.work = [&](const auto& item, Run&) -> Outcome {
        if (item.id == first) fs::file_size("/nowhere/at/all");
        return Done{};
    };
    CHECK(house.run(room, "nas_archive").exit_code != 70);
    CHECK(house.reason(first, "nas_archive") == "file.missing");
    CHECK(house.status(second, "nas_archive") == StepStatus::done);

    room.start = [](Run&) -> Outcome {
        fs::file_size("/nowhere/at/all");
        return Done{};
    };
    const auto ended = house.run(room, "nas_archive");
    CHECK(ended.exit_code == 75);
    CHECK(ended.reason->code == "file.missing");
}

TEST_CASE("a want of memory counts against no file, however it comes; where no file is worked on it ends the run", "[worker]") {
    House house;
    house.settings.retry = {60s, 2.0, 6h, 1};
    const auto hungry = house.downloaded("HUNGRY.JPG");
    const auto other = house.downloaded("OTHER.JPG");
    Room room;
    const auto nested = [](const auto& outer) {
        try {
            throw std::bad_alloc{};
        } catch (const std::exception&) {
            std::throw_with_nested(outer);
        }
    };
    const std::function<void()> wants[] = {[] { throw std::bad_alloc{}; },
                                           [] { files::throw_errno(ENOMEM, "cannot open", "/nas/IMG_1.JPG"); },
                                           [&] { nested(NeedsPerson{"x", "it cannot be read"}); },
                                           [&] { nested(TransientError{"x", "it cannot be read"}); }};
    for (const auto& want : wants) {
        room.work = [&](const auto& item, Run&) -> Outcome {
            if (item.id == hungry) want();
            return Done{};
        };
        CHECK(house.run(room, "nas_archive").exit_code == 1);
        CHECK(house.status(hungry, "nas_archive") == StepStatus::pending);
        CHECK(house.reason(hungry, "nas_archive") == "memory.short");
        CHECK(house.step(hungry, "nas_archive").attempts == 0);
        CHECK(house.status(other, "nas_archive") == StepStatus::done);
        house.clock.advance(7h);
    }
    room.start = [](Run&) -> Outcome { throw std::bad_alloc{}; };
    const auto ended = house.run(room, "nas_archive");
    CHECK(ended.exit_code == 69);
    CHECK(ended.reason->code == "memory.short");
}
