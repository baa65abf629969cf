// SPDX-License-Identifier: GPL-3.0-or-later
// The archive's own books: index, SHA256SUMS, capsules, sidecars, as nas_archive keeps them and reindex makes them again.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/archive/known.h"
#include "common/archive/settle.h"
#include "common/archive_index/books.h"
#include "common/archive_index/capsule.h"
#include "common/archive_index/keeper.h"
#include "common/archive_index/reindex.h"
#include "common/errors/errors.h"
#include "common/media_db/books.h"
#include "stages/nas_archive/nas_archive.h"
#include "tests/contract/nas_archive/archived_house.h"

using namespace mediaferry;
using archive_index::Class;
using archive_index::Hashes;
using archive_index::Index;
using test::ArchivedHouse;
using test::noise;
using test::read;
using test::Sample;

namespace {

class Library : public ArchivedHouse {
public:
    archive::Archive open() { return archive::open_known(db(), settings.archive, clock.now()); }
    Index index() { return Index::open(archive_index::index_file(settings.state_directory(), open())); }
    archive_index::Scanned reindex(Hashes hashes = Hashes::keep) {
        const auto archive = open();
        auto index = this->index();
        return archive_index::reindex(archive, db(), index, settings.archive.trash, hashes, clock.now());
    }
    void keep() {
        const auto archive = open();
        auto index = this->index();
        archive_index::Keeper{db(), archive, index}.keep_all();
    }
    bool sums_are_right(const std::string& folder) {
        return std::system(("cd '" + (nas() / folder).string() + "' && sha256sum --quiet --strict -c SHA256SUMS >/dev/null 2>&1").c_str()) == 0;
    }
    std::vector<archive_index::CapsuleAsset> capsule(const std::string& folder) {
        return archive_index::capsule_from_json(read(nas() / folder / "mediaferry.json"));
    }
};

Sample second() { return {.content = noise(20'000, 2)}; }

ino_t inode(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

TEST_CASE("what a run archived is in the index, in SHA256SUMS and in a capsule", "[nas_archive]") {
    Library house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto row = house.index().at("2024/06/IMG_0001.JPG");
    REQUIRE(row);
    CHECK(row->sha256 == house.item(photo).sha256);
    CHECK(row->file_class == Class::original);
    CHECK(row->verified);
    CHECK(house.sums_are_right("2024/06"));
    const auto photos = house.capsule("2024/06");
    REQUIRE(photos.size() == 1);
    CHECK(photos[0].files.at(0).sha256 == house.item(photo).sha256);
    CHECK(!photos[0].record.empty());
    CHECK(fs::exists(house.nas() / "2024/06/IMG_0001.JPG.xmp"));
    const auto published = Index::open_to_read(house.nas() / archive_index::kPublished);
    REQUIRE(published);
    CHECK(published->at("2024/06/IMG_0001.JPG"));
}

namespace {

/// Ten minutes and more a photo, on a machine that never comes to the end of its run.
class LongRun : public stage::Stage {
public:
    LongRun(Library& house) : house_(house), inner_(house.settings) {}
    stage::Outcome begin(stage::Run& run) override { return inner_.begin(run); }
    stage::Outcome process(const stage::MediaItem& item, stage::Run& run) override {
        house_.clock.advance(std::chrono::minutes{11});
        return inner_.process(item, run);
    }

private:
    Library& house_;
    stages::NasArchive inner_;
};

}  // namespace

TEST_CASE("during a long run the books follow, and do not wait for its end", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.downloaded("IMG_0002.JPG", second());
    LongRun stage{house};
    house.run(stage, "nas_archive");
    const auto published = Index::open_to_read(house.nas() / archive_index::kPublished);
    REQUIRE(published);
    CHECK(published->count() == 1);  // what the first ten minutes brought
    CHECK(house.capsule("2024/06").size() == 1);
}

TEST_CASE("a run with nothing new writes nothing into the archive", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto before = house.tree();
    const auto published = inode(house.nas() / archive_index::kPublished);
    house.run("nas_archive");
    CHECK(house.tree() == before);
    CHECK(inode(house.nas() / archive_index::kPublished) == published);
}

TEST_CASE("what a killed run had not written down is written by the next", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    house.downloaded("IMG_0002.JPG", second());
    SECTION("the index on the local disk is lost") { fs::remove(house.index().file()); }
    SECTION("the checksums are as they were before") { test::write(house.nas() / "2024/06/SHA256SUMS", ""); }
    SECTION("the capsule is torn") { test::write(house.nas() / "2024/06/mediaferry.json", "{\"format\": \"medi"); }
    SECTION("the published index is torn") { test::write(house.nas() / archive_index::kPublished, "SQLite format 3"); }
    house.run("nas_archive");
    CHECK(house.index().count() == 2);
    CHECK(house.sums_are_right("2024/06"));
    CHECK(read(house.nas() / "2024/06/SHA256SUMS").find("IMG_0002.JPG") != std::string::npos);
    CHECK(house.capsule("2024/06").size() == 2);
    CHECK(Index::open_to_read(house.nas() / archive_index::kPublished)->count() == 2);
}

TEST_CASE("what a killed run left unfinished in the archive goes with the next", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto unfinished = house.nas() / "2024/06" / (".mediaferry-book-" + [&] {
                                auto index = house.index();
                                return archive_index::house_of(index);
                            }() + "-SHA256SUMS.part");
    test::write(unfinished, "half a li");
    house.downloaded("IMG_0002.JPG", second());
    house.run("nas_archive");
    CHECK_FALSE(fs::exists(unfinished));
    CHECK(house.sums_are_right("2024/06"));
}

TEST_CASE("files stay due until the index that tells of them is published", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    fs::create_directories(house.nas() / archive_index::kPublished);  // in the way
    house.run("nas_archive");
    CHECK(media_db::Books(house.db()).due(10).size() == 1);
    fs::remove(house.nas() / archive_index::kPublished);
    house.keep();
    CHECK(media_db::Books(house.db()).due(10).empty());
    CHECK(Index::open_to_read(house.nas() / archive_index::kPublished)->count() == 1);
}

TEST_CASE("two processes of a house do not write the books at once", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    const auto turn = files::Lock::try_take(house.index().file().string() + "-keeper");
    REQUIRE(turn);
    house.run("nas_archive");
    CHECK_FALSE(fs::exists(house.nas() / "2024/06/SHA256SUMS"));
    CHECK(media_db::Books(house.db()).due(10).size() == 1);
}

TEST_CASE("what is due stays due while the archive is away", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto due = [&] { return media_db::Books(house.db()).due(100).size(); };
    REQUIRE(due() == 0);
    const auto asset = house.item(MediaId{1}).asset;
    media_db::Books(house.db()).set_words(*asset, {"a title", "", {}});
    REQUIRE(due() == 1);
    fs::rename(house.nas() / archive::kMarkerName, house.dir / "marker");
    CHECK_THROWS_AS(house.keep(), Unavailable);
    CHECK(due() == 1);
    fs::rename(house.dir / "marker", house.nas() / archive::kMarkerName);
    house.keep();
    CHECK(due() == 0);
    CHECK(house.capsule("2024/06").at(0).title == "a title");
}

TEST_CASE("a settled copy that is only read once more makes no book due", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    house.clock.advance(house.settings.archive.settle);
    house.run("nas_archive");
    const auto copy = media_db::Evidence(house.db()).current(MediaId{1}, Place::nas);
    REQUIRE(copy->proof == "settled");
    const auto index = read(house.nas() / archive_index::kPublished), capsule = read(house.nas() / "2024/06/mediaferry.json");
    CHECK(house.capsule("2024/06").at(0).files.at(0).read_back == copy->checked);
    house.clock.advance(std::chrono::hours{24});
    const auto archive = house.open();
    REQUIRE_FALSE(archive::read_again(archive, house.db(), house.item(MediaId{1}), *copy, house.clock.now(), house.settings.archive.settle));
    REQUIRE(media_db::Evidence(house.db()).current(MediaId{1}, Place::nas)->checked == house.clock.now());
    CHECK(media_db::Books(house.db()).due(10).empty());
    house.run("nas_archive");
    CHECK(read(house.nas() / archive_index::kPublished) == index);
    CHECK(read(house.nas() / "2024/06/mediaferry.json") == capsule);
}

TEST_CASE("favourite, title, caption and albums reach the capsule and the sidecar when they change", "[nas_archive]") {
    Library house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto asset = *house.item(photo).asset;
    const auto known = *media_db::Catalogue(house.db()).asset(asset);
    media_db::Books(house.db()).set_words(asset, {"Lake", "at noon", {}});
    media_db::Books(house.db()).set_album(known.account, known.library, "Holidays", {known.record_name});
    house.run("nas_archive");
    auto told = house.capsule("2024/06").at(0);
    CHECK(told.title == "Lake");
    CHECK(told.caption == "at noon");
    CHECK(told.albums == std::vector<std::string>{"Holidays"});
    CHECK_THAT(read(house.nas() / "2024/06/IMG_0001.JPG.xmp"), Catch::Contains("Lake"));
    media_db::Books(house.db()).set_album(known.account, known.library, "Holidays", {});
    house.run("nas_archive");
    CHECK(house.capsule("2024/06").at(0).albums.empty());
}

TEST_CASE("a photo that was deleted from iCloud stays in the albums it was in", "[nas_archive]") {
    Library house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    const auto asset = *house.item(photo).asset;
    const auto known = *media_db::Catalogue(house.db()).asset(asset);
    media_db::Books books{house.db()};
    books.set_album(known.account, known.library, "Holidays", {known.record_name});
    media_db::Catalogue(house.db()).set_deleted(asset, house.clock.now());
    books.set_album(known.account, known.library, "Holidays", {});
    books.keep_albums({});
    CHECK(books.words_of(asset).albums == std::vector<std::string>{"Holidays"});
}

TEST_CASE("a sidecar, a checksum and a capsule entry of somebody else stay", "[nas_archive]") {
    Library house;
    test::write(house.nas() / "2024/06/IMG_0001.JPG.xmp", "<x:xmpmeta x:xmptk=\"darktable\">");
    test::write(house.nas() / "2024/06/foreign.tif", "abc");
    test::write(house.nas() / "2024/06/SHA256SUMS", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  foreign.tif\n");
    archive_index::CapsuleAsset other;
    other.record = "OTHER";
    other.files.resize(1);
    other.files[0].path = "2024/06/foreign.tif";
    other.files[0].filename = "foreign.tif";
    test::write(house.nas() / "2024/06/mediaferry.json", archive_index::to_json("2024/06", {other}));
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    CHECK(read(house.nas() / "2024/06/IMG_0001.JPG.xmp") == "<x:xmpmeta x:xmptk=\"darktable\">");
    CHECK_THAT(read(house.nas() / "2024/06/SHA256SUMS"), Catch::Contains("foreign.tif") && Catch::Contains("IMG_0001.JPG"));
    CHECK(house.sums_are_right("2024/06"));
    CHECK(house.capsule("2024/06").size() == 2);
}

TEST_CASE("a link planted where a book belongs is not followed and not replaced", "[nas_archive]") {
    Library house;
    test::write(house.dir / "elsewhere", "mine");
    fs::create_directories(house.nas() / "2024/06");
    fs::create_symlink(house.dir / "elsewhere", house.nas() / "2024/06/SHA256SUMS");
    house.downloaded("IMG_0001.JPG");
    CHECK_NOTHROW(house.run("nas_archive"));
    CHECK(read(house.dir / "elsewhere") == "mine");
    CHECK(fs::is_symlink(house.nas() / "2024/06/SHA256SUMS"));
}

TEST_CASE("reindex finds everything, foreign files too, and forgets what is gone", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.downloaded("IMG_0002.JPG", second());
    house.run("nas_archive");
    test::write(house.nas() / "holiday.zip", "foreign");
    test::write(house.nas() / "_Trash/2024/gone.jpg", "trash is no copy");
    fs::remove(house.nas() / "2024/06/IMG_0002.JPG");
    fs::remove(house.index().file());
    auto scanned = house.reindex();
    CHECK(scanned.files == 2);
    CHECK(house.index().at("2024/06/IMG_0001.JPG")->file_class == Class::original);
    CHECK(house.index().at("2024/06/IMG_0001.JPG")->sha256 == house.item(MediaId{1}).sha256);
    CHECK(house.index().at("holiday.zip")->file_class == Class::foreign);
    CHECK_FALSE(house.index().at("holiday.zip")->sha256);
    CHECK(scanned.hashed == 0);
    CHECK(house.reindex(Hashes::all).hashed == 2);
    CHECK(house.index().at("holiday.zip")->sha256);
    fs::remove(house.nas() / "holiday.zip");
    CHECK(house.reindex().removed == 1);
    CHECK(house.index().count() == 1);
}

TEST_CASE("reindex keeps a hash only while size, time and inode stay", "[nas_archive]") {
    Library house;
    const auto path = house.nas() / "a.tif";
    test::write(path, "one");
    fs::last_write_time(path, 1'700'000'000);
    house.reindex(Hashes::all);
    const auto before = house.index().at("a.tif");
    CHECK(house.reindex().changed == 0);
    CHECK(house.index().at("a.tif")->sha256 == before->sha256);
    SECTION("another size") { test::write(path, "four"); }
    SECTION("another time") { fs::last_write_time(path, 1'700'000'001); }
    SECTION("another inode") {
        fs::rename(path, house.nas() / "b.tif");
        test::write(path, "two");
        fs::last_write_time(path, 1'700'000'000);
    }
    CHECK(house.reindex().changed == 1);
    CHECK_FALSE(house.index().at("a.tif")->sha256);
}

TEST_CASE("a file that is not what was archived is never shown as archived after a rehash", "[nas_archive]") {
    Library house;
    const auto photo = house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    const auto path = house.nas() / "2024/06/IMG_0001.JPG";
    const auto when = fs::last_write_time(path);
    auto bytes = read(path);
    bytes[100] ^= 1;
    test::write(path, bytes);
    fs::last_write_time(path, when);
    house.reindex(Hashes::all);
    const auto row = house.index().at("2024/06/IMG_0001.JPG");
    CHECK(row->sha256 != house.item(photo).sha256);
    CHECK(row->file_class == Class::foreign);
    CHECK(row->first_seen == house.clock.now());
}

TEST_CASE("an index that was lost comes back from the archive without a scan", "[nas_archive]") {
    Library house;
    house.downloaded("IMG_0001.JPG");
    house.run("nas_archive");
    fs::remove(house.index().file());
    const auto archive = house.open();
    auto index = house.index();
    CHECK(archive_index::refresh(archive, index) == 1);
    CHECK(archive_index::refresh(archive, index) == 0);
    CHECK(index.at("2024/06/IMG_0001.JPG")->file_class == Class::original);
}
