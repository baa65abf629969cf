// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include <ctime>

#include "common/archive/archive.h"
#include "common/archive/known.h"
#include "common/archive/receipt.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"
#include "tests/support/house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using test::House;
using test::noise;
using test::Sample;

namespace {

/// File times are the kernel's: the house's clock is set to the machine's and moved on from there.
struct HouseOfToday : House {
    HouseOfToday() { clock.set(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())); }
    fs::path backups() const { return settings.state_directory() / "backups"; }
    std::size_t backup_count() const { return fs::exists(backups()) ? files::Tree::open(backups()).list("").size() : 0; }

    /// A photo as it lies when its deletion in iCloud was read back and the run died before removing the original.
    MediaId deleted_but_left(const std::string& name, bool proven) {
        const auto photo = downloaded(name, {.content = noise(1000, static_cast<unsigned>(name.size())), .folder = "delete_pending"});
        media_db::Catalogue(db()).set_flags(photo, true, true, true, true, clock.now());
        if (proven) prove(photo);
        return photo;
    }
    void prove(MediaId photo) {
        if (!fs::exists(nas() / archive::kMarkerName)) archive::Archive::initialise(settings.archive, clock.now());
        const auto archive = archive::open_known(db(), settings.archive, clock.now());
        media_db::Copy copy;
        copy.media = photo;
        copy.place = Place::nas;
        copy.path = item(photo).filename;
        copy.sha256 = item(photo).sha256;
        copy.size = item(photo).size;
        copy.proof = "settled";
        copy.written = clock.now();
        copy.proven = copy.checked = clock.now();
        copy.receipt = archive::first_receipt(archive, {copy.path, false, {"direct"}}, clock.now());
        media_db::Evidence(db()).add(copy);
    }
};

const std::string kIcloudpdPart = "MFXGC3TEMVTGM2LDMVXGIZLO====.part";

}  // namespace

TEST_CASE("cleanup removes what nobody goes on with, and only that", "[cleanup]") {
    HouseOfToday house;
    const auto part = test::write(house.folder("incoming") / "2024/06" / kIcloudpdPart, "half");
    const auto ours = test::write(house.folder("compress") / files::temporary_name(), "half");
    const auto fetch = test::write(house.folder("incoming") / ".mediaferry-fetch/17.part", "half");
    const auto staged = test::write(house.settings.folders.root / ".mediaferry-staging/IMG_1-7.JPG", "half");
    const auto small = test::write(house.folder("library") / "2024/06/.mediaferry-small-7.jpg", "half");
    const auto state = test::write(house.settings.database.parent_path() / files::temporary_name(), "half");
    const auto session = test::write(house.settings.icloud.cookie_directory / files::temporary_name(), "half");
    const auto foreign = test::write(house.folder("incoming") / "holiday.part", "a person's");
    const auto unknown = test::write(house.folder("backup") / "unknown.jpg", "a person's");
    house.run("cleanup");
    CHECK(fs::exists(part));
    CHECK(fs::exists(ours));
    house.clock.advance(house.settings.workflow.cleanup_after + 1min);
    CHECK(house.run("cleanup").exit_code == 0);
    CHECK_FALSE(fs::exists(part));
    CHECK_FALSE(fs::exists(ours));
    CHECK_FALSE(fs::exists(fetch));
    CHECK_FALSE(fs::exists(staged));
    CHECK_FALSE(fs::exists(small));
    CHECK_FALSE(fs::exists(state));
    CHECK_FALSE(fs::exists(session));
    CHECK(fs::exists(foreign));
    CHECK(fs::exists(unknown));
}

TEST_CASE("cleanup leaves a photo that is called as icloudpd calls its unfinished files", "[cleanup]") {
    HouseOfToday house;
    house.downloaded(kIcloudpdPart);
    const auto small = test::write(house.folder("library") / "2024/06" / kIcloudpdPart, "a small copy");
    house.clock.advance(house.settings.workflow.cleanup_after + 1min);
    house.run("cleanup");
    CHECK(fs::exists(house.folder("backup") / kIcloudpdPart));
    CHECK(fs::exists(small));
}

TEST_CASE("cleanup removes empty folders but not the folders of the house", "[cleanup]") {
    HouseOfToday house;
    fs::create_directories(house.folder("backup") / "2019/01");
    fs::create_directories(house.folder("incoming") / "2020");
    test::write(house.folder("backup") / "2024/06/kept.jpg", "x");
    house.clock.advance(house.settings.workflow.cleanup_after + 1min);
    house.run("cleanup");
    CHECK_FALSE(fs::exists(house.folder("backup") / "2019"));
    CHECK_FALSE(fs::exists(house.folder("incoming") / "2020"));
    CHECK(fs::exists(house.folder("backup") / "2024/06/kept.jpg"));
    for (const auto* const name : {"incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash"})
        CHECK(fs::exists(house.folder(name)));
}

TEST_CASE("cleanup removes the scratch of runs that have ended", "[cleanup]") {
    HouseOfToday house;
    media_db::Runs runs{house.db()};
    const auto dead = runs.begin("compress", 0, 1, std::nullopt, house.clock.now());
    runs.ended_by_signal(dead, 9, house.clock.now());
    const auto alive = runs.begin("compress", 1, 1, std::nullopt, house.clock.now());
    const auto scratch = house.settings.state_directory() / "runs";
    test::write(scratch / std::to_string(dead.value) / "frame.tmp", "x");
    test::write(scratch / std::to_string(alive.value) / "frame.tmp", "x");
    test::write(scratch / "notes/mine.txt", "x");
    house.run("cleanup");
    CHECK_FALSE(fs::exists(scratch / std::to_string(dead.value)));
    CHECK(fs::exists(scratch / std::to_string(alive.value)));
    CHECK(fs::exists(scratch / "notes/mine.txt"));
}

TEST_CASE("Damaged arrivals leave the trash after thirty days; what may be a person's own stays", "[cleanup]") {
    HouseOfToday house;
    house.downloaded("IMG_0001.JPG");
    const auto set_aside = [&](const std::string& name, const std::string& code) {
        const auto path = test::write(house.folder("trash") / "set_aside" / name, "x");
        media_db::Catalogue(house.db()).add_set_aside(name, path, {1}, "", {code, "why"}, house.clock.now());
        return path;
    };
    const auto page = set_aside("error.html", "download.page");
    const auto torn = set_aside("IMG_0001.JPG", "download.mismatch");
    const auto own = set_aside("wedding.jpg", "download.mismatch");
    house.clock.advance(24h * 29);
    house.run("cleanup");
    CHECK(fs::exists(page));
    house.clock.advance(24h * 2);
    house.run("cleanup");
    CHECK_FALSE(fs::exists(page));
    CHECK_FALSE(fs::exists(torn));
    CHECK(fs::exists(own));
    CHECK(media_db::Catalogue(house.db()).set_aside().size() == 1);
}

TEST_CASE("cleanup backs media.db up once a day and keeps seven", "[cleanup]") {
    HouseOfToday house;
    const auto mine = test::write(house.backups() / "before-the-holiday.db", "x");
    house.run("cleanup");
    house.run("cleanup");
    CHECK(house.backup_count() == 2);
    for (int day = 0; day < 10; ++day) {
        house.clock.advance(24h);
        house.run("cleanup");
    }
    CHECK(house.backup_count() == 8);
    CHECK(fs::exists(mine));
    const auto newest = files::Tree::open(house.backups()).list("").back();
    const auto copy = media_db::MediaDb::open(house.backups() / newest, media_db::Access::read_only);
    CHECK(copy.file() == house.backups() / newest);
}

TEST_CASE("a backup that a killed run left is taken as it is when finished, and removed when not", "[cleanup]") {
    HouseOfToday house;
    const auto stamp = to_compact(house.clock.now());
    test::write(house.backups() / "daily-20240101_000000.db.part", "half");
    test::write(house.backups() / "daily-20240101_000000.db.part-journal", "half");
    test::write(house.backups() / ("daily-" + stamp + ".db"), "finished in this very second");
    const auto died = test::write(house.backups() / "media-20240101_000000-by-hand.db.part", "half");
    const auto at_work = test::write(house.backups() / "media-20240102_000000-by-hand.db.part", "half");
    const auto just_begun = test::write(house.backups() / "media-20240103_000000-by-hand.db.part", "half");
    const auto holds_it = files::Lock::try_take(at_work);  // on a slow disk it may take longer than cleanup_after
    for (const auto& part : {died, at_work})
        fs::last_write_time(part, (house.clock.now() - house.settings.workflow.cleanup_after - 1s).time_since_epoch().count());
    fs::last_write_time(just_begun, house.clock.now().time_since_epoch().count());
    CHECK(house.run("cleanup").exit_code == 0);
    CHECK_FALSE(fs::exists(died));
    REQUIRE(fs::remove(just_begun));
    REQUIRE(fs::remove(at_work));
    CHECK(house.backup_count() == 1);
    CHECK(fs::exists(house.backups() / ("daily-" + stamp + ".db")));
}

TEST_CASE("A link in the place of a folder of our own leads cleanup nowhere", "[cleanup]") {
    HouseOfToday house;
    const auto theirs = test::write(house.dir / "elsewhere" / "IMG_1.JPG", "somebody's");
    fs::create_directory_symlink(house.dir / "elsewhere", house.settings.folders.root / ".mediaferry-staging");
    house.clock.advance(house.settings.workflow.cleanup_after + 24h);
    CHECK(house.run("cleanup").exit_code == 0);
    REQUIRE(fs::exists(theirs));
    CHECK(test::read(theirs) == "somebody's");
}

TEST_CASE("An original left behind goes only with the proof on the NAS", "[cleanup]") {
    HouseOfToday house;
    const auto proven = house.deleted_but_left("IMG_1.JPG", true);
    const auto unproven = house.deleted_but_left("IMG_10.JPG", false);
    const auto kept = house.item(unproven).local_path.value();
    const auto gone = house.item(proven).local_path.value();
    house.run("cleanup");
    CHECK_FALSE(fs::exists(gone));
    CHECK_FALSE(house.item(proven).local_path);
    CHECK(fs::exists(kept));
    CHECK(house.item(unproven).local_path == kept);
}

TEST_CASE("The row of a forgotten original whose file a killed run removed is cleared", "[cleanup]") {
    HouseOfToday house;
    const auto photo = house.deleted_but_left("IMG_1.JPG", true);
    fs::remove(*house.item(photo).local_path);
    CHECK(house.run("cleanup").exit_code == 0);
    CHECK_FALSE(house.item(photo).local_path);
}

TEST_CASE("A proven original stays while its photo is in iCloud", "[cleanup]") {
    HouseOfToday house;
    const auto photo = house.downloaded("IMG_1.JPG", {.folder = "delete_pending"});
    house.prove(photo);
    house.run("cleanup");
    CHECK(fs::exists(*house.item(photo).local_path));
}

TEST_CASE("Placeholders go when their photo is no longer in iCloud", "[cleanup]") {
    HouseOfToday house;
    const auto deleted = house.downloaded("IMG_1.JPG", {.content = noise(9000, 1)});
    const auto listed = house.downloaded("IMG_2.JPG", {.content = noise(9000, 2)});
    media_db::Catalogue catalogue{house.db()};
    for (const auto& [id, name] : {std::pair{deleted, "2024/06/IMG_1.JPG"}, {listed, "2024/06/IMG_2.JPG"}}) {
        fs::create_directories((house.folder("incoming") / name).parent_path());
        files::make_placeholder(house.folder("incoming") / name, {9000}, Sample{}.taken);
        catalogue.add_placeholder(name, id, {9000}, house.clock.now());
    }
    catalogue.set_deleted(*house.item(deleted).asset, house.clock.now());
    house.run("cleanup");
    CHECK_FALSE(fs::exists(house.folder("incoming") / "2024/06/IMG_1.JPG"));
    CHECK_FALSE(catalogue.is_placeholder("2024/06/IMG_1.JPG"));
    CHECK(fs::exists(house.folder("incoming") / "2024/06/IMG_2.JPG"));
}

TEST_CASE("The row of a placeholder whose file a killed run removed goes too", "[cleanup]") {
    HouseOfToday house;
    const auto deleted = house.downloaded("IMG_1.JPG", {.content = noise(9000, 1)});
    media_db::Catalogue catalogue{house.db()};
    catalogue.add_placeholder("2024/06/IMG_1.JPG", deleted, {9000}, house.clock.now());
    catalogue.set_deleted(*house.item(deleted).asset, house.clock.now());
    CHECK(house.run("cleanup").exit_code == 0);
    CHECK_FALSE(catalogue.is_placeholder("2024/06/IMG_1.JPG"));
}

TEST_CASE("A dry run of cleanup names what would go and removes nothing", "[cleanup]") {
    HouseOfToday house;
    const auto part = test::write(house.folder("incoming") / kIcloudpdPart, "half");
    house.clock.advance(house.settings.workflow.cleanup_after + 1min);
    std::string said;
    house.run("cleanup", {.dry_run = true, .say = [&](const std::string& line) { said += line + "\n"; }});
    CHECK(said.find(kIcloudpdPart) != std::string::npos);
    CHECK(said.find("media.db") != std::string::npos);
    CHECK(fs::exists(part));
    CHECK(house.backup_count() == 0);
}
