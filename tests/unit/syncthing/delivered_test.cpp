// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of facts/syncthing.md C.2: what looks like an arrival and is none.
#include <catch2/catch.hpp>

#include "tests/unit/syncthing/rows.h"

namespace mediaferry::syncthing {
namespace {

using namespace test;

Verdict judged(const FileAnswer& answer) { return delivered(answer, staged(), kDisk, kPhone); }

}  // namespace

TEST_CASE("delivered: the phone holds exactly the version that is on disk", "[syncthing]") { CHECK(judged(arrived()).arrival == Arrival::delivered); }

TEST_CASE("not delivered: nobody, somebody else, or an unfinished transfer holds it", "[syncthing]") {
    auto answer = arrived();
    answer.availability = {};
    CHECK(judged(answer).reason.code == "pixel.waiting");
    answer.availability = {{kOther, false}};
    CHECK(judged(answer).arrival == Arrival::not_yet);
    answer.availability = {{kPhone, true}};
    CHECK(judged(answer).arrival == Arrival::not_yet);
    answer.availability = {{kPhone, true}, {kOther, false}};
    CHECK(judged(answer).arrival == Arrival::not_yet);
    answer.availability = {{"PHNAAAA", false}};  // the short id is not the phone
    CHECK(judged(answer).arrival == Arrival::not_yet);
}

TEST_CASE("not delivered: Syncthing does not know the file, or not as it is on disk", "[syncthing]") {
    CHECK(delivered(std::nullopt, staged(), kDisk, kPhone).reason.code == "pixel.not_indexed");
    auto answer = arrived();
    answer.local = {};
    CHECK(judged(answer).reason.code == "pixel.not_indexed");

    const auto spoilt = GENERATE(0, 1, 2, 3, 4, 5, 6, 7, 8);
    answer = arrived();
    auto& local = answer.local;
    if (spoilt == 0) local.name = "img_1-1.heic";
    if (spoilt == 1) local.is_file = false;
    if (spoilt == 2) local.deleted = true;
    if (spoilt == 3) local.invalid = true;
    if (spoilt == 4) local.ignored = true;
    if (spoilt == 5) local.must_rescan = true;
    if (spoilt == 6) local.size = 11;
    if (spoilt == 7) local.modified->nanoseconds += 1;
    if (spoilt == 8) local.version = answer.global.version = {};
    CHECK(judged(answer).arrival == Arrival::not_yet);
    CHECK(judged(answer).reason.code == "pixel.not_scanned");
}

TEST_CASE("not delivered: the outbox file is gone or no longer the staged one, whatever Syncthing says", "[syncthing]") {
    CHECK(delivered(arrived(), staged(), std::nullopt, kPhone).arrival == Arrival::changed_here);
    CHECK(delivered(arrived(), staged(), OnDisk{{11}, kTaken}, kPhone).arrival == Arrival::changed_here);
    CHECK(delivered(arrived(), staged(), OnDisk{{10}, {kTaken.seconds, 6}}, kPhone).arrival == Arrival::changed_here);
}

TEST_CASE("not delivered: edited on the phone, which then holds other bytes", "[syncthing]") {
    auto answer = arrived();
    answer.global = entry(kFreed, "PHNAAAA");
    CHECK(judged(answer).arrival == Arrival::changed_there);
    answer = arrived();
    answer.global.invalid = true;
    CHECK(judged(answer).arrival == Arrival::changed_there);
}

TEST_CASE("not delivered: the newest version is a deletion that the phone holds", "[syncthing]") {
    CHECK(judged(deleted_by_phone()).arrival == Arrival::deleted_there);
}

}  // namespace mediaferry::syncthing
