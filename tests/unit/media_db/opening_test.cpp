// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

namespace {

std::string code_when_opening(const fs::path& file, Access access = Access::read_write) {
    try {
        MediaDb::open(file, access);
        return "";
    } catch (const Error& error) {
        return error.code();
    }
}

void sql(const fs::path& file, const std::string& statements) {
    SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
    db.exec(statements);
}

/// Runs `work` in a process of its own; true if it returned true.
template <class F>
pid_t child(F&& work) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        bool good = false;
        try {
            good = work();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "child: %s\n", error.what());
        }
        ::_exit(good ? 0 : 1);
    }
    return pid;
}
bool succeeded(pid_t pid) {
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("what a program that died had half written is taken back by who only reads, too", "[open]") {
    test::TempDir dir;
    const auto file = dir / "media.db";
    const bool made = GENERATE(true, false);
    if (made) MediaDb::open(file);
    sql(file, made ? "PRAGMA journal_mode = DELETE; CREATE TABLE half (x); INSERT INTO half WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT randomblob(4000) FROM n"
                   : "PRAGMA journal_mode = DELETE");
    // With so small a cache pages go to the file before the commit: the rollback journal alone knows what they were.
    REQUIRE(succeeded(child([&] {
        SQLite::Database db(file.string(), SQLite::OPEN_READWRITE, 5000);
        db.exec("PRAGMA cache_size = 2; PRAGMA cache_spill = 2; BEGIN IMMEDIATE; CREATE TABLE other (x)");
        db.exec("INSERT INTO other WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT randomblob(4000) FROM n");
        if (fs::exists(file.string() + "-journal")) ::_exit(0);
        return false;
    })));
    REQUIRE(fs::exists(file.string() + "-journal"));
    CHECK(code_when_opening(file, Access::read_only) == (made ? "" : "db.missing"));
    CHECK_FALSE(fs::exists(file.string() + "-journal"));
    CHECK(code_when_opening(file).empty());
}

TEST_CASE("a new database is ours, whole, readable only by its owner, and safe against power loss", "[open]") {
    World world;
    struct stat status {};
    for (const char* name : {"media.db", "media.db-wal", "media.db-shm"}) {
        INFO(name);
        REQUIRE(::stat((world.dir / name).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
    auto& impl = world.db.impl();
    CHECK(impl.text("PRAGMA journal_mode") == "wal");
    CHECK(impl.number("PRAGMA synchronous") == 2);
    CHECK(impl.number("PRAGMA foreign_keys") == 1);
    CHECK(impl.number("PRAGMA busy_timeout") >= 5000);
    CHECK(impl.number("PRAGMA trusted_schema") == 0);
    CHECK(impl.number("PRAGMA wal_autocheckpoint") == 0);
    CHECK(Upkeep(world.db).check().empty());
}

TEST_CASE("the documented columns are there under their documented names", "[open]") {
    World world;
    const auto photo = world.downloaded("IMG_0001.HEIC");
    world.catalogue.set_flags(photo, true, true, true, true, world.now());
    SQLite::Database reader((world.dir / "media.db").string(), SQLite::OPEN_READONLY);
    SQLite::Statement row(reader,
                          R"(SELECT id, filename, icloud_id, created_date, local_path, status, synced_google, synced_nas, album_moved, deleted_icloud,
                                            initial_size, current_size, last_compressed, last_updated, nas_google FROM media)");
    REQUIRE(row.executeStep());
    CHECK(row.getColumn(1).getString() == "IMG_0001.HEIC");
    CHECK(row.getColumn(3).getString() == "2023-11-14T22:13:21Z");
    CHECK(row.getColumn(5).getString() == "downloaded");
    for (const int flag : {6, 7, 9, 14}) CHECK(row.getColumn(flag).getString() == "yes");
    CHECK(row.getColumn(8).getInt() == 1);
    world.catalogue.set_flags(photo, false, std::nullopt, false, std::nullopt, world.now());
    const auto item = *world.catalogue.item(photo);
    CHECK_FALSE(item.synced_google);
    CHECK(item.synced_nas);
    CHECK_FALSE(item.album_moved);
    CHECK(item.deleted_icloud);
}

TEST_CASE("files that are not ours, newer, damaged or absent are told apart", "[open]") {
    test::TempDir dir;
    const fs::path file = dir / "media.db";
    SECTION("absent, to read") { CHECK(code_when_opening(file, Access::read_only) == "db.missing"); }
    SECTION("empty, to read") {
        test::write(file, "");
        CHECK(code_when_opening(file, Access::read_only) == "db.missing");
    }
    SECTION("another program's") {
        sql(file, "CREATE TABLE bookmarks (id)");
        CHECK(code_when_opening(file) == "db.foreign");
        CHECK(code_when_opening(file, Access::read_only) == "db.foreign");
    }
    SECTION("newer") {
        { MediaDb::open(file); }
        sql(file, "PRAGMA user_version = 99");
        CHECK(code_when_opening(file) == "db.newer");
    }
    SECTION("no database") {
        test::write(file, std::string(8192, 'x'));
        CHECK(code_when_opening(file) == "db.corrupt");
    }
    SECTION("damaged") {
        {
            auto db = MediaDb::open(file);
            Conveyor(db).set_house(house());
        }
        std::fstream bytes(file.string(), std::ios::in | std::ios::out | std::ios::binary);
        bytes.seekp(100);
        bytes.write(std::string(2000, 'x').data(), 2000);
        bytes.close();
        CHECK(code_when_opening(file) == "db.corrupt");
    }
}

TEST_CASE("a foreign database is left as it was", "[open]") {
    test::TempDir dir;
    sql(dir / "media.db", "CREATE TABLE bookmarks (id); INSERT INTO bookmarks VALUES (1)");
    const auto before = test::read(dir / "media.db");
    CHECK(code_when_opening(dir / "media.db") == "db.foreign");
    CHECK(test::read(dir / "media.db") == before);
}

TEST_CASE("processes that open a fresh database together all succeed", "[open][processes]") {
    for (int round = 0; round < 5; ++round) {
        test::TempDir dir;
        std::vector<pid_t> children;
        for (int i = 0; i < 4; ++i)
            children.push_back(child([&] {
                auto db = MediaDb::open(dir / "media.db");
                Conveyor(db).set_house(house());
                return Conveyor(db).claim("nas_archive", RunId{1}, {}, 1).empty();
            }));
        for (const auto pid : children) CHECK(succeeded(pid));
        auto db = MediaDb::open(dir / "media.db");
        CHECK(Upkeep(db).check().empty());
    }
}

TEST_CASE("processes that claim together never share an item, and lose none", "[open][processes]") {
    constexpr int kFiles = 300;
    test::TempDir dir;
    std::vector<pid_t> children;
    {
        World world;
        fs::create_directories(dir / "db");
        auto db = MediaDb::open(dir / "db" / "media.db");
        Conveyor(db).set_house(house());
        for (int i = 0; i < kFiles; ++i) Catalogue(db).take_in(world.file("f" + std::to_string(i)), world.now(), std::nullopt);
    }
    for (int worker = 1; worker <= 3; ++worker)
        children.push_back(child([&dir, worker] {
            auto db = MediaDb::open(dir / "db" / "media.db");
            Conveyor conveyor(db);
            const Timestamp now = test::ManualClock().now();
            for (;;) {
                const auto claims = conveyor.claim("nas_archive", RunId{worker}, now, 7);
                if (claims.empty()) return true;
                for (const auto& claim : claims) {
                    Transaction transaction(db);
                    Copy copy;
                    copy.media = claim.item.id;
                    copy.place = Place::nas;
                    copy.path = claim.item.filename;
                    copy.proof = "read_back";
                    Evidence(db).add(copy);
                    conveyor.record(claim, {}, RunId{worker}, now);
                    transaction.commit();
                }
            }
        }));
    for (const auto pid : children) CHECK(succeeded(pid));
    auto db = MediaDb::open(dir / "db" / "media.db");
    CHECK(db.impl().number("SELECT count(*) FROM copy WHERE place = 'nas'") == kFiles);
    CHECK(db.impl().number("SELECT count(DISTINCT media_id) FROM copy WHERE place = 'nas'") == kFiles);
    CHECK(db.impl().number("SELECT count(*) FROM step WHERE stage = 'nas_archive' AND status = 'done'") == kFiles);
    CHECK(Upkeep(db).check().empty());
}

TEST_CASE("the write-ahead log does not grow without end", "[open]") {
    World world;
    const std::string long_text(4000, 'x');
    for (int i = 0; i < 1500; ++i) Facts(world.db).set("key " + std::to_string(i), long_text, world.now());
    // The log starts again from its beginning after a checkpoint, so it stays near its limit of 1000 pages.
    CHECK(fs::file_size(world.dir / "media.db-wal") < 3000U * 4096U);
    CHECK(fs::file_size(world.dir / "media.db") > 1000U * 4096U);
}

TEST_CASE("transactions nest, and an inner failure undoes the whole", "[open]") {
    World world;
    Facts facts(world.db);
    SECTION("committed together") {
        Transaction outer(world.db);
        facts.set("a", "1", world.now());
        outer.commit();
        CHECK(facts.get("a") == "1");
    }
    SECTION("the outer one not committed") {
        {
            Transaction outer(world.db);
            facts.set("a", "1", world.now());
        }
        CHECK_FALSE(facts.get("a"));
    }
    SECTION("the inner one rolled back dooms the outer one") {
        {
            Transaction outer(world.db);
            facts.set("a", "1", world.now());
            { Transaction inner(world.db); }
            CHECK_THROWS_AS(outer.commit(), Error);
        }
        CHECK_FALSE(facts.get("a"));
        facts.set("b", "2", world.now());
        CHECK(facts.get("b") == "2");
    }
}

TEST_CASE("a reader sees what is there and can change nothing", "[open]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    auto reader = MediaDb::open(world.dir / "media.db", Access::read_only);
    CHECK(Catalogue(reader).item(photo)->filename == "a.jpg");
    CHECK_THROWS_AS(Facts(reader).set("a", "1", world.now()), Unavailable);
}

}  // namespace mediaferry::media_db
