// SPDX-License-Identifier: GPL-3.0-or-later
// Real folders, a real index.
#include "common/compare/sides.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::compare;
using archive_index::Index;

namespace {

const Timestamp kNow{std::chrono::seconds{1'760'000'000}};

void write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path.string(), std::ios::binary) << content;
    fs::last_write_time(path, 1'750'000'000);
}

archive_index::Row row(const fs::path& root, const std::string& path, bool settled) {
    struct stat status {};
    REQUIRE(::stat((root / path).c_str(), &status) == 0);
    archive_index::Row one{path,
                           Bytes{static_cast<std::uint64_t>(status.st_size)},
                           static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
                           status.st_ino,
                           files::digest_file(root / path).sha256,
                           kNow - std::chrono::hours{48},
                           settled ? kNow : kNow - std::chrono::hours{48},
                           archive_index::Class::original};
    return one;
}

FolderSide folder(const fs::path& root, Index* hashes = nullptr) { return FolderSide{files::Tree::open(root), "_Trash", hashes, kNow}; }

const Target& named(const Result& result, const std::string& name) {
    const auto found = std::ranges::find(result.targets, name, &Target::name);
    REQUIRE(found != result.targets.end());
    return *found;
}

}  // namespace

TEST_CASE("two folders are compared target by target", "[compare]") {
    test::TempDir dir;
    write(dir / "here/2024/06/a.jpg", "same");
    write(dir / "here/2024/06/b.jpg", "here");
    write(dir / "here/2024/06-x/c.jpg", "only here");
    write(dir / "here/2024/top.jpg", "top");
    write(dir / "there/2024/06/a.jpg", "same");
    write(dir / "there/2024/06/b.jpg", "there, longer");
    write(dir / "there/2023/01/d.jpg", "only there");
    write(dir / "there/2024/top.jpg", "top");
    auto here = folder(dir / "here");
    auto there = folder(dir / "there");
    const auto result = compare::compare(here, there, {});
    CHECK(result.targets.size() == 4);
    CHECK(status_of(named(result, "2024/06")) == Status::local_differs);
    CHECK(status_of(named(result, "2024/06-x")) == Status::not_pushed);
    CHECK(status_of(named(result, "2024")) == Status::up_to_date);
    CHECK(status_of(named(result, "2023/01")) == Status::not_pulled);
    CHECK(named(result, "2024/06").presumed.files == 1);
}

TEST_CASE("with --checksum content decides, not the time", "[compare]") {
    test::TempDir dir;
    write(dir / "here/x/y/a.jpg", "content one");
    write(dir / "there/x/y/a.jpg", "content two");
    write(dir / "here/x/y/b.jpg", "equal");
    write(dir / "there/x/y/b.jpg", "equal");
    fs::last_write_time(dir / "there/x/y/b.jpg", 1'600'000'000);
    auto here = folder(dir / "here");
    auto there = folder(dir / "there");
    Asked asked;
    asked.checksum = true;
    const auto result = compare::compare(here, there, asked);
    CHECK(named(result, "x/y").differs.files == 1);
    CHECK(named(result, "x/y").same.files == 1);
    CHECK(result.hashed == 4);
}

TEST_CASE("hashes taken once are remembered as long as the file stays as it is", "[compare]") {
    test::TempDir dir;
    write(dir / "here/x/y/a.jpg", "content");
    write(dir / "there/x/y/a.jpg", "content");
    auto hashes = Index::open(dir / "state/compared.db");
    auto archive = Index::open(dir / "state/archive.db");
    archive.put(row(dir / "there", "x/y/a.jpg", true));
    Asked asked;
    asked.checksum = true;
    const auto ask = [&] {
        auto here = folder(dir / "here", &hashes);
        auto there = IndexSide{archive, std::chrono::hours{24}, nullptr};
        auto result = compare::compare(here, there, asked);
        here.remember();
        return result;
    };
    CHECK(ask().hashed == 1);
    CHECK(ask().hashed == 0);
    asked.checksum = false;
    CHECK(!what_blocks_deletion(named(ask(), "x/y")));
    write(dir / "here/x/y/a.jpg", "Content");
    fs::last_write_time(dir / "here/x/y/a.jpg", 1'750'000'001);
    CHECK(what_blocks_deletion(named(ask(), "x/y"))->code == "compare.not_by_hash");
    asked.checksum = true;
    CHECK(named(ask(), "x/y").differs.files == 1);
}

TEST_CASE("a copy counts as settled only when it was read again after its settle time", "[compare]") {
    test::TempDir dir;
    write(dir / "there/a", "1");
    write(dir / "there/b", "2");
    auto archive = Index::open(dir / "archive.db");
    archive.put(row(dir / "there", "a", true));
    archive.put(row(dir / "there", "b", false));
    IndexSide side{archive, std::chrono::hours{24}, nullptr};
    CHECK(side.next()->file.settled);
    CHECK_FALSE(side.next()->file.settled);
    CHECK(side.next() == nullptr);
}

TEST_CASE("what cannot be read is unknown, and links are not followed", "[compare]") {
    test::TempDir dir;
    write(dir / "here/x/y/a.jpg", "a");
    write(dir / "there/x/y/a.jpg", "a");
    write(dir / "elsewhere/secret.jpg", "secret");
    fs::create_symlink(dir / "elsewhere", dir / "here/x/y/link");
    auto here = folder(dir / "here");
    auto there = folder(dir / "there");
    const auto result = compare::compare(here, there, {});
    CHECK(named(result, "x/y").unknown.files == 1);
    CHECK(named(result, "x/y").local.files == 1);
    CHECK(status_of(named(result, "x/y")) == Status::unknown);
}

TEST_CASE("trash, temporary files and what a NAS keeps for itself are on no side", "[compare]") {
    test::TempDir dir;
    for (const char* path : {"_Trash/x/a.jpg", "#recycle/a.jpg", "2024/06/@eaDir/a.jpg", "2024/06/.mediaferry-tmp-1", ".mediaferry/index.db",
                             "2024/06/SHA256SUMS", "2024/06/mediaferry.json", "2024/06/._a.jpg", "2024/06/Thumbs.db"})
        write(dir / "there" / path, "x");
    write(dir / "there/2024/06/_Trash/kept.jpg", "a folder of that name elsewhere is no trash");
    fs::create_directories(dir / "here");
    auto here = folder(dir / "here");
    auto there = folder(dir / "there");
    const auto result = compare::compare(here, there, {});
    CHECK(result.files == 1);
}

TEST_CASE("each file is told with its target, class and match, for whoever acts on it", "[compare]") {
    test::TempDir dir;
    write(dir / "here/m31/night/light.fits", "1");
    write(dir / "there/m31/night/_FlatWizard/flat.fits", "2");
    Asked asked;
    asked.classes = {{"flats", {"_FlatWizard"}}};
    asked.left_out = {"flats"};
    auto here = folder(dir / "here");
    auto there = folder(dir / "there");
    std::vector<std::string> told;
    compare::compare(here, there, asked, [&](const Judged& one) {
        told.push_back(std::string(one.path) + " " + std::string(one.target) + " " + std::string(one.file_class) +
                       (one.left_out ? " left out " : " ") + std::string(to_text(one.match)));
    });
    CHECK(told == std::vector<std::string>{"m31/night/_FlatWizard/flat.fits m31/night flats left out only_archive",
                                           "m31/night/light.fits m31/night lights only_local"});
}

TEST_CASE("newest targets first, those without a date last", "[compare]") {
    std::vector<Target> targets(3);
    targets[0].name = "none";
    targets[1].name = "old";
    targets[1].named = std::chrono::year{2020} / 1 / 1;
    targets[2].name = "new";
    targets[2].named = std::chrono::year{2026} / 1 / 1;
    sort_recent(targets);
    CHECK(targets[0].name == "new");
    CHECK(targets[1].name == "old");
    CHECK(targets[2].name == "none");
}
