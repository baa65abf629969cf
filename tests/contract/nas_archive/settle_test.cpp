// SPDX-License-Identifier: GPL-3.0-or-later
// The second proof, and the only place that removes an original.
#include <catch2/catch.hpp>

#include "common/archive/known.h"
#include "common/archive/release_original.h"
#include "common/archive/settle.h"
#include "common/errors/errors.h"
#include "tests/contract/nas_archive/archived_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::ArchivedHouse;
using test::noise;
using test::Sample;

namespace {

constexpr std::chrono::seconds kFresh = 24h * 7;

/// What icloud_delete would hear of the photo now.
std::string asked(ArchivedHouse& house, MediaId photo) {
    const auto archive = archive::open_known(house.db(), house.settings.archive, house.clock.now());
    const auto reason = archive::prove_again(archive, house.db(), house.item(photo), house.copy(photo, Place::nas).value(), house.clock.now(),
                                             house.settings.archive.settle, kFresh);
    return reason ? reason->code : "proven";
}

void age_past_settling(ArchivedHouse& house) { house.clock.advance(house.settings.archive.settle); }

}  // namespace

TEST_CASE("A copy counts for a deletion only when it was read again after the settling time", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto first = house.copy(photo, Place::nas)->proven;
    CHECK(asked(house, photo) == "nas.settling");
    house.clock.advance(house.settings.archive.settle - 1s);
    CHECK(asked(house, photo) == "nas.settling");
    house.clock.advance(1s);
    CHECK(asked(house, photo) == "proven");
    const auto copy = house.copy(photo, Place::nas).value();
    CHECK(copy.proof == "settled");
    CHECK(copy.proven == first);
    CHECK(copy.checked == house.clock.now());
    CHECK(copy.receipt.find("\"again\"") != std::string::npos);
}

TEST_CASE(
    "Every copy is read a second time by the archive's own run once it has settled, wherever its photo stands and whether anything is ever deleted",
    "[nas_archive]") {
    ArchivedHouse house;
    house.settings.icloud_delete.enabled = false;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->proof == "read_back");
    age_past_settling(house);
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->proof == "settled");
    house.clock.advance(1h);
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->checked == house.clock.now() - 1h);  // and not over and over
}

TEST_CASE("A settled copy is read again when its last reading is no longer fresh", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    age_past_settling(house);
    CHECK(asked(house, photo) == "proven");
    const auto read_at = house.copy(photo, Place::nas)->checked;
    house.clock.advance(kFresh);
    CHECK(asked(house, photo) == "proven");
    CHECK(house.copy(photo, Place::nas)->checked == read_at);
    house.clock.advance(1s);
    CHECK(asked(house, photo) == "proven");
    CHECK(house.copy(photo, Place::nas)->checked == house.clock.now());
}

TEST_CASE("A reading of a day that has not come yet is none: the clock was wrong", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    house.clock.advance(house.settings.archive.settle + 10h);
    REQUIRE(asked(house, photo) == "proven");
    house.clock.advance(-5h);
    test::write(house.settings.archive.root / house.copy(photo, Place::nas)->path, "rotten");
    CHECK(asked(house, photo) == "nas.damaged");
}

TEST_CASE("A copy of other content than the file proves nothing, however fresh its reading", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    age_past_settling(house);
    REQUIRE(asked(house, photo) == "proven");
    auto item = house.item(photo);
    item.sha256.bytes[0] ^= 1;
    const auto archive = archive::open_known(house.db(), house.settings.archive, house.clock.now());
    const auto reason = archive::prove_again(archive, house.db(), item, house.copy(photo, Place::nas).value(), house.clock.now(),
                                             house.settings.archive.settle, kFresh);
    REQUIRE(reason);
    CHECK(reason->code == "nas.unproven");
}

TEST_CASE("A reading before its time finds what rotted and settles nothing", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    house.clock.advance(1h);
    const auto archive = archive::open_known(house.db(), house.settings.archive, house.clock.now());
    CHECK_FALSE(archive::read_again(archive, house.db(), house.item(photo), house.copy(photo, Place::nas).value(), house.clock.now(),
                                    house.settings.archive.settle));
    CHECK(house.copy(photo, Place::nas)->proof == "read_back");
}

TEST_CASE("A copy that rots or goes away stops counting, and a new one is made", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    age_past_settling(house);
    const auto there = house.nas() / house.copy(photo, Place::nas)->path;
    const bool gone = GENERATE(true, false);
    if (gone) {
        fs::remove(there);
    } else {
        test::write(there, noise(20'000, 9));
    }
    CHECK(asked(house, photo) == (gone ? "nas.missing" : "nas.damaged"));
    CHECK_FALSE(house.copy(photo, Place::nas));
    CHECK_FALSE(house.item(photo).synced_nas);
    CHECK(house.status(photo, "nas_archive") == StepStatus::pending);
    CHECK(house.run("nas_archive").exit_code == 0);
    const auto copy = house.copy(photo, Place::nas).value();
    CHECK(test::read(house.nas() / copy.path) == Sample{}.content);
    CHECK(copy.path == fs::path(gone ? "2024/06/IMG_0001.JPG" : "2024/06/IMG_0001-2.JPG"));
}

TEST_CASE("nas_archive reads a second time what icloud_delete will ask for", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    house.done_up_to(photo, "icloud_mark");
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->proof == "read_back");
    age_past_settling(house);
    CHECK(house.run("nas_archive").exit_code == 0);
    CHECK(house.copy(photo, Place::nas)->proof == "settled");
}

TEST_CASE("A copy in another archive proves nothing for this one", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    age_past_settling(house);
    fs::remove(house.nas() / archive::kMarkerName);
    archive::remember(house.db(), archive::Archive::initialise(house.settings.archive, house.clock.now()).first, house.clock.now());
    CHECK(asked(house, photo) == "nas.other");
    CHECK_THROWS_AS(archive::release_original(house.db(), house.settings, photo, house.clock.now()), NeedsPerson);
}

TEST_CASE("A redone step keeps a good copy and replaces a lost one", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto copy = house.copy(photo, Place::nas)->id;
    media_db::Conveyor(house.db()).redo(photo, "nas_archive", house.clock.now());
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->id == copy);
    fs::remove(house.nas() / "2024/06/IMG_0001.JPG");
    media_db::Conveyor(house.db()).redo(photo, "nas_archive", house.clock.now());
    house.run("nas_archive");
    CHECK(house.copy(photo, Place::nas)->id != copy);
    CHECK(house.status(photo, "nas_archive") == StepStatus::done);
    CHECK(house.files() == std::vector<std::string>{"2024/06/IMG_0001.JPG"});
}

TEST_CASE("An original goes only when its content is proven on the NAS", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto original = house.item(photo).local_path.value();
    CHECK_THROWS_AS(archive::release_original(house.db(), house.settings, photo, house.clock.now()), NeedsPerson);
    CHECK(fs::exists(original));
    house.run("nas_archive");
    CHECK(archive::release_original(house.db(), house.settings, photo, house.clock.now()));
    CHECK_FALSE(fs::exists(original));
    CHECK_FALSE(house.item(photo).local_path);
    CHECK_FALSE(archive::release_original(house.db(), house.settings, photo, house.clock.now()));
}

TEST_CASE("An original stays when what the NAS has is of other content, or nobody read it back", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto other = house.downloaded("IMG_0002.JPG", {.content = "another photo"});
    house.run("nas_archive");
    auto copy = house.copy(other, Place::nas).value();
    media_db::Evidence(house.db()).removed(house.copy(photo, Place::nas)->id, house.clock.now());
    copy.media = photo;
    SECTION("of other content") {}
    SECTION("not read back") {
        copy.sha256 = house.item(photo).sha256;
        copy.proof = "staged";
    }
    media_db::Evidence(house.db()).add(copy);
    CHECK_THROWS_AS(archive::release_original(house.db(), house.settings, photo, house.clock.now()), NeedsPerson);
    CHECK(fs::exists(*house.item(photo).local_path));
}

TEST_CASE("Without an archive originals stay", "[nas_archive]") {
    ArchivedHouse house;
    house.settings.archive.enabled = false;
    const auto photo = house.downloaded("IMG_0001.JPG");
    CHECK_FALSE(archive::release_original(house.db(), house.settings, photo, house.clock.now()));
    CHECK(fs::exists(*house.item(photo).local_path));
}

TEST_CASE("An original outside the working folders is nobody's to remove", "[nas_archive]") {
    ArchivedHouse house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto elsewhere = test::write(house.dir / "elsewhere/IMG_0001.JPG", Sample{}.content);
    media_db::Catalogue(house.db()).set_local_path(photo, elsewhere, house.clock.now());
    CHECK_THROWS_AS(archive::release_original(house.db(), house.settings, photo, house.clock.now()), NeedsPerson);
    CHECK(fs::exists(elsewhere));
}
