// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "tests/support/house.h"

using namespace mediaferry;
using pipeline::StepStatus;
using test::House;
using test::noise;
using test::read;
using test::Sample;

namespace {

/// A photo whose turn for `processing` has come.
MediaId proven(House& house, const std::string& name, const Sample& sample = {}) {
    const auto photo = house.downloaded(name, sample);
    house.done_up_to(photo, "nas_archive");
    return photo;
}

}  // namespace

TEST_CASE("processing moves the original from backup to compress", "[processing]") {
    House house;
    const auto photo = proven(house, "IMG_0001.JPG");
    CHECK(house.run("processing").exit_code == 0);
    CHECK(house.status(photo, "processing") == StepStatus::done);
    CHECK(house.item(photo).local_path == house.folder("compress") / "IMG_0001.JPG");
    CHECK(read(house.folder("compress") / "IMG_0001.JPG") == Sample{}.content);
    CHECK(fs::is_empty(house.folder("backup")));
}

TEST_CASE("processing leaves a file of the same name alone", "[processing]") {
    House house;
    const auto photo = proven(house, "IMG_0001.JPG");
    test::write(house.folder("compress") / "IMG_0001.JPG", "somebody else's");
    house.run("processing");
    CHECK(house.item(photo).local_path == house.folder("compress") / "IMG_0001-2.JPG");
    CHECK(read(house.folder("compress") / "IMG_0001.JPG") == "somebody else's");
}

TEST_CASE("processing gives the documented prefix when asked, in place of an earlier one", "[processing]") {
    House house;
    house.settings.workflow.prefix_names = true;
    const auto photo = proven(house, "IMG_0001.JPG");
    const auto prefixed = house.folder("backup") / "step01_icloud_download_20250115_143022_IMG_0001.JPG";
    fs::rename(*house.item(photo).local_path, prefixed);
    media_db::Catalogue(house.db()).set_local_path(photo, prefixed, house.clock.now());
    house.run("processing");
    CHECK(house.item(photo).local_path == house.folder("compress") / "step05_processing_20251120_120000_IMG_0001.JPG");
    CHECK(house.item(photo).filename == "IMG_0001.JPG");
}

TEST_CASE("A run of processing killed after the move is picked up", "[processing]") {
    House house;
    house.settings.workflow.prefix_names = GENERATE(false, true);
    const auto photo = proven(house, "IMG_0001.JPG");
    const auto* const name = house.settings.workflow.prefix_names ? "step05_processing_20251119_080000_IMG_0001.JPG" : "IMG_0001.JPG";
    test::write(house.folder("compress") / "IMG_0001-2.JPG", noise(20'000, 7));  // another photo of the same size
    fs::rename(*house.item(photo).local_path, house.folder("compress") / name);
    CHECK(house.run("processing").exit_code == 0);
    CHECK(house.status(photo, "processing") == StepStatus::done);
    CHECK(house.item(photo).local_path == house.folder("compress") / name);
}

TEST_CASE("processing does not take another photo's file for its own lost one", "[processing]") {
    House house;
    const auto one = proven(house, "IMG_0001.JPG");
    house.run("processing");
    const auto twin = proven(house, "IMG_0001.JPG");
    fs::remove(*house.item(twin).local_path);
    CHECK(house.run("processing").exit_code == 1);
    CHECK(house.status(twin, "processing") == StepStatus::attention);
    CHECK(house.reason(twin, "processing") == "local.missing");
    CHECK(house.item(one).local_path == house.folder("compress") / "IMG_0001.JPG");
}

TEST_CASE("processing does not carry on what somebody put in the original's place", "[processing]") {
    House house;
    const auto id = house.downloaded("IMG_0001.JPG");
    house.done_up_to(id, "nas_archive");
    const auto original = house.item(id).local_path.value();
    const auto other = test::write(house.dir / "not ours", "another file");
    fs::remove(original);
    fs::create_hard_link(other, original);
    CHECK(house.run("processing").exit_code == 1);
    CHECK(house.reason(id, "processing") == "local.changed");
    CHECK(house.item(id).local_path == original);
    CHECK(read(original) == "another file");
}

TEST_CASE("processing done again changes nothing", "[processing]") {
    House house;
    const auto photo = proven(house, "IMG_0001.JPG");
    house.run("processing");
    media_db::Conveyor(house.db()).redo(photo, "processing", house.clock.now());
    CHECK(house.run("processing").exit_code == 0);
    CHECK(house.item(photo).local_path == house.folder("compress") / "IMG_0001.JPG");
    CHECK(house.status(photo, "processing") == StepStatus::done);
}

TEST_CASE("processing keeps the folders of backup", "[processing]") {
    House house;
    const auto photo = proven(house, "IMG_0001.JPG", {.folder = "backup/2024/06"});
    house.run("processing");
    CHECK(house.item(photo).local_path == house.folder("compress") / "2024/06/IMG_0001.JPG");
}

TEST_CASE("processing waits while the home disk is not mounted", "[processing]") {
    House house;
    const auto photo = proven(house, "IMG_0001.JPG");
    fs::rename(house.folder("backup"), house.dir / "unmounted");
    CHECK(house.run("processing").exit_code == 69);
    CHECK(house.status(photo, "processing") == StepStatus::pending);
}

TEST_CASE("A dry run of processing says where the file would go and leaves it", "[processing]") {
    House house;
    const auto photo = proven(house, "IMG_0001.JPG");
    std::vector<std::string> lines;
    house.run("processing", {.dry_run = true, .say = [&](const std::string& line) { lines.push_back(line); }});
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().find("compress/IMG_0001.JPG") != std::string::npos);
    CHECK(fs::exists(*house.item(photo).local_path));
}
