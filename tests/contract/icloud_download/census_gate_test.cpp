// SPDX-License-Identifier: GPL-3.0-or-later
// What the listing says, compared with what media.db knows: only iCloud's own word explains an absence.
#include <catch2/catch.hpp>

#include "common/icloud/census_gate.h"
#include "tests/support/icloud_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using test::IcloudHouse;
using test::noise;

namespace {

constexpr auto kStage = "icloud_download";
constexpr auto kListing = "records/query.*ByAssetDateWithoutHiddenOrDeleted";

struct Listed : IcloudHouse {
    std::string first = apple.add("IMG_0001", {{"original", noise(3000, 1)}}), second = apple.add("IMG_0002", {{"original", noise(3000, 2)}});
    Listed() { again(); }
    void again() {
        clock.advance(24h);
        REQUIRE(run(kStage).exit_code == 0);
    }
    icloud::Census census() { return icloud::last_census(db()).value(); }
    std::string gate() {
        const auto reason = icloud::census_gate(db());
        return reason ? reason->code : "open";
    }
};

}  // namespace

TEST_CASE("A list and a count that agree, and everything that left them explained by iCloud, leave the gate open", "[icloud_download]") {
    Listed house;
    CHECK(house.gate() == "open");
    CHECK(house.census().listed == 2);
    house.apple.call("delete", {{"asset", "IMG_0001"}});
    house.apple.call("hide", {{"asset", "IMG_0002"}});
    house.again();
    CHECK(house.gate() == "open");
    CHECK(house.census().gone == 1);
    CHECK(house.census().hidden == 1);
    CHECK(house.census().unexplained == 0);
}

TEST_CASE("A photo that the list leaves out while iCloud knows it closes the gate and is named, even if the count leaves it out too",
          "[icloud_download]") {
    Listed house;
    house.apple.call("knob", {{"count_offset", -1}});
    house.apple.fault({{"match", kListing}, {"drop_records", {house.first}}, {"times", 0}});
    house.again();
    CHECK(house.census().complete);
    CHECK(house.gate() == "icloud.census_unexplained");
    REQUIRE(house.census().items.size() == 1);
    CHECK(house.census().items[0].icloud_id == house.first);
    CHECK(house.census().items[0].why.code == "icloud.left_out");
    CHECK(house.told().at(0).find("release census") != std::string::npos);

    house.apple.call("reset_faults");
    house.apple.call("knob", {{"count_offset", 0}});
    house.again();
    CHECK(house.gate() == "open");
}

TEST_CASE("A photo that left the list and of which iCloud says nothing is not explained", "[icloud_download]") {
    Listed house;
    house.apple.call("delete", {{"asset", "IMG_0001"}});
    const nlohmann::json answer{{"records", {{{"recordName", house.first}, {"serverErrorCode", "INTERNAL_ERROR"}}}}};
    house.apple.fault({{"match", "records/lookup.*" + house.first}, {"body", answer}, {"times", 0}});
    house.again();
    CHECK(house.gate() == "icloud.census_unexplained");
    CHECK(house.census().items.at(0).why.code == "icloud.unknown");
    house.apple.call("reset_faults");
    house.again();
    CHECK(house.gate() == "open");
    CHECK(house.census().gone == 1);
}

TEST_CASE("A run that dies over its questions leaves the difference unexplained", "[icloud_download]") {
    Listed house;
    house.apple.call("delete", {{"asset", "IMG_0001"}});
    house.apple.fault({{"match", "records/lookup.*" + house.first}, {"status", 503}, {"times", 0}});
    house.clock.advance(24h);
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(house.gate() == "icloud.census_unexplained");
}

TEST_CASE("A short list closes the gate and names what it lacks; a person may acknowledge exactly this difference", "[icloud_download]") {
    Listed house;
    house.apple.fault({{"match", kListing}, {"drop_records", {house.first}}, {"times", 0}});
    house.again();
    CHECK(house.gate() == "icloud.census_incomplete");
    CHECK(house.census().items.at(0).icloud_id == house.first);

    CHECK(icloud::acknowledge_census(house.db(), "a test", house.clock.now()));
    CHECK(house.gate() == "open");
    house.again();
    CHECK(house.gate() == "open");  // the same difference
    house.apple.call("reset_faults");
    house.apple.fault({{"match", kListing}, {"drop_records", {house.second}}, {"times", 0}});
    house.again();
    CHECK(house.gate() == "icloud.census_incomplete");  // another photo
    house.apple.call("reset_faults");
    house.again();
    CHECK(house.gate() == "open");
    CHECK_FALSE(icloud::acknowledge_census(house.db(), "a test", house.clock.now()));
}

TEST_CASE("A photo of which only one half is listed closes the gate", "[icloud_download]") {
    Listed house;
    icloud::Census census = house.census();
    census.halves = 1;
    icloud::keep_census(house.db(), census, house.clock.now());
    CHECK(house.gate() == "icloud.census_unexplained");
}

TEST_CASE("What cannot be read of the last census counts as incomplete", "[icloud_download]") {
    Listed house;
    media_db::Facts(house.db()).set("census", R"({"complete":true,"items":[17]})", house.clock.now());
    CHECK(house.gate() == "icloud.census_incomplete");
    media_db::Facts(house.db()).set("census", "torn", house.clock.now());
    CHECK(house.gate() == "icloud.census_incomplete");
}
