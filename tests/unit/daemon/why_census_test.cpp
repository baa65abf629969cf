// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/icloud/census_gate.h"
#include "daemon/commands/why_census.h"
#include "daemon/status_report.h"
#include "tests/support/house.h"

using namespace mediaferry;
using test::House;

namespace {

icloud::Census one_left_out() {
    icloud::Census census;
    census.listed = census.counted = 7;
    census.gone = 2;
    census.unexplained = 1;
    census.complete = true;
    census.items = {{"ASSET-1", "IMG_1.HEIC", {"icloud.left_out", "its list leaves it out"}}};
    return census;
}

}  // namespace

TEST_CASE("why census gives the gate with its numbers and names, until a person acknowledges exactly that", "[why]") {
    House house;
    CHECK(daemon::census_json(house.db()).is_null());
    icloud::keep_census(house.db(), one_left_out(), house.clock.now());
    auto said = daemon::census_json(house.db());
    CHECK(said["gate"]["code"] == "icloud.census_unexplained");
    CHECK(said["unexplained"]["left_out"] == 1);
    CHECK(said["explained"]["gone"] == 2);
    CHECK(said["items"][0]["icloud_id"] == "ASSET-1");
    CHECK(said["acknowledged"].is_null());

    CHECK(daemon::release_census(house.db(), true) == 0);
    said = daemon::census_json(house.db());
    CHECK(said["gate"].is_null());
    CHECK(said["acknowledged"]["by"].get<std::string>().size() > 0);

    auto other = one_left_out();
    other.items[0].icloud_id = "ASSET-2";
    icloud::keep_census(house.db(), other, house.clock.now());
    CHECK(daemon::census_json(house.db())["gate"]["code"] == "icloud.census_unexplained");
}

TEST_CASE("status says that nothing is deleted while the gate is closed", "[status]") {
    House house;
    const auto notes = [&] {
        std::string all;
        for (const auto& note : daemon::gather_status(house.db(), house.settings, house.clock.now()).notes) all += note + "\n";
        return all;
    };
    CHECK(notes().find("nothing is deleted") == std::string::npos);
    icloud::keep_census(house.db(), one_left_out(), house.clock.now());
    CHECK(notes().find("nothing is deleted from iCloud") != std::string::npos);
    CHECK(notes().find("mediaferry why census") != std::string::npos);
}
