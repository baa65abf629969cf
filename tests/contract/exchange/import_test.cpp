// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "tests/contract/exchange/neighbours.h"
#include "tests/support/kernel.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

const std::string kManifest{exchange::kManifestName};

MediaId only_item(House& house, const std::string& filename) { return media_db::Catalogue(house.db()).find(filename).at(0).id; }

}  // namespace

TEST_CASE("an import brings the files, their folders and what belongs to them", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto list = both.exported();
    const auto result = exchange::import_list(both.there(), list, both.stick.path(), false);
    CHECK(result.imported == 2);
    CHECK(Neighbours::files(both.theirs.folder("backup")) ==
          std::map<std::string, std::string>{{"2024/06/IMG_1.HEIC", "the still"}, {"2024/06/IMG_1.MOV", "the movie"}});

    const auto still = both.theirs.item(only_item(both.theirs, "IMG_1.HEIC")), movie = both.theirs.item(only_item(both.theirs, "IMG_1.MOV"));
    CHECK(still.asset == movie.asset);
    CHECK(still.live_pair);
    CHECK(movie.resource == ResourceKind::live_movie);
    CHECK(still.taken == both.mine.item(only_item(both.mine, "IMG_1.HEIC")).taken);
    CHECK(still.icloud_id == "REC-LIVE");
    const auto asset = media_db::Catalogue(both.theirs.db()).asset(*still.asset).value();
    CHECK(asset.favourite);
    CHECK(asset.library == media_db::Exchange(both.mine.db()).archive_id(both.mine.clock.now()));
    CHECK(Neighbours::value(both.theirs, "SELECT a.name FROM album a JOIN album_asset i ON i.album_id = a.id") == "Summer");
    const auto events = media_db::Events(both.theirs.db()).of(still.id);
    CHECK(std::ranges::any_of(events, [](const auto& event) { return event.what == "received"; }));
    CHECK(media_db::Upkeep(both.theirs.db()).check().empty());
    CHECK(fs::exists(result.backup));
    CHECK(exchange::verify_import(both.there(), list).good == 2);
}

TEST_CASE("what came from elsewhere goes to the phone and the NAS, and can never be deleted from iCloud", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    exchange::import_list(both.there(), both.exported(), both.stick.path(), false);
    const auto still = only_item(both.theirs, "IMG_1.HEIC");
    CHECK(both.theirs.status(still, "icloud_download") == pipeline::StepStatus::done);
    CHECK(both.theirs.step(still, "pixel_sync").open);
    CHECK(both.theirs.step(still, "nas_archive").open);
    CHECK_FALSE(both.theirs.step(still, "icloud_mark").open);

    media_db::Catalogue catalogue{both.theirs.db()};
    const auto asset = both.theirs.item(still).asset.value();
    CHECK(catalogue.asset(asset)->gone);
    CHECK_FALSE(catalogue.asset(asset)->listed);
    CHECK_THROWS_AS(catalogue.set_filed(asset, "tag", both.theirs.clock.now()), Error);
    CHECK_THROWS_AS(catalogue.set_deleted(asset, both.theirs.clock.now()), Error);
    CHECK_THROWS_AS(catalogue.mark_listed(asset), Error);
    CHECK(catalogue.resources(asset, false).empty());
    CHECK(media_db::Reports(both.theirs.db()).assets().gone == 0);
}

TEST_CASE("a second import and a second analysis change nothing", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto list = both.exported();
    exchange::import_list(both.there(), list, both.stick.path(), false);
    const auto before = Neighbours::portrait(both.theirs);
    const auto again = exchange::import_list(both.there(), list, both.stick.path(), false);
    CHECK(again.imported == 0);
    CHECK(again.duplicates == 2);
    CHECK(again.backup.empty());
    CHECK(Neighbours::portrait(both.theirs) == before);
    CHECK_FALSE(exchange::analyze(both.here(), both.their_database(), false).list);
}

TEST_CASE("what is here already is not brought twice", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "one"});
    both.mine.downloaded("IMG_2.JPG", {.content = "two"});
    const auto list = both.exported();
    both.theirs.downloaded("SAME.JPG", {.content = "two"});
    const auto result = exchange::import_list(both.there(), list, both.stick.path(), false);
    CHECK(result.imported == 1);
    CHECK(result.duplicates == 1);
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM media") == "2");
    CHECK(Neighbours::value(both.theirs, "SELECT m.filename FROM sync_files f JOIN media m ON m.id = f.image_id WHERE f.status = 'duplicate'") ==
          "SAME.JPG");
}

TEST_CASE("a rehearsed import reads everything and changes nothing", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto list = both.exported();
    const auto before = Neighbours::portrait(both.theirs);
    CHECK(exchange::import_list(both.there(), list, both.stick.path(), true).imported == 2);
    CHECK(Neighbours::portrait(both.theirs) == before);
}

TEST_CASE("one file that is not what the manifest says: nothing is imported", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "one"});
    both.mine.downloaded("IMG_2.JPG", {.content = "two"});
    const auto list = both.exported();
    const auto before = Neighbours::portrait(both.theirs);
    const auto file = both.stick / list / "2024/06/IMG_2.JPG";
    const auto secret = write(both.stick / "outside" / "IMG_2.JPG", "two");
    SECTION("other bytes") { write(file, "tw0"); }
    SECTION("longer") { write(file, "two!"); }
    SECTION("empty") { write(file, ""); }
    SECTION("missing") { fs::remove(file); }
    SECTION("a link to the very bytes outside") {
        fs::remove(file);
        fs::create_symlink(secret, file);
    }
    SECTION("a folder that is a link") {
        fs::remove_all(file.parent_path());
        write(both.stick / "outside" / "IMG_1.JPG", "one");
        fs::create_symlink(secret.parent_path(), file.parent_path());
    }
    SECTION("a folder") {
        fs::remove(file);
        fs::create_directory(file);
    }
    CHECK(code_thrown([&] { exchange::import_list(both.there(), list, both.stick.path(), false); }) == "exchange.damaged");
    CHECK(Neighbours::portrait(both.theirs) == before);
}

TEST_CASE("a disk without room for all of it, and something left beside it, takes none of it", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto list = both.exported();
    const auto before = Neighbours::files(both.theirs.folder("backup"));
    const auto files = Neighbours::value(both.theirs, "SELECT count(*) FROM media");
    {
        const NearlyFull disk{{200ULL << 20}};  // far more than the two files
        CHECK(code_thrown([&] { exchange::import_list(both.there(), list, both.stick.path(), false); }) == "file.full");
    }
    CHECK(Neighbours::files(both.theirs.folder("backup")) == before);
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM media") == files);
    CHECK(exchange::import_list(both.there(), list, both.stick.path(), false).imported == 2);
}

TEST_CASE("a manifest that is none, or another list's, is refused before anything is read", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "one"});
    const auto list = both.exported();
    const auto before = Neighbours::portrait(both.theirs);
    const auto manifest = both.stick / list / kManifest;
    std::string expected;
    SECTION("changed by one letter") {
        auto text = read(manifest);
        text[text.find("IMG_1")] = 'J';
        write(manifest, text);
        expected = "exchange.manifest";
    }
    SECTION("a link") {
        fs::rename(manifest, both.stick / "elsewhere");
        fs::create_symlink(both.stick / "elsewhere", manifest);
        expected = "exchange.manifest";
    }
    SECTION("missing") { fs::remove(manifest), expected = "exchange.no_manifest"; }
    SECTION("another list's") {
        both.mine.downloaded("IMG_2.JPG", {.content = "two"});
        const auto other = both.exported();
        fs::rename(both.stick / list, both.stick / "old");
        fs::rename(both.stick / other, both.stick / list);
        expected = "exchange.other_list";
    }
    CHECK(code_thrown([&] { exchange::import_list(both.there(), list, both.stick.path(), false); }) == expected);
    CHECK(Neighbours::portrait(both.theirs) == before);
}

TEST_CASE("an import that is cut off while it places files is explained, and goes on", "[exchange]") {
    Neighbours both;
    for (int i = 0; i < 5; ++i) both.mine.downloaded("IMG_" + std::to_string(i) + ".JPG", {.content = "photo " + std::to_string(i)});
    const auto list = both.exported();
    auto cut_off = both.there();
    const auto backup = both.theirs.folder("backup");
    cut_off.stop = [&] { return Neighbours::files(backup).size() >= 2; };
    CHECK(code_thrown([&] { exchange::import_list(cut_off, list, both.stick.path(), false); }) == "interrupted");

    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM media") == "0");
    for (const auto& [name, content] : Neighbours::files(backup))
        if (!files::is_temporary_name(fs::path(name).filename().string())) CHECK(media_db::Exchange(both.theirs.db()).explains(backup / name));
    const auto result = exchange::import_list(both.there(), list, both.stick.path(), false);
    CHECK(result.imported == 5);
    CHECK(Neighbours::files(backup).size() == 5);
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM sync_operations WHERE kind = 'import'") == "1");
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM sync_files WHERE status = 'placing'") == "0");
}

TEST_CASE("a file that cannot be placed takes all others back with it", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "one"});
    both.mine.downloaded("IMG_2.JPG", {.content = "two", .taken = *from_iso("2023-05-01T10:00:00Z")});
    const auto list = both.exported();
    write(both.theirs.folder("backup") / "2023", "a file where a folder should be");
    CHECK_FALSE(code_thrown([&] { exchange::import_list(both.there(), list, both.stick.path(), false); }).empty());
    CHECK(Neighbours::files(both.theirs.folder("backup")).size() == 1);
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM media") == "0");
    CHECK(Neighbours::value(both.theirs, "SELECT status FROM sync_operations WHERE kind = 'import'") == "failed");
    fs::remove(both.theirs.folder("backup") / "2023");
    CHECK(exchange::import_list(both.there(), list, both.stick.path(), false).imported == 2);
}

TEST_CASE("a file that changes after it was checked is not taken, nor are the others", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "one"});
    both.mine.downloaded("IMG_2.JPG", {.content = "two"});
    const auto list = both.exported();
    auto meddled = both.there();
    bool checked = false;
    meddled.progress = [&](std::size_t done, std::size_t all) {
        if (!checked && done == all) write(both.stick / list / "2024/06/IMG_2.JPG", "tw0"), checked = true;
    };
    CHECK(code_thrown([&] { exchange::import_list(meddled, list, both.stick.path(), false); }) == "exchange.changed");
    CHECK(Neighbours::files(both.theirs.folder("backup")).empty());
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM media") == "0");
}

TEST_CASE("what the house takes in by itself during an import is not there twice", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "one"});
    both.mine.downloaded("IMG_2.JPG", {.content = "two"});
    const auto list = both.exported();
    auto house = both.there();
    int calls = 0;
    house.progress = [&](std::size_t, std::size_t) {
        if (++calls == 4) both.theirs.downloaded("MINE.JPG", {.content = "two"});  // checked twice, placed twice
    };
    const auto result = exchange::import_list(house, list, both.stick.path(), false);
    CHECK(result.imported == 1);
    CHECK(result.duplicates == 1);
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM media") == "2");
    CHECK(Neighbours::files(both.theirs.folder("backup")).size() == 2);
}

TEST_CASE("a name that is taken at home gets a number, and nothing is overwritten", "[exchange]") {
    Neighbours both;
    both.mine.downloaded("IMG_1.JPG", {.content = "mine"});
    const auto list = both.exported();
    write(both.theirs.folder("backup") / "2024/06/IMG_1.JPG", "theirs");
    exchange::import_list(both.there(), list, both.stick.path(), false);
    CHECK(Neighbours::files(both.theirs.folder("backup")) ==
          std::map<std::string, std::string>{{"2024/06/IMG_1.JPG", "theirs"}, {"2024/06/IMG_1-2.JPG", "mine"}});
}

TEST_CASE("verify names what is not here any more", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto list = both.exported();
    CHECK(code_thrown([&] { exchange::verify_import(both.there(), list); }) == "exchange.no_list");
    exchange::import_list(both.there(), list, both.stick.path(), false);
    write(both.theirs.folder("backup") / "2024/06/IMG_1.MOV", "the m0vie");
    const auto result = exchange::verify_import(both.there(), list);
    CHECK(result.good == 1);
    REQUIRE(result.bad.size() == 1);
    CHECK(result.bad.front().second.code == "exchange.lost");
}

TEST_CASE("cleanup removes what was transferred and is safe here, and nothing else", "[exchange]") {
    Neighbours both;
    both.take_a_live_photo();
    const auto list = both.exported();
    exchange::import_list(both.there(), list, both.stick.path(), false);
    write(both.stick / list / "2024/06/a letter.txt", "not ours");
    write(both.theirs.folder("backup") / "2024/06/IMG_1.MOV", "rotten now");
    auto result = exchange::clean_up(both.there(), list);
    CHECK(result.removed == 1);
    CHECK(result.kept == 1);
    CHECK(fs::exists(both.stick / list / "2024/06/IMG_1.MOV"));
    CHECK(fs::exists(both.stick / list / kManifest));

    result = exchange::clean_up(both.here(), list);
    CHECK(result.removed == 1);
    CHECK(Neighbours::files(both.stick.path()) == std::map<std::string, std::string>{{list + "/2024/06/a letter.txt", "not ours"}});
    CHECK(Neighbours::value(both.mine, "SELECT status FROM sync_export_lists") == "cleaned");
    CHECK(Neighbours::files(both.mine.folder("backup")).size() == 2);
}

TEST_CASE("cleanup gives up an import that was cut off", "[exchange]") {
    Neighbours both;
    for (int i = 0; i < 3; ++i) both.mine.downloaded("IMG_" + std::to_string(i) + ".JPG", {.content = "photo " + std::to_string(i)});
    const auto list = both.exported();
    auto cut_off = both.there();
    cut_off.stop = [&] { return !Neighbours::files(both.theirs.folder("backup")).empty(); };
    CHECK(code_thrown([&] { exchange::import_list(cut_off, list, both.stick.path(), false); }) == "interrupted");
    exchange::clean_up(both.there(), list);
    CHECK(Neighbours::files(both.theirs.folder("backup")).empty());
    CHECK(Neighbours::value(both.theirs, "SELECT count(*) FROM sync_files WHERE status = 'placing'") == "0");
    CHECK(Neighbours::files(both.stick / list).size() == 5);
}

TEST_CASE("passed on to a third house, a photo keeps the archive that first had it", "[exchange]") {
    Neighbours both, further;
    both.take_a_live_photo();
    exchange::import_list(both.there(), both.exported(), both.stick.path(), false);
    const auto list = exchange::analyze(both.there(), further.their_database(), false).list.value();
    exchange::export_list(both.there(), list, further.stick.path(), false);
    exchange::import_list(further.there(), list, further.stick.path(), false);
    CHECK(Neighbours::value(further.theirs, "SELECT library FROM asset") == media_db::Exchange(both.mine.db()).archive_id(both.mine.clock.now()));
    CHECK(Neighbours::value(further.theirs, "SELECT record_name FROM asset") == "REC-LIVE");
    CHECK(Neighbours::value(further.theirs, "SELECT count(*) FROM asset") == "1");
}
