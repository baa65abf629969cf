// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/index.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "common/archive_index/left_alone.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using archive_index::Class;
using archive_index::Index;
using archive_index::Row;

namespace {

const Timestamp kMonday{std::chrono::seconds{1'750'000'000}};
const Timestamp kTuesday = kMonday + std::chrono::hours{24};

Row row(const std::string& path, std::uint8_t content = 1, Timestamp seen = kMonday, Class file_class = Class::original) {
    Row one{path, Bytes{10}, 5, 7, Sha256{}, seen, seen, file_class};
    one.sha256->bytes[0] = content;
    return one;
}

std::vector<std::string> paths(const Index& index) {
    std::vector<std::string> all;
    Index::Rows rows{index};
    while (const auto* one = rows.next()) all.push_back(one->path);
    return all;
}

}  // namespace

TEST_CASE("rows come back as they were put, in the order of paths as bytes", "[archive_index]") {
    test::TempDir dir;
    auto index = Index::open(dir / "state/archive.db");
    for (const char* path : {"b", "a/b", "a.b", "A", "caf\xe9"}) index.put(row(path));
    CHECK(paths(index) == std::vector<std::string>{"A", "a.b", "a/b", "b", "caf\xe9"});
    const auto one = index.at("caf\xe9");
    REQUIRE(one);
    CHECK(one->size == Bytes{10});
    CHECK(one->modified_ns == 5);
    CHECK(one->inode == 7);
    CHECK(one->sha256 == row("").sha256);
    CHECK(one->first_seen == kMonday);
    CHECK(one->verified == kMonday);
    CHECK(one->file_class == Class::original);
    CHECK(!index.at("c"));
}

TEST_CASE("first_seen stays while the content does", "[archive_index]") {
    test::TempDir dir;
    auto index = Index::open(dir / "archive.db");
    index.put(row("a", 1, kMonday));
    index.put(row("a", 1, kTuesday));
    CHECK(index.at("a")->first_seen == kMonday);
    index.put(row("a", 2, kTuesday));
    CHECK(index.at("a")->first_seen == kTuesday);
}

TEST_CASE("a folder's checksums are stale when a hash in it comes, goes or changes, and until they were written", "[archive_index]") {
    test::TempDir dir;
    auto index = Index::open(dir / "archive.db");
    index.put(row("2024/06/a"));
    CHECK(index.stale_folders() == std::vector<std::string>{"2024/06"});
    index.mended("2024/06");
    index.put(row("2024/06/a", 1, kTuesday));
    CHECK(index.stale_folders().empty());
    index.put(row("2024/06/foreign", 3, kMonday, Class::foreign));
    CHECK(index.stale_folders().empty());
    index.put(row("2024/06/a", 2));
    CHECK(index.stale_folders().size() == 1);
    index.mended("2024/06");
    index.remove("2024/06/a");
    CHECK(index.stale_folders().size() == 1);
}

TEST_CASE("rows of one folder are those directly in it", "[archive_index]") {
    test::TempDir dir;
    auto index = Index::open(dir / "archive.db");
    for (const char* path : {"2024/06/a", "2024/06/raw/b", "2024/06-x/c", "2024/d", "e"}) index.put(row(path));
    CHECK(index.in_folder("2024/06").size() == 1);
    CHECK(index.in_folder("2024").size() == 1);
    CHECK(index.in_folder("").front().path == "e");
}

TEST_CASE("rows of another house are taken in, one's own are not touched", "[archive_index]") {
    test::TempDir dir;
    auto ours = Index::open(dir / "ours.db");
    ours.put(row("a", 1));
    {
        auto theirs = Index::open(dir / "theirs.db");
        theirs.put(row("a", 9));
        theirs.put(row("b", 2));
        theirs.snapshot_to(dir / "published.db");
    }
    CHECK(ours.take_unknown_from(dir / "published.db") == 1);
    CHECK(ours.at("a")->sha256 == row("a", 1).sha256);
    CHECK(ours.at("b"));
}

TEST_CASE("an index that is damaged, or no index, is made afresh and never trusted", "[archive_index]") {
    test::TempDir dir;
    std::ofstream((dir / "archive.db").string()) << std::string(8192, 'x');
    CHECK(!Index::open_to_read(dir / "archive.db"));
    auto index = Index::open(dir / "archive.db");
    CHECK(index.count() == 0);
    index.put(row("a"));
    CHECK(index.count() == 1);
    CHECK(!Index::open_to_read(dir / "none.db"));
}

TEST_CASE("a change that is not committed leaves nothing, not even a stale folder", "[archive_index]") {
    test::TempDir dir;
    auto index = Index::open(dir / "archive.db");
    {
        Index::Change change{index};
        index.put(row("2024/06/a"));
    }
    CHECK(index.count() == 0);
    CHECK(index.stale_folders().empty());
    CHECK_FALSE(index.has_changed());
}

TEST_CASE("our books, temporary files and the trash are left alone, photos are not", "[archive_index]") {
    using archive_index::left_alone;
    for (const std::string name : {".mediaferry", ".mediaferry-nas", ".mediaferry-tmp-7-1", ".DS_Store", "Thumbs.db", "._IMG.JPG"})
        CHECK(left_alone("x/" + name, name, false, "_Trash"));
    CHECK(left_alone("_Trash", "_Trash", true, "_Trash"));
    CHECK_FALSE(left_alone("2024/_Trash", "_Trash", true, "_Trash"));
    CHECK(left_alone("x/@eaDir", "@eaDir", true, "_Trash"));
    CHECK_FALSE(left_alone("x/@eaDir", "@eaDir", false, "_Trash"));
    CHECK_FALSE(left_alone("2024/06/IMG_1.JPG", "IMG_1.JPG", false, "_Trash"));
}
