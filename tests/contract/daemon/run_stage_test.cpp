// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/contract/daemon/ferry.h"

using namespace mediaferry;
using namespace mediaferry::test;
using Catch::Matchers::Contains;
using pipeline::StepStatus;

TEST_CASE("a stage run does what is ready and says so", "[run_stage]") {
    Ferry house;
    const auto ids = house.photos({"a.jpg", "b.jpg"});
    const auto run = house.ferry({"--run-stage", "processing"});
    CHECK(run.exit.code == 0);
    CHECK_THAT(run.err, Contains("processing: 2 done, 0 waiting, 0 need a person"));
    for (const auto id : ids) CHECK(house.status(id, "processing") == StepStatus::done);
    CHECK_FALSE(fs::exists(house.settings.state_directory() / "runs" / "1"));
}

TEST_CASE("a dry run says what it would do and changes nothing", "[run_stage]") {
    Ferry house;
    const auto id = house.photos({"a.jpg"}).front();
    const auto before = media_db::Events{house.db()}.count();
    const auto run = house.ferry({"--run-stage", "processing", "--dry-run"});
    CHECK(run.exit.code == 0);
    CHECK(run.out == "would light a.jpg\n");
    CHECK(house.status(id, "processing") == StepStatus::pending);
    CHECK(media_db::Events{house.db()}.count() == before);
    CHECK_FALSE(media_db::Runs{house.db()}.latest("processing").has_value());
    CHECK_FALSE(fs::exists(house.folder("at-a.jpg")));
}

TEST_CASE("a dry run before the first real one makes no database", "[run_stage]") {
    Ferry house;
    const auto run = house.ferry({"--run-stage", "processing", "--dry-run"});
    CHECK(run.exit.code == 0);
    CHECK_THAT(run.err, Contains("no database yet"));
    CHECK_FALSE(fs::exists(house.settings.database));
}

TEST_CASE("a stage has as many slots as processes, shared by everyone who starts it", "[run_stage]") {
    Ferry house;
    house.configure("compress: {processes: 2}\n");
    const auto ids = house.photos({"slow-1.jpg", "slow-2.jpg", "c.jpg"});
    for (const auto id : ids) house.done_up_to(id, "processing");
    process::Child first{house.command({"--run-stage", "compress", "--limit", "1"})};
    house.until_at_work_on("slow-1.jpg");
    process::Child second{house.command({"--run-stage", "compress", "--limit", "1"})};
    house.until_at_work_on("slow-2.jpg");
    const auto third = house.ferry({"--run-stage", "compress"});
    CHECK(third.exit.code == 75);
    CHECK_THAT(third.err, Contains("slot taken"));
    house.let_go();
    CHECK(Ferry::end_of(first).ok());
    CHECK(Ferry::end_of(second).ok());
    CHECK(house.status(ids[0], "compress") == StepStatus::done);
    CHECK(house.status(ids[1], "compress") == StepStatus::done);
    CHECK(house.status(ids[2], "compress") == StepStatus::pending);
}

TEST_CASE("asked to stop, a run finishes its file and takes no other", "[run_stage]") {
    const auto [signal, code] = GENERATE(table<int, int>({{SIGTERM, 143}, {SIGINT, 130}}));
    Ferry house;
    const auto ids = house.photos({"slow.jpg", "next.jpg"});
    process::Child run{house.command({"--run-stage", "processing"})};
    house.until_at_work_on("slow.jpg");
    run.signal(signal);
    house.let_go();
    CHECK(Ferry::end_of(run).code == code);
    CHECK(house.status(ids[0], "processing") == StepStatus::done);
    CHECK(house.status(ids[1], "processing") == StepStatus::pending);
    CHECK(media_db::Runs{house.db()}.latest("processing")->exit_code == code);
}

TEST_CASE("what a killed run held is taken up again by the next", "[run_stage]") {
    Ferry house;
    const auto id = house.photos({"slow.jpg"}).front();
    process::Child run{house.command({"--run-stage", "processing"})};
    house.until_at_work_on("slow.jpg");
    run.kill_group();
    CHECK(Ferry::end_of(run).signal == SIGKILL);
    house.let_go();
    CHECK(house.ferry({"--run-stage", "processing"}).exit.code == 0);
    CHECK(house.status(id, "processing") == StepStatus::done);
    CHECK(media_db::Runs{house.db()}.open("processing").empty());
}

TEST_CASE("a file that crashes its process twice is set aside, the others get through", "[run_stage]") {
    Ferry house;
    const auto ids = house.photos({"crash.jpg", "b.jpg", "c.jpg"});
    CHECK(house.ferry({"--run-stage", "processing"}).exit.signal == SIGABRT);
    CHECK(house.ferry({"--run-stage", "processing"}).exit.signal == SIGABRT);
    CHECK(house.ferry({"--run-stage", "processing"}).exit.code == 0);
    CHECK(house.status(ids[0], "processing") == StepStatus::attention);
    CHECK(house.step(ids[0], "processing").deaths == 2);
    CHECK(house.status(ids[1], "processing") == StepStatus::done);
    CHECK(house.status(ids[2], "processing") == StepStatus::done);
}

TEST_CASE("a file that hangs is ended at its deadline and counted as a crash", "[run_stage]") {
    Ferry house;
    house.environment["MEDIAFERRY_ITEM_DEADLINE"] = "1";
    const auto id = house.photos({"hang.jpg"}).front();
    CHECK(house.ferry({"--run-stage", "processing"}).exit.signal == SIGALRM);
    house.ferry({"--run-stage", "processing"});
    house.ferry({"--run-stage", "processing"});
    CHECK(house.status(id, "processing") == StepStatus::attention);
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a file for which memory does not suffice is tried again later, and that does not count against it", "[run_stage]") {
    Ferry house;
    const auto ids = house.photos({"eats.jpg", "b.jpg"});
    CHECK(house.ferry({"--run-stage", "processing"}).exit.code == 1);
    CHECK(house.status(ids[0], "processing") == StepStatus::pending);
    CHECK(house.step(ids[0], "processing").attempts == 0);
    CHECK(house.reason(ids[0], "processing") == "memory.short");
    CHECK(house.status(ids[1], "processing") == StepStatus::done);
}
#endif

TEST_CASE("a run that ends where no exception may pass, for want of memory, blames no file for it", "[run_stage]") {
    Ferry house;
    const auto ids = house.photos({"starves.jpg", "b.jpg"});
    for (int i = 0; i < 3; ++i) {
        const auto run = house.ferry({"--run-stage", "processing"});
        CHECK(run.exit.code == 69);
        CHECK_THAT(run.err, Contains("memory ran out"));
    }
    write(house.folder("fed"), "");
    CHECK(house.ferry({"--run-stage", "processing"}).exit.code == 0);
    CHECK(house.status(ids[0], "processing") == StepStatus::done);
    CHECK(house.step(ids[0], "processing").deaths == 0);
    CHECK(media_db::Runs{house.db()}.open("processing").empty());
}

TEST_CASE("a stage without its module says what the loader said", "[run_stage]") {
    Ferry house;
    house.environment["MEDIAFERRY_STAGES_DIR"] = (house.dir / "empty").string();
    const auto missing = house.ferry({"--run-stage", "processing"});
    CHECK(missing.exit.code == 69);
    CHECK_THAT(missing.err, Contains("not installed"));
    write(house.dir / "empty" / "processing.so", "no module");
    const auto broken = house.ferry({"--run-stage", "processing"});
    CHECK(broken.exit.code == 69);
    CHECK_THAT(broken.err, Contains("cannot be loaded"));
    CHECK(media_db::Runs{house.db()}.latest("processing")->reason->code == "module.broken");
}

TEST_CASE("a stage that is switched off says so", "[run_stage]") {
    Ferry house;
    const auto run = house.ferry({"--run-stage", "nas_archive"});
    CHECK(run.exit.code == 0);
    CHECK_THAT(run.err, Contains("switched off"));
}

TEST_CASE("one file may be asked for", "[run_stage]") {
    Ferry house;
    const auto ids = house.photos({"a.jpg", "b.jpg"});
    CHECK(house.ferry({"--run-stage", "5", "--item", std::to_string(ids[1].value)}).exit.code == 0);
    CHECK(house.status(ids[0], "processing") == StepStatus::pending);
    CHECK(house.status(ids[1], "processing") == StepStatus::done);
    CHECK(house.ferry({"--run-stage", "processing", "--item", "999"}).exit.code == 65);
}
