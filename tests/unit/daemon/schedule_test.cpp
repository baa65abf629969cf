// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "daemon/schedule.h"

using namespace mediaferry;
using namespace mediaferry::daemon;
using namespace std::chrono_literals;

namespace {

const Timestamp now = from_iso("2025-01-15T12:00:00Z").value();
const Backoff retry{60s, 2.0, 6h, 8};

StageNow stage(const char* rule, std::int64_t ready = 1) {
    StageNow result{"nas_archive", Rule::from_text(rule).value()};
    result.ready = ready;
    result.processes = 2;
    return result;
}
StageNow ran(StageNow result, std::chrono::seconds ago, int exit = 0, int failures = 0) {
    result.last_begin = now - ago;
    result.last_end = now - ago + 1s;
    result.last_exit = exit;
    result.failures = failures;
    return result;
}
Decision decide_one(const StageNow& one, const std::vector<Window>& windows = {}) { return decide({one}, windows, retry, now); }
bool starts(const StageNow& one) { return !decide_one(one).start.empty(); }

}  // namespace

TEST_CASE("a stage that has never run begins at once", "[schedule]") {
    CHECK(starts(stage("0 2 * * *", 0)));
    CHECK(starts(stage("every 10m", 0)));
}

TEST_CASE("every D counts from the beginning of the last run", "[schedule]") {
    CHECK(starts(ran(stage("every 10m"), 10min)));
    CHECK_FALSE(starts(ran(stage("every 10m"), 9min)));
    CHECK(decide_one(ran(stage("every 10m"), 9min)).wake == now + 1min);
}

TEST_CASE("a run that was missed while the daemon was down is made up once", "[schedule]") {
    CHECK(starts(ran(stage("0 2 * * *"), std::chrono::days{5})));
    CHECK_FALSE(starts(ran(stage("0 2 * * *"), 1min)));
}

TEST_CASE("as many processes begin as there are files, at most what the config allows", "[schedule]") {
    CHECK(decide_one(ran(stage("every 10m", 1), 1h)).start.at(0).processes == 1);
    CHECK(decide_one(ran(stage("every 10m", 900), 1h)).start.at(0).processes == 2);
}

TEST_CASE("a stage that runs is left alone", "[schedule]") {
    auto busy = ran(stage("every 10m", 5), 1h);
    busy.running = 1;
    CHECK_FALSE(starts(busy));
}

TEST_CASE("an empty queue is looked at once an hour, and when a waiting file becomes due", "[schedule]") {
    CHECK_FALSE(starts(ran(stage("every 10m", 0), 30min)));
    CHECK(starts(ran(stage("every 10m", 0), 1h)));
    auto waiting = ran(stage("every 10m", 0), 30min);
    waiting.next_due = now + 5min;
    CHECK(decide_one(waiting).wake == now + 5min);
    auto watching = ran(stage("every 10m", 0), 30min);
    watching.watches = true;
    CHECK(starts(watching));
}

TEST_CASE("a stage that failed as a whole backs off, but not beyond its schedule", "[schedule]") {
    CHECK(starts(ran(stage("0 2 * * *"), 2min, 69, 1)));        // 1 min, with jitter
    CHECK_FALSE(starts(ran(stage("0 2 * * *"), 2min, 69, 5)));  // 16 min, with jitter
    CHECK(starts(ran(stage("every 10m"), 10min, 69, 7)));
}

TEST_CASE("a crash backs off like any failure of the stage", "[schedule]") {
    auto crashed = ran(stage("0 2 * * *"), 30s, 0, 1);
    crashed.last_exit.reset();
    CHECK_FALSE(starts(crashed));
    CHECK(decide_one(crashed).wake <= now + 2min);
}

TEST_CASE("a needed sign-in is not asked for again before the schedule says so", "[schedule]") {
    CHECK_FALSE(starts(ran(stage("0 2 * * *"), 2h, 77, 1)));
}

TEST_CASE("a process that could not even begin is not started again at once", "[schedule]") {
    auto refused = ran(stage("every 10m"), 1h);
    refused.not_before = now + 1min;
    CHECK_FALSE(starts(refused));
    CHECK(decide_one(refused).wake == now + 1min);
}

TEST_CASE("outside its window nothing begins, and the daemon wakes when it opens", "[schedule]") {
    const std::vector<Window> night{Window::from_text("22:00-06:00").value()};
    const auto decision = decide_one(ran(stage("every 10m"), 1h), night);
    CHECK(decision.start.empty());
    CHECK(decision.wake <= next_open(night, now));
}

TEST_CASE("the daemon sleeps no longer than a quarter of an hour", "[schedule]") { CHECK(decide({}, {}, retry, now).wake == now + 15min); }
