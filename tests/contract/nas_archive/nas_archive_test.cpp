// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/archive/archive.h"
#include "common/archive/known.h"
#include "common/files/files.h"
#include "tests/contract/nas_archive/archived_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::ArchivedHouse;
using test::noise;
using test::read;
using test::Sample;

TEST_CASE("nas_archive copies a photo under its own name and keeps the proof", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.status(photo, "nas_archive") == StepStatus::done);
    CHECK(house.item(photo).synced_nas);
    const auto copy = house.copy(photo, Place::nas).value();
    CHECK(copy.path == fs::path("2024/06/IMG_0001.JPG"));
    CHECK(copy.proof == "read_back");
    CHECK(copy.sha256 == house.item(photo).sha256);
    CHECK(read(house.nas() / copy.path) == Sample{}.content);
    CHECK(fs::last_write_time(house.nas() / copy.path) == Sample{}.taken.time_since_epoch().count());
    CHECK(copy.receipt.find("\"method\"") != std::string::npos);
    CHECK(house.told_of(photo, "archived"));
    CHECK(fs::exists(*house.item(photo).local_path));
}

TEST_CASE("A second run of nas_archive touches nothing", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto before = house.tree();
    const auto copy = house.copy(photo, Place::nas).value().id;
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.progress().done == 0);
    CHECK(house.tree() == before);
    CHECK(house.copy(photo, Place::nas).value().id == copy);
}

TEST_CASE("nas_archive waits when the mount marker is missing", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    fs::remove(house.nas() / archive::kMarkerName);
    const auto result = house.run("nas_archive");
    CHECK(result.exit_code == 69);
    CHECK(result.reason->code == "nas.unmounted");
    CHECK(house.status(photo, "nas_archive") == StepStatus::pending);
    CHECK(fs::is_empty(house.nas()));
}

TEST_CASE("nas_archive stops when the marker goes in the middle of a run, and goes on when it is back", "[nas_archive]") {
    ArchivedHouse house;
    const auto first = house.downloaded("IMG_0001.JPG", {.content = noise(1000, 1), .taken = Sample{}.taken + 24h});
    const auto second = house.downloaded("IMG_0002.JPG", {.content = noise(1000, 2)});
    const auto marker = read(house.nas() / archive::kMarkerName);
    house.before_item(2, [&] { fs::remove(house.nas() / archive::kMarkerName); });
    CHECK(house.run_watched().exit_code == 69);
    CHECK(house.status(first, "nas_archive") == StepStatus::done);
    CHECK(house.status(second, "nas_archive") == StepStatus::pending);
    CHECK(house.step(second, "nas_archive").attempts == 0);
    CHECK(house.files() == std::vector<std::string>{"2024/06/IMG_0001.JPG"});
    test::write(house.nas() / archive::kMarkerName, marker);
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.status(second, "nas_archive") == StepStatus::done);
}

TEST_CASE("nas_archive writes nothing into what has taken the NAS's place", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.before_item(1, [&] {
        fs::rename(house.nas(), house.dir / "unmounted");
        fs::create_directories(house.nas());
    });
    const auto result = house.run_watched();
    CHECK(result.exit_code == 69);
    CHECK(result.reason->code == "nas.detached");
    CHECK(house.status(photo, "nas_archive") == StepStatus::pending);
    CHECK(fs::is_empty(house.nas()));
    CHECK_FALSE(house.copy(photo, Place::nas));
}

TEST_CASE("nas_archive refuses an archive that is not this house's", "[nas_archive]") {
    ArchivedHouse house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto photo = house.downloaded("IMG_0002.JPG", {.content = noise(500, 2)});
    fs::remove_all(house.nas());
    fs::create_directories(house.nas());
    archive::Archive::initialise(house.settings.archive, house.clock.now());
    const auto result = house.run("nas_archive");
    CHECK(result.exit_code == 1);
    CHECK(result.reason->code == "nas.other");
    CHECK(house.status(photo, "nas_archive") == StepStatus::pending);
    CHECK(house.files().empty());
}

TEST_CASE("Two different photos of one name on one day both arrive", "[nas_archive]") {
    ArchivedHouse house;
    const auto one = house.downloaded("IMG_0001.JPG", {.content = noise(1000, 1)});
    const auto other = house.downloaded("img_0001.jpg", {.content = noise(1000, 2)});
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(read(house.nas() / house.copy(one, Place::nas)->path) == noise(1000, 1));
    CHECK(read(house.nas() / house.copy(other, Place::nas)->path) == noise(1000, 2));
    CHECK(house.files().size() == 2);
    CHECK(house.folded_names_differ());
}

TEST_CASE("A live pair keeps one name when the NAS already has a photo of that name", "[nas_archive]") {
    ArchivedHouse house;
    test::write(house.nas() / "2024/06/IMG_0001.HEIC", "an older photo");
    const auto asset = house.asset("LIVE", "IMG_0001.HEIC");
    const auto still = house.downloaded("IMG_0001.HEIC", {.content = noise(1000, 1), .asset = asset, .live_pair = true});
    const auto movie = house.downloaded(
        "IMG_0001.MOV",
        {.content = noise(2000, 2), .kind = MediaKind::video, .resource = ResourceKind::live_movie, .asset = asset, .live_pair = true});
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.copy(still, Place::nas)->path == fs::path("2024/06/IMG_0001-2.HEIC"));
    CHECK(house.copy(movie, Place::nas)->path == fs::path("2024/06/IMG_0001-2.MOV"));
    CHECK(read(house.nas() / "2024/06/IMG_0001.HEIC") == "an older photo");
}

TEST_CASE("A run killed between rename and commit is picked up without a second copy", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    test::write(house.nas() / "2024/06/IMG_0001.JPG", Sample{}.content);
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.status(photo, "nas_archive") == StepStatus::done);
    CHECK(house.copy(photo, Place::nas)->proof == "read_back");
    CHECK(house.files() == std::vector<std::string>{"2024/06/IMG_0001.JPG"});
}

TEST_CASE("A run killed while writing leaves nothing in the end", "[nas_archive]") {
    ArchivedHouse house;
    house.downloaded("IMG_0001.JPG", {.content = noise(1000, 1)});
    house.run("nas_archive");
    const auto tag = archive::writer_of(house.db(), RunId{1}, house.clock.now()).tag;
    test::write(house.nas() / "2024/06" / (".mediaferry-tmp-" + tag + "-1"), "half a pho");
    house.downloaded("IMG_0002.JPG", {.content = noise(1000, 2)});
    house.run("nas_archive");
    CHECK(house.files() == std::vector<std::string>{"2024/06/IMG_0001.JPG", "2024/06/IMG_0002.JPG"});
}

TEST_CASE("An original that changed or went away needs a person and is not archived", "[nas_archive]") {
    ArchivedHouse house;
    const auto changed = house.downloaded("IMG_0001.JPG", {.content = noise(1000, 1)});
    const auto missing = house.downloaded("IMG_0002.JPG", {.content = noise(1000, 2)});
    test::write(*house.item(changed).local_path, noise(1000, 3));
    fs::remove(*house.item(missing).local_path);
    CHECK(house.run("nas_archive").exit_code == 1);
    CHECK(house.status(changed, "nas_archive") == StepStatus::attention);
    CHECK(house.reason(changed, "nas_archive") == "local.changed");
    CHECK_THAT(house.step(changed, "nas_archive").reason.value().text, Catch::StartsWith(house.item(changed).local_path->string() + " is not the file that arrived"));
    CHECK(house.status(missing, "nas_archive") == StepStatus::attention);
    CHECK(house.reason(missing, "nas_archive") == "local.missing");
    CHECK(house.files().empty());
}

TEST_CASE("Hostile names stay inside the archive", "[nas_archive]") {
    ArchivedHouse house;
    const auto* const name = GENERATE("CON.jpg", "a:b?c*.jpg", ".hidden", " blank .jpg ", "trailing.", "Ünïcödé ☃.HEIC", "new\nline.jpg");
    const auto photo = house.downloaded(name);
    CHECK(house.run("nas_archive").exit_code == 0);
    const auto path = house.copy(photo, Place::nas)->path;
    CHECK(path.parent_path() == fs::path("2024/06"));
    CHECK(read(house.nas() / path) == Sample{}.content);
}

TEST_CASE("A working folder is no archive", "[nas_archive]") {
    ArchivedHouse house;
    house.downloaded("IMG_0001.JPG");
    house.settings.archive.root = house.folder("backup") / "nas";
    CHECK(house.run("nas_archive").exit_code == 78);
}

TEST_CASE("A dry run says what would be copied and writes nothing", "[nas_archive]") {
    ArchivedHouse house;
    house.downloaded("IMG_0001.JPG");
    const auto before = house.tree();
    std::vector<std::string> lines;
    house.run("nas_archive", {.dry_run = true, .say = [&](const std::string& line) { lines.push_back(line); }});
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().find("2024/06/IMG_0001.JPG") != std::string::npos);
    CHECK(house.tree() == before);
}
