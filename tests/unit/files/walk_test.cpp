// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/files/walk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace mediaferry;

namespace {

void touch(const fs::path& path, const std::string& content = "x") {
    fs::create_directories(path.parent_path());
    std::ofstream(path.string(), std::ios::binary) << content;
}

std::vector<std::string> walked(const fs::path& root, files::Walk::Skip skip = {}) {
    const auto tree = files::Tree::open(root);
    files::Walk walk{tree, std::move(skip)};
    std::vector<std::string> paths;
    while (const auto* found = walk.next()) paths.push_back(std::string(found->path) + (found->kind == files::Found::Kind::file ? "" : "?"));
    return paths;
}

}  // namespace

TEST_CASE("a walk gives every file in the order of whole paths as bytes", "[files]") {
    test::TempDir dir;
    for (const char* path : {"a/b", "a.txt", "a-b", "a0", "b/c/d", "b/c.d", "b/c-d", "B", "caf\xc3\xa9/1", "caf\xe9"}) touch(dir / "tree" / path);
    const auto paths = walked(dir / "tree");
    CHECK(paths.size() == 10);
    CHECK(std::ranges::is_sorted(paths));
}

TEST_CASE("a walk tells size, time and inode", "[files]") {
    test::TempDir dir;
    touch(dir / "a/b", "12345");
    struct stat status {};
    REQUIRE(::stat((dir / "a/b").c_str(), &status) == 0);
    const auto tree = files::Tree::open(dir / "a");
    files::Walk walk{tree};
    const auto* found = walk.next();
    REQUIRE(found);
    CHECK(found->size == 5);
    CHECK(found->inode == status.st_ino);
    CHECK(found->modified_ns == static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec);
    CHECK(walk.next() == nullptr);
}

TEST_CASE("a walk never follows a link, and says what is no file", "[files]") {
    test::TempDir dir;
    touch(dir / "outside/secret");
    touch(dir / "tree/a");
    fs::create_symlink(dir / "outside", dir / "tree/link");
    REQUIRE(::mkfifo((dir / "tree/pipe").c_str(), 0600) == 0);
    CHECK(walked(dir / "tree") == std::vector<std::string>{"a", "link?", "pipe?"});
}

TEST_CASE("what is passed over is passed over with all below it", "[files]") {
    test::TempDir dir;
    for (const char* path : {"keep/a", "skip/b", "skip/deep/c", "keep/skip/d"}) touch(dir / "tree" / path);
    CHECK(walked(dir / "tree", [](std::string_view path, std::string_view, bool directory) { return directory && path == "skip"; }) ==
          std::vector<std::string>{"keep/a", "keep/skip/d"});
}

TEST_CASE("a directory that cannot be listed is told, not taken for an empty one", "[files]") {
    if (::geteuid() == 0) {
        WARN("skipped: root may list every directory");
        return;
    }
    test::TempDir dir;
    touch(dir / "tree/a/b");
    touch(dir / "tree/c");
    ::chmod((dir / "tree/a").c_str(), 0);
    const auto paths = walked(dir / "tree");
    ::chmod((dir / "tree/a").c_str(), 0700);
    CHECK(paths == std::vector<std::string>{"a?", "c"});
}
