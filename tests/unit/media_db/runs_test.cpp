// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;

TEST_CASE("a run is seen while it goes on, and how it ended afterwards", "[runs]") {
    World world;
    Runs runs(world.db);
    const auto workflow = runs.begin_workflow("run", 17, "icloud_download", "cleanup", world.now());
    const auto run = runs.begin("nas_archive", 1, 18, workflow, world.now());
    runs.progress(run, {10, 3, 1, 1, {4096}, "copying IMG_0001.HEIC"});
    auto row = *runs.run(run);
    CHECK(runs.open("nas_archive").size() == 1);
    CHECK(row.total == 10);
    CHECK(row.done == 3);
    CHECK(row.bytes == Bytes{4096});
    CHECK(row.activity == "copying IMG_0001.HEIC");
    CHECK_FALSE(runs.latest_finished("nas_archive"));
    runs.end(run, 69, Reason{"nas.unmounted", "text"}, world.now() + 1min);
    runs.end_workflow(workflow, 69, world.now() + 1min);
    CHECK(runs.open("nas_archive").empty());
    CHECK(runs.latest_finished("nas_archive")->exit_code == 69);
    CHECK(runs.latest_finished("nas_archive")->reason->code == "nas.unmounted");
    CHECK(runs.of(workflow).size() == 1);
    CHECK(runs.latest_workflow()->exit_code == 69);
    CHECK(world.db.impl().number("PRAGMA synchronous") == 2);  // progress is hasty, nothing after it is
}

TEST_CASE("two workflows of one second have two names", "[runs]") {
    World world;
    Runs runs(world.db);
    const auto first = runs.begin_workflow("run", 1, "a", "b", world.now());
    const auto second = runs.begin_workflow("daemon", 1, "a", "b", world.now());
    CHECK(runs.workflow(first)->name == "workflow_20251120_120000");
    CHECK(runs.workflow(second)->name == "workflow_20251120_120000_2");
}

TEST_CASE("failures in a row end with a run that went through; being stopped is none", "[runs]") {
    World world;
    Runs runs(world.db);
    const auto ended = [&](int code) {
        world.clock.advance(1min);
        runs.end(runs.begin("nas_archive", 1, 1, std::nullopt, world.now()), code, std::nullopt, world.now());
    };
    CHECK(runs.failures_in_a_row("nas_archive") == 0);
    ended(69);
    ended(0);
    ended(69);
    ended(143);
    ended(75);
    CHECK(runs.failures_in_a_row("nas_archive") == 2);
    runs.ended_by_signal(runs.begin("nas_archive", 1, 1, std::nullopt, world.now() + 1min), 9, world.now() + 1min);
    CHECK(runs.failures_in_a_row("nas_archive") == 3);
    world.clock.advance(2min);
    ended(1);
    CHECK(runs.failures_in_a_row("nas_archive") == 0);
}

TEST_CASE("old runs go, but the last of each stage stays", "[runs]") {
    World world;
    Runs runs(world.db);
    for (int i = 0; i < 3; ++i) runs.end(runs.begin("nas_archive", 1, 1, std::nullopt, world.now()), 0, std::nullopt, world.now());
    const auto going = runs.begin("nas_archive", 2, 1, std::nullopt, world.now());
    CHECK(runs.prune(world.now() + 1h) == 2);
    CHECK(runs.latest_finished("nas_archive"));
    CHECK(runs.run(going));
}

TEST_CASE("a proposal replaces another unless it says the same, and only a proposal can be approved", "[plans]") {
    World world;
    Plans plans(world.db);
    const auto a = world.listed("A");
    const auto b = world.listed("B");
    const PlanItem first{a, "t1", "c1", {10}, "planned", {}};
    const PlanItem second{b, "t1", "c1", {10}, "planned", {}};
    const auto plan = plans.propose({second, first}, world.now());
    CHECK(plans.propose({first, second}, world.now()) == plan);
    const auto smaller = plans.propose({first}, world.now());
    CHECK(smaller != plan);
    CHECK(plans.plan(plan)->status == "superseded");
    CHECK(plans.open_plan("proposed")->id == smaller);

    plans.approve(smaller, "anna", world.now());
    CHECK(plans.plan(smaller)->approved_by == "anna");
    CHECK_THROWS_AS(plans.approve(smaller, "anna", world.now()), BadInput);
    CHECK_THROWS_AS(plans.approve(plan, "anna", world.now()), BadInput);
    CHECK_THROWS_AS(plans.approve(PlanId{99}, "anna", world.now()), BadInput);
    plans.item_status(smaller, a, "held", Reason{"nas.missing", "text"});
    CHECK(plans.plan(smaller)->items.at(0).reason->code == "nas.missing");
    const auto late = plans.propose({second}, world.now());
    plans.withdraw(world.now());
    CHECK(plans.plan(late)->status == "superseded");
    CHECK(plans.open_plan("approved")->id == smaller);
    plans.finish(smaller, world.now());
    CHECK_FALSE(plans.open_plan("approved"));
}

TEST_CASE("facts are kept with their time", "[facts]") {
    World world;
    Facts facts(world.db);
    CHECK_FALSE(facts.get("census"));
    facts.set("census", "12", world.now());
    facts.set("census", "13", world.now() + 1s);
    CHECK(facts.get("census") == "13");
    CHECK(facts.written("census") == world.now() + 1s);
    facts.forget("census");
    CHECK_FALSE(facts.written("census"));
}

}  // namespace mediaferry::media_db
