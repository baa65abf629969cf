// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;
using files::Tree;

namespace {

template <class Work>
std::string code_thrown_by(Work work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("a tree refuses names that lead out of it", "[files]") {
    TempDir dir;
    write(dir / "secret.txt", "outside");
    fs::create_directories(dir / "nas/2025");
    fs::create_symlink(dir / "secret.txt", dir / "nas/link.jpg");
    fs::create_directory_symlink(dir.path(), dir / "nas/up");
    const Tree tree = Tree::open(dir / "nas");

    for (const fs::path& name :
         {fs::path("../secret.txt"), fs::path("2025/../../secret.txt"), dir / "secret.txt", fs::path("up/secret.txt"), fs::path("link.jpg")}) {
        INFO(name.string());
        CHECK(code_thrown_by([&] { tree.open_read(name); }) == "file.refused");
    }
    for (const fs::path& name : {fs::path("../new.txt"), fs::path("up/new.txt"), dir / "new.txt"}) {
        INFO(name.string());
        CHECK(code_thrown_by([&] { tree.create_new(name); }) == "file.refused");
        CHECK(code_thrown_by([&] { tree.remove(name.parent_path() / "secret.txt"); }) == "file.refused");
        CHECK(code_thrown_by([&] { tree.make_directories(name.parent_path() / "made"); }) == "file.refused");
    }
    CHECK(code_thrown_by([&] { tree.remove(".."); }) == "file.refused");
    CHECK(read(dir / "secret.txt") == "outside");
    CHECK_FALSE(fs::exists(dir / "new.txt"));
    CHECK_FALSE(fs::exists(dir / "made"));
}

TEST_CASE("a tree stays with its directory when another takes its path", "[files]") {
    TempDir dir;
    fs::create_directories(dir / "nas");
    const Tree tree = Tree::open(dir / "nas");
    fs::rename(dir / "nas", dir / "real-nas");
    fs::create_directories(dir / "nas");  // as after a lazy unmount: the bare mount point shows

    tree.create_new("IMG_0001.JPG");

    CHECK(fs::exists(dir / "real-nas/IMG_0001.JPG"));
    CHECK(fs::is_empty(dir / "nas"));
}

TEST_CASE("a tree makes, lists, reads and removes", "[files]") {
    TempDir dir;
    const Tree tree = Tree::open(dir.path());
    tree.make_directories("2025/01");
    tree.make_directories("2025/01");  // again: nothing to do
    write(dir / "2025/01/b.jpg", "two");
    write(dir / "2025/01/a.jpg", "one");

    CHECK(tree.list("2025/01") == std::vector<std::string>{"a.jpg", "b.jpg"});
    CHECK(tree.list("") == std::vector<std::string>{"2025"});
    CHECK(tree.read_small("2025/01/a.jpg") == "one");
    CHECK(tree.status("2025/01/a.jpg")->st_size == 3);
    CHECK_FALSE(tree.status("2025/02/a.jpg"));
    CHECK_FALSE(tree.status("2025/01/a.jpg/b"));
    CHECK(code_thrown_by([&] { tree.read_small("2025/01/a.jpg", 2); }) == "file.too_large");
    CHECK(code_thrown_by([&] { tree.open_read("2025/01/c.jpg"); }) == "file.missing");
    CHECK(code_thrown_by([&] { tree.create_new("2025/01/a.jpg"); }) == "file.exists");

    tree.remove_empty_directory("2025/01");  // not empty: stays
    CHECK(fs::exists(dir / "2025/01"));
    tree.remove("2025/01/a.jpg");
    tree.remove("2025/01/a.jpg");
    tree.remove("2025/01/b.jpg");
    tree.remove_empty_directory("2025/01");
    tree.remove_empty_directory("2025/01");
    CHECK_FALSE(fs::exists(dir / "2025/01"));
}

TEST_CASE("renaming never overwrites", "[files]") {
    TempDir dir;
    write(dir / "new.part", "new");
    write(dir / "IMG_0001.JPG", "old");
    const Tree tree = Tree::open(dir.path());

    CHECK(code_thrown_by([&] { tree.rename_new("new.part", "IMG_0001.JPG"); }) == "file.exists");
    CHECK(read(dir / "IMG_0001.JPG") == "old");
    CHECK(read(dir / "new.part") == "new");

    tree.rename_new("new.part", "IMG_0001-2.JPG");
    CHECK(read(dir / "IMG_0001-2.JPG") == "new");
    CHECK_FALSE(fs::exists(dir / "new.part"));
}

TEST_CASE("the identity of a tree tells another file system from its own", "[files]") {
    TempDir dir;
    const Tree tree = Tree::open(dir.path());
    CHECK(Tree::identity_of(dir.path()) == tree.identity());
    CHECK_FALSE(Tree::identity_of("/proc") == tree.identity());
    CHECK_FALSE(Tree::identity_of(dir / "absent"));
}

TEST_CASE("a missing root is unavailable, not empty", "[files]") {
    TempDir dir;
    write(dir / "file", "");
    CHECK_THROWS_AS(Tree::open(dir / "absent"), Unavailable);
    CHECK_THROWS_AS(Tree::open(dir / "file"), Unavailable);
    CHECK(code_thrown_by([&] { Tree::open(dir / "absent"); }) == "file.missing");
}
