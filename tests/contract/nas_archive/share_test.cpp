// SPDX-License-Identifier: GPL-3.0-or-later
// The stage with its archive on a share: the same steps, and a copy proves less until it settled.
#include <catch2/catch.hpp>

#include "common/archive/known.h"
#include "common/archive/release_original.h"
#include "common/archive/settle.h"
#include "common/errors/errors.h"
#include "tests/support/house.h"
#include "tests/support/samba.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::read;

namespace {

struct ShareHouse : test::House {
    test::Samba samba;
    ShareHouse() {
        settings.archive.root = samba.url();
        settings.archive.user = samba.user();
        settings.archive.password = {true, test::Samba::password(), "the test"};
        archive::Archive::initialise(settings.archive, clock.now());
    }
};

}  // namespace

TEST_CASE("Over a share an original stays until its copy settled: nobody knows what was flushed", "[nas_archive][share]") {
    ShareHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto original = house.item(photo).local_path.value();
    house.run("nas_archive");
    CHECK(house.status(photo, "nas_archive") == StepStatus::done);
    CHECK(house.copy(photo, Place::nas)->proof == "read_back");
    CHECK(read(house.samba.disk() / "2024/06/IMG_0001.JPG") == test::Sample{}.content);
    CHECK(fs::exists(house.samba.disk() / "2024/06/SHA256SUMS"));
    CHECK(fs::exists(house.samba.disk() / ".mediaferry/index.db"));
    CHECK_FALSE(archive::may_release(house.db(), house.settings, house.item(photo)));
    CHECK_THROWS_AS(archive::release_original(house.db(), house.settings, photo, house.clock.now()), NeedsPerson);
    CHECK(fs::exists(original));
    house.clock.advance(house.settings.archive.settle);
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->proof == "settled");
    CHECK(archive::release_original(house.db(), house.settings, photo, house.clock.now()));
    CHECK_FALSE(fs::exists(original));
}

TEST_CASE("Without its server the stage waits with a reason, and goes on where it was", "[nas_archive][share]") {
    ShareHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.samba.kill();
    CHECK(house.run("nas_archive").exit_code == 69);
    CHECK(house.status(photo, "nas_archive") == StepStatus::pending);
    house.samba.start();
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.status(photo, "nas_archive") == StepStatus::done);
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(files::Tree::open(house.samba.disk() / "2024/06").list("").front() == "IMG_0001.JPG");
}

TEST_CASE("A wrong password needs a person", "[nas_archive][share]") {
    ShareHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.settings.archive.password.value = "falsch";
    CHECK(house.run("nas_archive").exit_code == 77);
    CHECK(house.status(photo, "nas_archive") == StepStatus::pending);
}
