// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "common/archive/archive.h"
#include "common/archive/naming.h"
#include "common/errors/errors.h"
#include "common/media_db/reports.h"
#include "tests/contract/exchange/neighbours.h"

using namespace mediaferry;
using namespace mediaferry::test;

TEST_CASE("analyze tells both directions by content and lists what they lack", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "only mine"});
    both.mine.downloaded("IMG_2.JPG", {.content = "both"});
    both.mine.downloaded("IMG_3.JPG", {.content = "only mine"});  // the same content twice is one
    both.theirs.downloaded("OTHER.JPG", {.content = "both"});
    both.theirs.downloaded("IMG_1.JPG", {.content = "only theirs, under my name"});

    const auto result = exchange::analyze(both.here(), both.their_database(), false);
    CHECK(result.found.here == 2);
    CHECK(result.found.there == 2);
    CHECK(result.found.both == 1);
    CHECK(result.found.only_here == 1);
    CHECK(result.found.only_here_bytes.count == 9);
    CHECK(result.found.only_there == 1);
    const auto list = media_db::Exchange(both.mine.db()).list(result.list.value()).value();
    CHECK(list.total == 1);
    CHECK(list.status == "created");
    const auto operation = media_db::Exchange(both.mine.db()).operation_for(*result.list, "analyze").value();
    CHECK(operation.total == 2);  // contents here, each looked up there
    CHECK(operation.processed == 2);
    CHECK(operation.errors == 0);
    CHECK(Neighbours::value(both.mine, "SELECT export_path FROM sync_export_files") == "2024/06/IMG_1.JPG");
}

TEST_CASE("a rehearsed analysis writes nothing, and theirs is never touched", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "only mine"});
    both.theirs.downloaded("IMG_2.JPG");
    const auto copy = write(both.stick / "theirs" / "media.db", "");
    fs::remove(copy);
    media_db::Upkeep(both.theirs.db()).backup_to(copy);
    fs::permissions(copy, fs::owner_read);
    fs::permissions(copy.parent_path(), fs::owner_read | fs::owner_exe);
    const auto before = read(copy);

    const auto result = exchange::analyze(both.here(), copy, true);
    CHECK(result.found.only_here == 1);
    CHECK_FALSE(result.list);
    CHECK(Neighbours::value(both.mine, "SELECT count(*) FROM sync_export_lists") == "0");
    CHECK(Neighbours::value(both.mine, "SELECT count(*) FROM sync_operations") == "0");
    CHECK(read(copy) == before);
    fs::permissions(copy.parent_path(), fs::owner_all);
    CHECK(Neighbours::files(copy.parent_path()).size() == 1);  // no -wal, no -shm
    CHECK_FALSE(fs::exists(both.mine.settings.state_directory() / "exchange"));
}

TEST_CASE("what stands only in their database's log counts too", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "both"});
    both.theirs.downloaded("IMG_1.JPG", {.content = "both"});
    REQUIRE(fs::file_size(both.their_database().string() + "-wal") > 0);
    const auto result = exchange::analyze(both.here(), both.their_database(), false);
    CHECK(result.found.both == 1);
    CHECK_FALSE(result.list);  // they lack nothing
}

TEST_CASE("a database that is not a sound media.db is refused with a reason", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG");
    for (int i = 0; i < 30; ++i) both.theirs.downloaded("IMG_" + std::to_string(i) + ".JPG", {.content = "theirs " + std::to_string(i)});
    const auto hostile = both.stick / "hostile.db";
    media_db::Upkeep(both.theirs.db()).backup_to(hostile);
    const auto change = [&](const std::string& statements) {
        SQLite::Database db(hostile.string(), SQLite::OPEN_READWRITE);
        db.exec("PRAGMA foreign_keys = OFF");
        db.exec(statements);
    };
    std::string expected;
    SECTION("no file") { fs::remove(hostile), expected = "exchange.no_database"; }
    SECTION("a folder") { fs::remove(hostile), fs::create_directory(hostile), expected = "exchange.no_database"; }
    SECTION("no database at all") { write(hostile, noise(20'000, 3)), expected = "exchange.damaged"; }
    SECTION("another program's") { change("PRAGMA application_id = 7"), expected = "exchange.foreign"; }
    SECTION("another version's") { change("PRAGMA user_version = 99"), expected = "exchange.schema"; }
    SECTION("a view in the place of the table") {
        change("PRAGMA legacy_alter_table = ON; ALTER TABLE media RENAME TO other; CREATE VIEW media AS SELECT * FROM other");
        expected = "exchange.damaged";
    }
    SECTION("a hash that is none") { change("UPDATE media SET sha256 = '../../etc/passwd' WHERE id = 3"), expected = "exchange.damaged"; }
    SECTION("a size below nothing") {
        change("DROP TRIGGER media_changed; UPDATE media SET initial_size = -5 WHERE id = 3");
        expected = "exchange.damaged";
    }
    SECTION("cut short") {
        write(hostile, read(hostile).substr(0, 30'000));
        expected = "exchange.damaged";
    }
    SECTION("pages overwritten") {
        auto bytes = read(hostile);
        for (std::size_t page = 3; page * 4096 + 4096 < bytes.size(); page += 2) bytes.replace(page * 4096, 2000, noise(2000, 9));
        write(hostile, bytes);
        expected = "exchange.damaged";
    }
    CHECK(code_thrown([&] { exchange::analyze(both.here(), hostile, false); }) == expected);
    CHECK(Neighbours::value(both.mine, "SELECT count(*) FROM sync_export_lists") == "0");
    CHECK_FALSE(fs::exists(both.mine.settings.state_directory() / "exchange"));
}

TEST_CASE("an export holds the files under year and month, the manifest and sums to check by hand", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    both.mine.downloaded("img_1.heic", {.content = "another one"});  // the same name to a disk that ignores case
    const auto list = both.exported();
    const auto files = Neighbours::files(both.stick / list);
    CHECK(files.at("2024/06/IMG_1.MOV") == "the movie");
    std::set<std::string> stills{"the still", "another one"}, names;
    for (const auto& [name, content] : files) {
        names.insert(archive::folded(name));
        stills.erase(content);
    }
    CHECK(stills.empty());
    CHECK(names.size() == files.size());
    CHECK(files.size() == 5);
    CHECK(files.at("SHA256SUMS").find(to_hex(files::digest_bytes("the movie").sha256) + "  2024/06/IMG_1.MOV\n") != std::string::npos);
    const auto manifest = exchange::parse_manifest(files.at(std::string(exchange::kManifestName)));
    CHECK(manifest.files() == 3);
    CHECK(fs::last_write_time(both.stick / list / "2024/06/IMG_1.MOV") == 1717236000);
    CHECK(Neighbours::value(both.mine, "SELECT status FROM sync_export_lists") == "exported");
    CHECK(Neighbours::value(both.mine, "SELECT processed_files FROM sync_export_lists") == "3");
}

TEST_CASE("a rehearsed export writes no file", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG");
    const auto list = exchange::analyze(both.here(), both.their_database(), false).list.value();
    const auto result = exchange::export_list(both.here(), list, both.stick / "out", true);
    CHECK(result.total == 1);
    CHECK_FALSE(fs::exists(both.stick / "out"));
}

TEST_CASE("an export that was cut off goes on where it was, and a second one writes nothing", "[exchange]") {
    Neighbours both;
    for (int i = 0; i < 4; ++i) both.mine.downloaded("IMG_" + std::to_string(i) + ".JPG", {.content = "photo " + std::to_string(i)});
    const auto list = exchange::analyze(both.here(), both.their_database(), false).list.value();
    auto cut_off = both.here();
    int asked = 0;
    cut_off.stop = [&] { return ++asked > 4; };
    CHECK(code_thrown([&] { exchange::export_list(cut_off, list, both.stick.path(), false); }) == "interrupted");
    CHECK_FALSE(fs::exists(both.stick / list / std::string(exchange::kManifestName)));
    write(both.stick / list / "2024" / "06" / ".mediaferry-0123456789abcdef.part", "half a ph");

    const auto second = exchange::export_list(both.here(), list, both.stick.path(), false);
    CHECK(second.there_before > 0);
    CHECK(second.there_before + second.exported == 4);
    CHECK_FALSE(fs::exists(both.stick / list / "2024" / "06" / ".mediaferry-0123456789abcdef.part"));
    const auto manifest = both.stick / list / std::string(exchange::kManifestName);
    fs::last_write_time(manifest, 1000);
    CHECK(exchange::export_list(both.here(), list, both.stick.path(), false).there_before == 4);
    CHECK(fs::last_write_time(manifest) == 1000);
}

TEST_CASE("an original that rotted at home is not exported; the NAS has it", "[exchange]") {
    Neighbours both;
    const auto good = both.mine.downloaded("IMG_1.JPG", {.content = "good"});
    const auto rotten = both.mine.downloaded("IMG_2.JPG", {.content = "as it was"});
    write(*both.mine.item(rotten).local_path, "as it Was");
    const auto list = exchange::analyze(both.here(), both.their_database(), false).list.value();
    const auto first = exchange::export_list(both.here(), list, both.stick.path(), false);
    CHECK(first.exported == 1);
    REQUIRE(first.failed.size() == 1);
    CHECK(first.failed.front().second.code == "exchange.no_original");
    CHECK(exchange::parse_manifest(read(both.stick / list / std::string(exchange::kManifestName))).files() == 1);

    archive::Archive::initialise(both.mine.settings.archive, both.mine.clock.now());
    write(both.mine.nas() / "2024/06/IMG_2.JPG", "as it was");
    media_db::Copy copy;
    copy.media = rotten;
    copy.place = Place::nas;
    copy.path = "2024/06/IMG_2.JPG";
    copy.sha256 = both.mine.item(rotten).sha256;
    copy.size = both.mine.item(rotten).size;
    copy.proof = "read_back";
    copy.written = both.mine.clock.now();
    media_db::Evidence(both.mine.db()).add(copy);
    CHECK(exchange::export_list(both.here(), list, both.stick.path(), false).failed.empty());
    CHECK(read(both.stick / list / "2024/06/IMG_2.JPG") == "as it was");
    CHECK(exchange::parse_manifest(read(both.stick / list / std::string(exchange::kManifestName))).files() == 2);
    CHECK(both.mine.item(good).local_path);
}

TEST_CASE("an export overwrites nothing", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "mine"});
    const auto list = exchange::analyze(both.here(), both.their_database(), false).list.value();
    write(both.stick / list / "2024/06/IMG_1.JPG", "somebody's");
    const auto result = exchange::export_list(both.here(), list, both.stick.path(), false);
    REQUIRE(result.failed.size() == 1);
    CHECK(result.failed.front().second.code == "exchange.in_the_way");
    CHECK(read(both.stick / list / "2024/06/IMG_1.JPG") == "somebody's");
    CHECK_FALSE(fs::exists(both.stick / list / std::string(exchange::kManifestName)));
}

TEST_CASE("one exchange at a time", "[exchange]") {
    Neighbours both;
    const auto turn = exchange::take_turn(both.mine.settings);
    CHECK(code_thrown([&] { exchange::analyze(both.here(), both.their_database(), true); }) == "exchange.busy");
}

TEST_CASE("a database that somebody works with while it is copied is not believed", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto theirs = both.their_database();
    std::atomic<int> touched = 0;
    {
        std::jthread owner{[&](const std::stop_token& enough) {
            while (!enough.stop_requested()) {
                const timespec now{1'700'000'000 + ++touched, 0};
                const timespec times[2]{now, now};
                ::utimensat(AT_FDCWD, theirs.c_str(), times, 0);
            }
        }};
        while (touched < 10) std::this_thread::yield();
        CHECK(code_thrown([&] { exchange::analyze(both.here(), theirs, false); }) == "exchange.changing");
    }
    CHECK_NOTHROW(exchange::analyze(both.here(), theirs, false));
}
