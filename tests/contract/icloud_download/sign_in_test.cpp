// SPDX-License-Identifier: GPL-3.0-or-later
// What icloud_download does without a good session; and one crossing with the real icloudpd.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "common/files/files.h"
#include "common/process/process.h"
#include "tests/support/icloud_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using test::IcloudHouse;
using test::noise;
using test::read;

namespace {

constexpr auto kStage = "icloud_download";
std::string jpeg(unsigned seed) { return "\xff\xd8\xff\xe1" + noise(20'000, seed); }

/// The real binary; "" when this machine has none and none can be fetched.
std::string real_icloudpd() {
    if (const auto* path = std::getenv("MEDIAFERRY_ICLOUDPD")) return path;
    const auto* tools = std::getenv("MEDIAFERRY_TOOLS");
    process::Command fetch;
    fetch.argv = {std::string(SOURCE_ROOT) + "/scripts/fetch_icloudpd", tools != nullptr ? tools : std::string(SOURCE_ROOT) + "/build/icloudpd"};
    fetch.inherit_environment = true;
    const auto output = process::capture(fetch);
    return output.exit.ok() ? output.out.substr(0, output.out.find('\n')) : "";
}

}  // namespace

TEST_CASE("A code that Apple wants is asked of a person, once", "[icloud_download]") {
    IcloudHouse house;
    house.apple.call("expire");
    house.icloudpd_says("Two-factor authentication is required (2fa)");
    for (int i = 0; i < 3; ++i) {
        const auto result = house.run(kStage);
        CHECK(result.exit_code == 77);
        CHECK(result.reason->code == "icloud.two_factor");
        CHECK(result.reason->text.find("mediaferry auth login") != std::string::npos);
        house.clock.advance(24h);
    }
    CHECK(house.icloudpd_starts() == 1);
}

TEST_CASE("A wrong password is tried once", "[icloud_download]") {
    IcloudHouse house;
    house.apple.call("expire");
    house.icloudpd_says(R"(('Invalid email/password combination.', PyiCloudAPIResponseException('{"service_errors":[{"code": "-20101"}]} (401)')))");
    for (int i = 0; i < 3; ++i) {
        const auto result = house.run(kStage);
        CHECK(result.exit_code == 77);
        CHECK(result.reason->code == "icloud.wrong_password");
        house.clock.advance(24h);
    }
    CHECK(house.icloudpd_starts() == 1);
}

TEST_CASE("An icloudpd that is missing or cannot sign in is told, not guessed around", "[icloud_download]") {
    IcloudHouse house;
    SECTION("missing") {
        house.settings.icloud.command = {(house.dir / "no-such-program").string()};
        CHECK(house.run(kStage).exit_code == 69);
    }
    SECTION("away") {
        house.apple.call("expire");
        house.icloudpd_says("Cannot connect to Apple iCloud service");
        const auto result = house.run(kStage);
        CHECK(result.exit_code == 69);
        CHECK(result.reason->code == "icloudpd.unreachable");
    }
}

TEST_CASE("Apple says no to a listing: nothing is concluded", "[icloud_download]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", jpeg(1)}});
    REQUIRE(house.run(kStage).exit_code == 0);
    house.clock.advance(24h);
    house.apple.fault({{"match", "records/query.*CPLAssetAndMaster"}, {"status", 503}, {"times", 0}});
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(media_db::Catalogue(house.db()).listed_assets() == 1);
}

TEST_CASE("The real icloudpd brings a photo, and a second run downloads nothing", "[icloud_download][real]") {
    const auto binary = real_icloudpd();
    if (binary.empty()) {
        WARN("no icloudpd here: not tested");
        return;
    }
    IcloudHouse house;
    house.settings.icloud.command = {binary};
    house.settings.icloud.environment = house.apple.icloudpd_environment();
    const auto still = jpeg(1), movie = noise(30'000, 2), edit = jpeg(3);
    house.apple.add("IMG_0001", {{"original", still}, {"live_movie", movie}, {"edited", edit}});
    REQUIRE(house.run(kStage).exit_code == 0);
    media_db::Catalogue catalogue{house.db()};
    for (const auto& [name, content] : {std::pair{"IMG_0001.JPG", still}, {"IMG_0001.MOV", movie}, {"IMG_0001-adjusted.JPG", edit}}) {
        REQUIRE(catalogue.find(name).size() == 1);
        CHECK(read(*catalogue.find(name)[0].local_path) == content);
    }
    CHECK(catalogue.set_aside().empty());
    const auto downloads = house.apple.downloads();
    CHECK(downloads == 3);
    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(house.apple.downloads() == downloads);
}
