// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/files/files.h"
#include "common/media_db/soundness.h"

#include <sqlite3.h>

#include <fstream>
#include <new>

#include "common/media_db/restore.h"
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

namespace {

constexpr auto kDay = std::chrono::hours{24};

std::string refusal(const fs::path& file, Timestamp now, Doubt doubt = Doubt::none) {
    try {
        open_sound(file, now, doubt);
        return "";
    } catch (const BadInput& error) {
        return error.code();
    }
}

void statement(const fs::path& file, const std::string& sql) {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE, 5000);
    db.exec(sql);
}

/// A house whose database is closed, with some history, all of it in the file itself.
struct Closed {
    test::TempDir dir;
    test::ManualClock clock;
    fs::path file = dir / "media.db";
    Closed() {
        auto db = MediaDb::open(file);
        Conveyor(db).set_house(house());
        for (int i = 0; i < 200; ++i) Events(db).add({0, clock.now(), {}, {}, {}, "", "told", R"({"number": 12345678901234567890})"});
        keep_head(db);
        look();
    }
    void look() const { open_sound(file, clock.now()); }
    std::string refused(Doubt doubt = Doubt::none) const { return refusal(file, clock.now(), doubt); }
    /// Zeros over one page in the middle of the history.
    void spoil_a_page() const {
        std::int64_t page = 0;
        {
            SQLite::Database db(file.string(), SQLite::OPEN_READONLY);
            page = db.execAndGet("SELECT max(rootpage) FROM sqlite_schema WHERE name = 'event_media'").getInt64();
        }
        std::fstream bytes(file.string(), std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp((page - 1) * 4096);
        bytes.write(std::string(4096, '\xff').data(), 4096);
    }
};

}  // namespace

TEST_CASE("a history that was cut off at its end shows, although what is left hangs together", "[soundness]") {
    Closed house;
    CHECK(house.refused().empty());
    statement(house.file, "DELETE FROM event WHERE id > 150");
    CHECK(house.refused() == "db.cut_off");
    auto db = MediaDb::open(house.file);
    CHECK_FALSE(Events(db).broken_at());
    CHECK(history_cut_off(db));
}

TEST_CASE("a history that was cut off and went on shows", "[soundness]") {
    Closed house;
    statement(house.file, "DELETE FROM event WHERE id > 150");
    {
        auto db = MediaDb::open(house.file);
        for (int i = 0; i < 100; ++i) Events(db).add({0, house.clock.now(), {}, {}, {}, "", "told", "{}"});
    }
    CHECK(house.refused() == "db.cut_off");
}

TEST_CASE("an older copy put in the place of the database by hand is not taken for it", "[soundness]") {
    Closed house;
    fs::copy_file(house.file, house.dir / "old.db");
    {
        auto db = MediaDb::open(house.file);
        Events(db).add({0, house.clock.now(), {}, {}, {}, "", "told", "{}"});
        keep_head(db);
    }
    fs::remove(house.file);
    fs::copy_file(house.dir / "old.db", house.file);
    CHECK(house.refused() == "db.cut_off");
    {
        auto db = MediaDb::open(house.file);
        reset_head(db);
    }
    CHECK(house.refused().empty());
}

TEST_CASE("a database that is gone is not begun anew", "[soundness]") {
    Closed house;
    fs::remove(house.file);
    CHECK(house.refused() == "db.vanished");
    CHECK_FALSE(fs::exists(house.file));
    test::write(house.file, "");
    CHECK(house.refused() == "db.vanished");
    fs::remove(head_file(house.file));
    CHECK(house.refused().empty());
}

TEST_CASE("what succeeds a lost database is the only one that may come in its place", "[soundness]") {
    Closed house;
    const auto lost = kept_head(house.file);
    fs::remove(house.file);
    const auto aside = house.file.string() + ".adopting";
    {
        auto made = MediaDb::open(aside);
        Events(made).add({0, house.clock.now(), {}, {}, {}, "", "rebuilt", "{}"});
        succeed(made, house.file);
    }
    CHECK(house.refused() == "db.vanished");
    CHECK(files::read_small_file(head_file(house.file).string() + ".lost").find(lost->hash) != std::string::npos);
    fs::rename(aside, house.file);
    CHECK(house.refused().empty());
}

TEST_CASE("what is kept of the history only grows", "[soundness]") {
    Closed house;
    const auto kept = kept_head(house.file);
    REQUIRE(kept);
    CHECK(kept->events == 200);
    statement(house.file, "DELETE FROM event WHERE id > 150");
    auto db = MediaDb::open(house.file);
    keep_head(db);
    CHECK(kept_head(house.file)->events == 200);
}

TEST_CASE("a page that was damaged is found within a day, at once when there is doubt", "[soundness]") {
    Closed house;
    house.spoil_a_page();
    CHECK(house.refused(Doubt::ended_badly) == "db.corrupt");
    CHECK(house.refused().empty());  // looked at a moment ago: the price of a start that is quick
    house.clock.advance(kDay);
    CHECK(house.refused() == "db.corrupt");
}

TEST_CASE("every page is looked at once a day, after the machine was started, and when the clock was wrong", "[soundness]") {
    Closed house;
    auto db = MediaDb::open(house.file);
    CHECK_FALSE(check_is_due(db, house.clock.now() + kDay - std::chrono::seconds{1}));
    CHECK(check_is_due(db, house.clock.now() + kDay));
    CHECK(check_is_due(db, house.clock.now() - std::chrono::seconds{1}));
    Facts(db).set("db.checked", "another start of the machine", house.clock.now());
    CHECK(check_is_due(db, house.clock.now()));
}

// ---- restore --------------------------------------------------------------------------------------------------------

namespace {

std::string refused_backup(const fs::path& file) {
    try {
        check_backup(file);
        return "";
    } catch (const BadInput& error) {
        return error.code();
    }
}

}  // namespace

TEST_CASE("a backup is put back whole; what lay there lies beside it with its log", "[restore]") {
    World world;
    world.downloaded("IMG_0001.JPG");
    const auto backup = world.dir / "backup.db";
    Upkeep(world.db).backup_to(backup);
    const auto database = world.dir / "media.db";
    world.downloaded("IMG_0002.JPG");  // after the backup, and still in the log: the database is open
    REQUIRE(fs::file_size(database.string() + "-wal") > 0);

    const auto aside = put_back(backup, database, world.now());

    CHECK(aside.filename().string().starts_with("media.db.damaged-"));
    CHECK(fs::exists(aside.string() + "-wal"));
    CHECK_FALSE(fs::exists(database.string() + "-wal"));
    CHECK_FALSE(fs::exists(database.string() + ".restoring.part"));
    SQLite::Database back(database.string(), SQLite::OPEN_READONLY);
    CHECK(back.execAndGet("SELECT count(*) FROM media").getInt() == 1);
    SQLite::Database kept(aside.string(), SQLite::OPEN_READWRITE);
    CHECK(kept.execAndGet("SELECT count(*) FROM media").getInt() == 2);
    CHECK(fs::exists(backup));
}

TEST_CASE("a second restore in the same second keeps both", "[restore]") {
    World world;
    const auto backup = world.dir / "backup.db";
    Upkeep(world.db).backup_to(backup);
    const auto first = put_back(backup, world.dir / "media.db", world.now());
    const auto second = put_back(backup, world.dir / "media.db", world.now());
    CHECK(first != second);
    CHECK(fs::exists(first));
    CHECK(fs::exists(second));
}

TEST_CASE("what is no backup of ours, damaged or newer is not put back, and nothing is touched", "[restore]") {
    World world;
    const auto backup = world.dir / "backup.db", database = world.dir / "media.db";
    Upkeep(world.db).backup_to(backup);
    SECTION("absent") { fs::remove(backup); }
    SECTION("cut short") { fs::resize_file(backup, fs::file_size(backup) / 2); }
    SECTION("another program's") {
        fs::remove(backup);
        SQLite::Database db(backup.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        db.exec("CREATE TABLE bookmarks (id)");
    }
    SECTION("newer") { statement(backup, "PRAGMA user_version = 99"); }
    SECTION("no database") { test::write(backup, "hello"); }
    CHECK(refused_backup(backup) == "db.backup");
    const auto before = fs::file_size(database);
    CHECK_THROWS(put_back(backup, database, world.now()));
    CHECK(fs::file_size(database) == before);
    CHECK_FALSE(fs::exists(database.string() + ".restoring.part"));
}

TEST_CASE("backups are listed newest first, unfinished ones not at all", "[restore]") {
    test::TempDir dir;
    for (const char* name : {"daily-1.db", "daily-2.db", "daily-3.db.part", "notes.txt"}) test::write(dir / name, "x");
    fs::last_write_time(dir / "daily-1.db", 1000);
    fs::last_write_time(dir / "daily-2.db", 2000);
    const auto found = backups_in(dir.path());
    REQUIRE(found.size() == 2);
    CHECK(found[0].file.filename() == "daily-2.db");
    CHECK(found[1].file.filename() == "daily-1.db");
    CHECK(backups_in(dir / "nowhere").empty());
}

TEST_CASE("a backup brings no approval of a deletion back", "[restore]") {
    World world;
    statement(world.dir / "media.db", "INSERT INTO plan (created_at, status) VALUES (1, 'approved'), (2, 'proposed'), (3, 'finished')");
    CHECK(void_plans(world.db) == 2);
    CHECK(world.db.impl().text("SELECT group_concat(status) FROM plan") == "superseded,superseded,finished");
}

TEST_CASE("a backup that there is no memory to read is not called a bad one", "[restore]") {
    World world;
    const auto backup = world.dir / "whole.db";
    Upkeep(world.db).backup_to(backup);
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + 60'000);
    CHECK_THROWS_AS(check_backup(backup), std::bad_alloc);
    sqlite3_hard_heap_limit64(0);
    CHECK_NOTHROW(check_backup(backup));
}

}  // namespace mediaferry::media_db
