// SPDX-License-Identifier: GPL-3.0-or-later
// Traps in incoming/ and backup/, and names that no camera gives.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/files/files.h"
#include "tests/support/icloud_house.h"

using namespace mediaferry;
using test::IcloudHouse;
using test::noise;
using test::read;

namespace {

constexpr auto kDownload = "icloud_download";
std::string picture(unsigned seed) { return "\xff\xd8\xff\xe1" + noise(20'000, seed); }

media_db::MediaItem only(IcloudHouse& house, const std::string& filename) {
    const auto found = media_db::Catalogue(house.db()).find(filename);
    REQUIRE(found.size() == 1);
    return found.front();
}

struct stat about(const fs::path& path) {
    struct stat found {};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    return found;
}

}  // namespace

TEST_CASE("A link planted in incoming keeps icloudpd away and is named; the photos come all the same", "[icloud_download][hostile]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", picture(1)}}, 1);
    house.bring("2024/05/IMG_0001_QVVlbzc.JPG", picture(1));
    const auto outside = house.dir / "outside";
    fs::create_directories(outside);
    test::write(outside / "theirs.jpg", "theirs");
    fs::create_directories(house.folder("incoming"));
    std::string trap;
    SECTION("a folder") { fs::create_directory_symlink(outside, house.folder("incoming") / (trap = "2024")); }
    SECTION("a file") { fs::create_symlink(outside / "theirs.jpg", house.folder("incoming") / (trap = "IMG_0002.JPG")); }
    SECTION("a pipe under icloudpd's own name for what it has not finished") {
        REQUIRE(::mkfifo((house.folder("incoming") / (trap = "MFRGGZDFMZTWQ2LKNNWG23TPOA.part")).c_str(), 0600) == 0);
    }
    const auto ended = house.run(kDownload);
    CHECK(ended.exit_code == 1);
    CHECK_THAT(ended.reason.value().text, Catch::Contains(trap));
    CHECK(house.icloudpd_starts() == 0);
    CHECK(house.progress().attention == 1);
    CHECK(read(*only(house, "IMG_0001.JPG").local_path) == picture(1));
    CHECK(files::Tree::open(outside).list("") == std::vector<std::string>{"theirs.jpg"});
    CHECK(read(outside / "theirs.jpg") == "theirs");

    files::remove_file(house.folder("incoming") / trap);
    CHECK(house.run(kDownload).exit_code == 0);
    CHECK(house.icloudpd_starts() == 1);
}

TEST_CASE("An arrival that has another name elsewhere is copied: neither its bytes nor its time are shared", "[icloud_download][hostile]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", picture(1)}}, 1);
    const auto theirs = test::write(house.dir / "outside/theirs.jpg", picture(1));
    const auto before = about(theirs);
    fs::create_directories(house.folder("incoming") / "2024/05");
    fs::create_hard_link(theirs, house.folder("incoming") / "2024/05/IMG_0001_QVVlbzc.JPG");
    REQUIRE(house.run(kDownload).exit_code == 0);
    const auto original = *only(house, "IMG_0001.JPG").local_path;
    CHECK(house.apple.downloads() == 0);
    CHECK(read(original) == picture(1));
    CHECK(about(original).st_ino != before.st_ino);
    CHECK(about(theirs).st_mtim.tv_sec == before.st_mtim.tv_sec);
    CHECK(about(theirs).st_mode == before.st_mode);
    CHECK(read(theirs) == picture(1));
}

TEST_CASE("An unfinished download that is also somebody else's file is not written to", "[icloud_download][hostile]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", picture(1)}}, 1);
    const auto theirs = test::write(house.dir / "outside/theirs.jpg", picture(1).substr(0, 100));
    const auto parts = house.folder("incoming") / ".mediaferry-fetch";
    fs::create_directories(parts);
    SECTION("a hard link") { fs::create_hard_link(theirs, parts / "1.part"); }
    SECTION("a symbolic link") { fs::create_symlink(theirs, parts / "1.part"); }
    SECTION("a pipe") { REQUIRE(::mkfifo((parts / "1.part").c_str(), 0600) == 0); }
    house.run(kDownload);
    CHECK(read(*only(house, "IMG_0001.JPG").local_path) == picture(1));
    CHECK(read(theirs) == picture(1).substr(0, 100));
}

TEST_CASE("A year in backup that is a link elsewhere gets no original, and says so", "[icloud_download][hostile]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", picture(1)}}, 1);
    const auto outside = house.dir / "outside";
    fs::create_directories(outside);
    fs::create_directories(house.folder("backup"));
    fs::create_directory_symlink(outside, house.folder("backup") / "2024");
    CHECK(house.run(kDownload).exit_code == 1);
    CHECK(fs::is_empty(outside));
    CHECK(media_db::Catalogue(house.db()).find("IMG_0001.JPG").empty());

    fs::remove(house.folder("backup") / "2024");
    house.clock.advance(std::chrono::hours{24});
    CHECK(house.run(kDownload).exit_code == 0);
    CHECK(read(*only(house, "IMG_0001.JPG").local_path) == picture(1));
}

TEST_CASE("Arrivals may have any name that a disk takes", "[icloud_download][hostile]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", picture(1)}}, 1);
    std::vector<std::string> names{
        "new\nline.jpg", "bell\x07\x1b[31m.jpg", "\xff\xfe invalid.jpg", std::string(251, 'n') + ".jpg", "CON.jpg. ", "-rf"};
    for (const auto& name : names) house.bring(name, "junk " + name);
    CHECK(house.run(kDownload).exit_code == 0);
    CHECK(media_db::Catalogue(house.db()).set_aside().size() == names.size());
    for (const auto& line : house.told())
        for (const char c : line) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));

    // The same names once more: each is set aside beside the first, the longest too.
    for (const auto& name : names) {
        fs::remove(house.folder("incoming") / name);
        test::write(house.folder("incoming") / name, "other junk " + name);
    }
    CHECK(house.run(kDownload).exit_code == 0);
    CHECK(media_db::Catalogue(house.db()).set_aside().size() == 2 * names.size());
}

TEST_CASE("A name that iCloud lists stays in its folder, and one too long for a placeholder does not fail the photo", "[icloud_download][hostile]") {
    IcloudHouse house;
    const std::string name =
        GENERATE(as<std::string>{}, "../../../escaped", "/etc/escaped", "a/b/escaped", "..", "new\nline", std::string(300, 'x'), "CON");
    CAPTURE(name);
    house.apple.add_described({{"key", "odd"}, {"filename", name + ".JPG"}, {"date", 1714564800000}}, {{"original", picture(1)}});
    house.icloudpd_says("Apple iCloud is temporary refusing to serve icloudpd");
    CHECK(house.run(kDownload).exit_code == 0);
    std::size_t originals = 0;
    for (const auto& entry : fs::recursive_directory_iterator(house.folder("backup")))
        originals += fs::is_regular_file(entry.path()) && read(entry.path()) == picture(1);
    CHECK(originals == 1);
    CHECK_FALSE(fs::exists(house.dir / "escaped.JPG"));
    CHECK_FALSE(fs::exists(house.dir.path().parent_path() / "escaped.JPG"));
    CHECK(house.apple.downloads() == 1);
    CHECK(house.run(kDownload).exit_code == 0);
    CHECK(house.apple.downloads() == 1);
}
