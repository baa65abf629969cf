// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "common/files/files.h"
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using pipeline::StepStatus;

namespace {

/// A media.db as the earlier scripts made it, with three files on disk and one that is gone.
fs::path old_database(const test::TempDir& dir) {
    const fs::path file = dir / "media.db";
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(
        R"(CREATE TABLE media (id INTEGER PRIMARY KEY, filename TEXT, icloud_id TEXT, created_date TEXT, local_path TEXT, status TEXT, synced_google TEXT,
                                   nas_google TEXT, album_moved INTEGER DEFAULT 0, deleted_icloud TEXT, initial_size INTEGER, current_size INTEGER,
                                   last_compressed TEXT, last_updated TEXT);
               CREATE INDEX media_filename ON media (filename);
               CREATE TABLE notes (text TEXT))");
    SQLite::Statement insert(
        db, R"(INSERT INTO media (id, filename, icloud_id, created_date, local_path, status, synced_google, nas_google, album_moved, initial_size)
                                    VALUES (?, ?, ?, '2020-05-06T07:08:09', ?, 'compressed', 'yes', 'yes', 1, 99999))");
    int id = 3;
    for (const char* name : {"IMG_1.HEIC", "IMG_1.MOV", "IMG_2.DNG", "GONE.JPG"}) {
        const fs::path path = dir / "incoming" / name;
        if (std::string(name) != "GONE.JPG") test::write(path, std::string("bytes of ") + name);
        insert.bind(1, id);
        insert.bind(2, name);
        insert.bind(3, name);
        insert.bind(4, path.string());
        insert.exec();
        insert.reset();
        id += 2;
    }
    return file;
}

std::string code_of_adopting(const fs::path& file, const fs::path& backup) {
    try {
        Upkeep::adopt(file, backup, test::ManualClock().now());
        return "";
    } catch (const Error& error) {
        return error.code();
    }
}

}  // namespace

TEST_CASE("a backup is whole, private, and opens as a database of ours", "[upkeep]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    const Bytes size = Upkeep(world.db).backup_to(world.dir / "backups/media-1.db");
    CHECK(size.count == fs::file_size(world.dir / "backups/media-1.db"));
    struct stat status {};
    REQUIRE(::stat((world.dir / "backups/media-1.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(world.dir / "backups")) names.push_back(entry.path().filename().string());
    CHECK(names == std::vector<std::string>{"media-1.db"});
    auto copy = MediaDb::open(world.dir / "backups/media-1.db");
    CHECK(Catalogue(copy).item(photo)->filename == "a.jpg");
    CHECK(Upkeep(copy).check().empty());
}

TEST_CASE("a backup overwrites nothing", "[upkeep]") {
    World world;
    test::write(world.dir / "backup.db", "precious");
    CHECK_THROWS_AS(Upkeep(world.db).backup_to(world.dir / "backup.db"), TransientError);
    CHECK(test::read(world.dir / "backup.db") == "precious");
}

TEST_CASE("a backup takes the place of one that died half made, and keeps out of one that is being made", "[upkeep]") {
    World world;
    const auto target = world.dir / "backup.db";
    test::write(target.string() + ".part", std::string(100'000, 'x'));
    Upkeep(world.db).backup_to(target);
    {
        auto copy = MediaDb::open(target);
        CHECK(Upkeep(copy).check().empty());
    }
    CHECK_FALSE(fs::exists(target.string() + ".part"));

    fs::remove(target);
    const auto at_work = files::Lock::try_take(target.string() + ".part");
    std::string code;
    try {
        Upkeep(world.db).backup_to(target);
    } catch (const TransientError& error) {
        code = error.code();
    }
    CHECK(code == "db.backup_running");
    CHECK(fs::exists(target.string() + ".part"));
    CHECK_FALSE(fs::exists(target));
}

TEST_CASE("a row that names one that does not exist is found", "[upkeep]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.db.impl().run("PRAGMA foreign_keys = OFF");
    world.db.impl().run("DELETE FROM media WHERE id = " + std::to_string(photo.value));
    CHECK_FALSE(Upkeep(world.db).check().empty());
}

TEST_CASE("a database of the earlier scripts is adopted: files are hashed, claims become history and prove nothing", "[adopt]") {
    test::TempDir dir;
    test::ManualClock clock;
    const auto file = old_database(dir);
    const auto result = Upkeep::adopt(file, dir / "media.db.before-adoption", clock.now());
    CHECK(result.adopted == 3);
    CHECK(result.without_file == std::vector<std::string>{(dir / "incoming/GONE.JPG").string()});

    auto db = MediaDb::open(file);
    Conveyor(db).set_house(house());
    const auto item = Catalogue(db).item(MediaId{3}).value();
    const auto digests = files::digest_file(dir / "incoming/IMG_1.HEIC");
    CHECK(item.filename == "IMG_1.HEIC");
    CHECK(item.status == "downloaded");
    CHECK(item.sha256 == digests.sha256);
    CHECK(item.apple_checksum == digests.apple_checksum);
    CHECK(item.size == digests.size);
    CHECK(to_iso(item.taken) == "2020-05-06T07:08:09Z");
    CHECK_FALSE(item.synced_google);
    CHECK_FALSE(item.synced_nas);
    CHECK_FALSE(item.album_moved);
    CHECK_FALSE(item.asset);
    CHECK(Catalogue(db).item(MediaId{5})->kind == MediaKind::video);
    CHECK(Catalogue(db).item(MediaId{7})->kind == MediaKind::raw);
    CHECK_FALSE(Catalogue(db).item(MediaId{9}));

    const auto events = Events(db).of(item.id);
    REQUIRE(events.size() == 2);
    CHECK(events[1].what == "adopted");
    CHECK(nlohmann::json::parse(events[1].detail)["claimed"]["synced_google"] == "yes");
    CHECK(Conveyor(db).claim("nas_archive", RunId{1}, clock.now(), 10).size() == 3);
    CHECK(db.impl().number("SELECT count(*) FROM media_before_adoption") == 4);
    CHECK(db.impl().number("SELECT count(*) FROM notes") == 0);  // what else was in the file stays
    CHECK(Upkeep(db).check().empty());

    SQLite::Database backup((dir / "media.db.before-adoption").string(), SQLite::OPEN_READONLY);
    CHECK(backup.execAndGet("SELECT count(*) FROM media WHERE synced_google = 'yes'").getInt() == 4);
}

TEST_CASE("what is not a database of the earlier scripts is not adopted and stays as it was", "[adopt]") {
    test::TempDir dir;
    const fs::path file = dir / "media.db";
    SECTION("ours") {
        { MediaDb::open(file); }
        CHECK(code_of_adopting(file, dir / "backup") == "db.not_adoptable");
    }
    SECTION("no table media") {
        SQLite::Database(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t (x)");
        CHECK(code_of_adopting(file, dir / "backup") == "db.not_adoptable");
    }
    SECTION("a table whose name we need") {
        old_database(dir);
        SQLite::Database(file.string(), SQLite::OPEN_READWRITE).exec("CREATE TABLE asset (x)");
        CHECK(code_of_adopting(file, dir / "backup") == "db.not_adoptable");
    }
    SECTION("a backup is in the way") {
        old_database(dir);
        test::write(dir / "backup", "precious");
        CHECK(code_of_adopting(file, dir / "backup") == "file.exists");
        CHECK(test::read(dir / "backup") == "precious");
        CHECK(SQLite::Database(file.string()).execAndGet("SELECT count(*) FROM media").getInt() == 4);
        return;
    }
    SECTION("absent") { CHECK(code_of_adopting(dir / "none.db", dir / "backup") == "db.missing"); }
    CHECK_FALSE(fs::exists(dir / "backup"));
}

TEST_CASE("opening a database of the earlier scripts says how to adopt it", "[adopt]") {
    test::TempDir dir;
    const auto file = old_database(dir);
    try {
        MediaDb::open(file);
        FAIL("opened");
    } catch (const BadInput& error) {
        CHECK(error.code() == "db.foreign");
        CHECK(std::string(error.what()).find("mediaferry db adopt") != std::string::npos);
    }
}

}  // namespace mediaferry::media_db
