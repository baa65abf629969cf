// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/contract/daemon/ferry.h"

using namespace mediaferry;
using namespace mediaferry::test;
using Catch::Matchers::Contains;
using pipeline::StepStatus;

TEST_CASE("a walk takes the stages in order and ends with a table", "[run]") {
    Ferry house;
    const auto id = house.photos({"a.jpg"}).front();
    const auto run = house.ferry({"run", "--start", "processing", "--end", "6"});
    CHECK(run.exit.code == 0);
    CHECK_THAT(run.err, Contains("[5/9] processing: 1 done") && Contains("[6/9] compress: 1 done"));
    CHECK_THAT(run.out, Contains("5  processing     1"));
    CHECK(house.status(id, "compress") == StepStatus::done);
    const auto workflow = media_db::Runs{house.db()}.latest_workflow().value();
    CHECK(workflow.started_by == "run");
    CHECK(workflow.exit_code == 0);
}

TEST_CASE("a walk goes on after a crash and ends with 1", "[run]") {
    Ferry house;
    const auto ids = house.photos({"a.jpg", "crash.jpg", "c.jpg"});
    const auto run = house.ferry({"run", "--start", "processing", "--end", "processing"});
    CHECK(run.exit.code == 1);
    CHECK_THAT(run.err, Contains("killed by SIGABRT") && Contains("1 file needs a person"));
    CHECK(house.status(ids[0], "processing") == StepStatus::done);
    CHECK(house.status(ids[1], "processing") == StepStatus::attention);
    CHECK(house.status(ids[2], "processing") == StepStatus::done);
}

TEST_CASE("a walk stops at the first stage that fails as a whole", "[run]") {
    Ferry house;
    fs::create_directories(house.dir / "rooms");
    fs::copy_file(fs::path{BOMB_STAGES} / "compress.so", house.dir / "rooms" / "compress.so");
    house.environment["MEDIAFERRY_STAGES_DIR"] = (house.dir / "rooms").string();
    house.photos({"a.jpg"});
    const auto run = house.ferry({"run", "--start", "processing", "--end", "compress"});
    CHECK(run.exit.code == 69);
    CHECK_THAT(run.out, Contains("failed (69)") && !Contains("compress"));
}

TEST_CASE("an interrupted walk lets its stage finish the file", "[run]") {
    Ferry house;
    const auto ids = house.photos({"slow.jpg", "b.jpg"});
    process::Child run{house.command({"run", "--start", "processing", "--end", "compress"})};
    house.until_at_work_on("slow.jpg");
    run.signal(SIGINT);
    house.let_go();
    CHECK(Ferry::end_of(run).code == 130);
    CHECK(house.status(ids[0], "processing") == StepStatus::done);
    // The stage hears of the stop from the walk, a moment later: the next file may have been taken up before, but never halfway.
    CHECK(house.status(ids[1], "processing") != StepStatus::running);
    CHECK(house.status(ids[0], "compress") == StepStatus::pending);
    CHECK_THAT(house.ferry({"status"}).out, Contains("Status: interrupted"));
}

TEST_CASE("two walks at once do nothing twice", "[run]") {
    Ferry house;
    house.configure("compress: {processes: 2}\n");
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) names.push_back("p" + std::to_string(i) + ".jpg");
    const auto ids = house.photos(names);
    process::Child one{house.command({"run", "--start", "processing", "--end", "compress"})};
    process::Child two{house.command({"run", "--start", "processing", "--end", "compress"})};
    CHECK(Ferry::end_of(one).code == 0);
    CHECK(Ferry::end_of(two).code == 0);
    std::int64_t done = 0;
    for (const auto& workflow : {WorkflowId{1}, WorkflowId{2}})
        for (const auto& run : media_db::Runs{house.db()}.of(workflow)) done += run.done;
    CHECK(done == 80);
    for (const auto id : ids) CHECK(house.status(id, "compress") == StepStatus::done);
}

TEST_CASE("why, history and attention tell about a file", "[commands]") {
    Ferry house;
    const auto id = house.photos({"crash.jpg"}).front();
    house.ferry({"run", "--start", "processing", "--end", "processing"});
    CHECK_THAT(house.ferry({"attention"}).out, Contains("crash.jpg") && Contains("mediaferry release " + std::to_string(id.value)));
    CHECK_THAT(house.ferry({"why", "crash.jpg"}).out, Contains("processing") && Contains("attention") && Contains("after processing"));
    CHECK_THAT(house.ferry({"history", std::to_string(id.value)}).out, Contains("taken_in"));
    CHECK(house.ferry({"why", "nothing.jpg"}).exit.code == 65);
    CHECK(house.ferry({"release", std::to_string(id.value)}).exit.code == 0);
    CHECK(house.status(id, "processing") == StepStatus::pending);
    CHECK(house.ferry({"approve", "7"}).exit.code == 65);
}

TEST_CASE("a stage can be done again for one file", "[commands]") {
    Ferry house;
    const auto id = house.photos({"a.jpg"}).front();
    CHECK(house.ferry({"redo", "processing", "a.jpg"}).exit.code == 65);
    house.ferry({"--run-stage", "processing"});
    CHECK(house.ferry({"redo", "processing", "a.jpg"}).exit.code == 0);
    CHECK(house.status(id, "processing") == StepStatus::pending);
}

TEST_CASE("the audit finds an original that is gone", "[commands]") {
    Ferry house;
    const auto id = house.photos({"a.jpg"}).front();
    CHECK(house.ferry({"audit"}).exit.code == 0);
    fs::remove(*house.item(id).local_path);
    const auto words = GENERATE(std::vector<std::string>{"audit"}, std::vector<std::string>{"audit", "--offline"});
    const auto audit = house.ferry(words);
    CHECK(audit.exit.code == 1);
    CHECK_THAT(audit.out, Contains("I5") && Contains("a.jpg: the original is missing"));
}
