// SPDX-License-Identifier: GPL-3.0-or-later
// What happens to the archive's own books on its disks: found by a reading, kept aside, written anew; what others wrote is no damage.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/archive/known.h"
#include "common/archive_index/book_check.h"
#include "common/archive_index/books.h"
#include "common/archive_index/keeper.h"
#include "common/media_db/books.h"
#include "stages/nas_archive/nas_archive.h"
#include "tests/contract/nas_archive/archived_house.h"

using namespace mediaferry;
using archive_index::BookCheck;
using archive_index::Index;
using test::ArchivedHouse;
using test::noise;
using test::read;
using test::Sample;

namespace {

/// Two photos in one folder, archived, and every book that tells of them.
class Shelf : public ArchivedHouse {
public:
    Shelf() {
        downloaded("IMG_0001.JPG");
        downloaded("IMG_0002.JPG", {.content = noise(20'000, 2)});
        run("nas_archive");
    }
    Index index() {
        return Index::open(archive_index::index_file(settings.state_directory(), archive::open_known(db(), settings.archive, clock.now())));
    }
    BookCheck look(int percent = 100, std::optional<std::chrono::seconds> older_than = {}) {
        const auto archive = archive::open_known(db(), settings.archive, clock.now());
        auto index = this->index();
        return archive_index::check_books(archive, index, percent, older_than ? std::optional{clock.now() - *older_than} : std::nullopt, clock.now());
    }
    BookCheck mend() {
        auto archive = archive::open_known(db(), settings.archive, clock.now());
        auto index = this->index();
        auto check = archive_index::check_books(archive, index, 100, std::nullopt, clock.now());
        archive_index::write_again(db(), archive, index, check, clock.now());
        return check;
    }
};

void rot(const fs::path& file, const std::string& how) {
    auto bytes = read(file);
    if (how == "one bit") bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 1);
    if (how == "cut") bytes.resize(bytes.size() / 2);
    if (how == "zeroes") bytes.assign(bytes.size(), '\0');
    struct stat before {};
    REQUIRE(::stat(file.c_str(), &before) == 0);
    test::write(file, bytes);
    const timespec times[2]{before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
}

const std::vector<std::string> kBooks{"2024/06/SHA256SUMS", "2024/06/mediaferry.json", "2024/06/IMG_0001.JPG.xmp", archive_index::kPublished};

}  // namespace

TEST_CASE("a book of the archive that rots is named, kept aside and written anew", "[nas_archive][books]") {
    Shelf house;
    CHECK(house.look().bad.empty());
    const auto book = GENERATE(from_range(kBooks));
    const auto how = GENERATE(as<std::string>(), "one bit", "cut", "zeroes");
    CAPTURE(book, how);
    const auto file = house.nas() / book;
    const auto right = read(file);
    rot(file, how);
    const auto rotten = read(file);
    const auto check = house.mend();
    REQUIRE(check.bad.size() == 1);
    CHECK(check.bad[0].path == book);
    CHECK(check.bad[0].reason.code == "book.damaged");
    CHECK(check.bad[0].healed);
    REQUIRE(check.bad[0].aside);
    CHECK(read(house.nas() / *check.bad[0].aside) == rotten);
    if (book == archive_index::kPublished)
        CHECK(Index::open_to_read(file)->count() == 2);
    else
        CHECK(read(file) == right);
    CHECK(house.look().bad.empty());
}

TEST_CASE("a book that is gone is written anew, one of a folder without photos is forgotten", "[nas_archive][books]") {
    Shelf house;
    fs::remove(house.nas() / "2024/06/IMG_0001.JPG.xmp");
    const auto check = house.mend();
    REQUIRE(check.bad.size() == 1);
    CHECK(check.bad[0].reason.code == "book.missing");
    CHECK(check.bad[0].healed);
    CHECK(fs::exists(house.nas() / "2024/06/IMG_0001.JPG.xmp"));
    house.index().put_book({"2011/01/SHA256SUMS", {}, 0, std::nullopt});
    CHECK(house.mend().bad.size() == 1);
    CHECK(house.look().bad.empty());
}

TEST_CASE("what somebody else wrote into a book is no damage", "[nas_archive][books]") {
    Shelf house;
    const auto sums = house.nas() / "2024/06/SHA256SUMS";
    test::write(sums, read(sums) + std::string(64, 'a') + "  another.jpg\n");
    CHECK(house.look().bad.empty());
}

TEST_CASE("the books not read for longest are read first, and no more than asked", "[nas_archive][books]") {
    Shelf house;
    const auto all = house.look(1).written;
    CHECK(all == 5);  // two sidecars
    CHECK(house.look(20).read == 1);
    house.clock.advance(std::chrono::hours{48});
    CHECK(house.look(100, std::chrono::hours{24}).read == all);
    CHECK(house.look(100, std::chrono::hours{24}).read == 0);
}

TEST_CASE("an index on the NAS that rots under another time keeps no whole one from being published", "[nas_archive][books]") {
    Shelf house;
    const auto published = house.nas() / archive_index::kPublished;
    auto bytes = read(published);
    std::fill(bytes.begin() + 4096, bytes.end(), '\xff');
    test::write(published, bytes);
    house.downloaded("IMG_0003.JPG", {.content = noise(20'000, 3)});
    house.run("nas_archive");
    REQUIRE(Index::open_to_read(published));
    CHECK(Index::open_to_read(published)->count() == 3);
    CHECK(media_db::Books(house.db()).due(1).empty());
}

TEST_CASE("an index at home that rots is made afresh by the next run, and every book with it", "[nas_archive][books]") {
    Shelf house;
    const auto file =
        archive_index::index_file(house.settings.state_directory(), archive::open_known(house.db(), house.settings.archive, house.clock.now()));
    auto bytes = read(file);
    REQUIRE(bytes.size() > 8192);
    std::fill(bytes.begin() + 4096, bytes.end(), '\xff');
    for (const char* end : {"-wal", "-shm"}) fs::remove(file.string() + end);
    test::write(file, bytes);
    SECTION("met by a run") {
        house.downloaded("IMG_0003.JPG", {.content = noise(20'000, 3)});
        house.run("nas_archive");
        house.downloaded("IMG_0004.JPG", {.content = noise(20'000, 4)});
        house.run("nas_archive");
        CHECK(house.index().count() == 4);
        CHECK(house.look().written == 7);  // four sidecars
    }
    SECTION("met by who reads all of it") {
        CHECK(Index::open_whole(file).count() == 0);
        CHECK(house.index().count() == 0);
    }
}
