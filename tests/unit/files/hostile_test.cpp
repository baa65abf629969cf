// SPDX-License-Identifier: GPL-3.0-or-later
// Names and places that others may have prepared: nothing outside the folders of the house is read or written.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/files/calls.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;
using files::calls::Mounts;

namespace {

template <class Work>
std::string code_of_refusal(Work work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return "nothing";
}

/// A house folder with a way out planted in it: media/out leads to outside/, media/photo.jpg to outside/secret.jpg.
struct Trapped {
    TempDir dir;
    fs::path house = dir / "media", outside = dir / "outside";
    Trapped() {
        fs::create_directories(house / "in");
        fs::create_directories(outside / "sub");
        write(outside / "secret.jpg", "secret");
        write(house / "in/own.jpg", "own");
        fs::create_directory_symlink(outside, house / "out");
        fs::create_symlink(outside / "secret.jpg", house / "photo.jpg");
        files::keep_within({house});
    }
    std::vector<std::string> outside_now() const { return files::Tree::open(outside).list(""); }
};

void make_socket(const fs::path& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.native().size() < sizeof address.sun_path);
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
}

}  // namespace

TEST_CASE("below a folder of the house nothing is read through a symbolic link", "[files][hostile]") {
    const Trapped world;
    for (const auto& path : {world.house / "photo.jpg", world.house / "out/secret.jpg", world.house / "in/../../outside/secret.jpg"}) {
        INFO(path.string());
        CHECK(code_of_refusal([&] { files::digest_file(path); }) == "file.refused");
        CHECK(code_of_refusal([&] { files::read_small_file(path); }) == "file.refused");
        CHECK(code_of_refusal([&] { files::share_file(path, world.house / "in/copy.jpg", true); }) == "file.refused");
        CHECK(code_of_refusal([&] { files::set_modified(path, Timestamp{}); }) == "file.refused");
        CHECK_FALSE(files::status_of(world.house / "in/copy.jpg"));
    }
    CHECK_FALSE(files::is_file(world.house / "photo.jpg"));
    CHECK(code_of_refusal([&] { files::is_file(world.house / "out/secret.jpg"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::looks_like_placeholder(world.house / "out/secret.jpg"); }) == "file.refused");
    CHECK(files::read_small_file(world.house / "in/own.jpg") == "own");
}

TEST_CASE("below a folder of the house nothing is written through a symbolic link", "[files][hostile]") {
    const Trapped world;
    const auto before = world.outside_now();
    const auto own = world.house / "in/own.jpg", into = world.house / "out/new.jpg";
    CHECK(code_of_refusal([&] { files::share_file(own, into, true); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::move_file(own, into); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::make_placeholder(into, Bytes{10}, Timestamp{}); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::make_placeholder(world.house / "out/secret.jpg", Bytes{10}, Timestamp{}); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::make_directories(world.house / "out/2024/06"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::make_directories(world.house / "out/sub/06"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::replace_small_file(into, "x"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::remove_file(world.house / "out/secret.jpg"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::move_file(world.house / "out/secret.jpg", world.house / "in/stolen.jpg"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::Tree::open(world.house / "out"); }) == "file.refused");
    CHECK(code_of_refusal([&] { files::Lock::try_take(world.house / "out/lock"); }) == "file.refused");
    CHECK(world.outside_now() == before);
    CHECK(read(world.outside / "secret.jpg") == "secret");
    CHECK(read(own) == "own");
}

TEST_CASE("a link itself may be taken away, what it leads to stays", "[files][hostile]") {
    const Trapped world;
    files::move_file(world.house / "photo.jpg", world.house / "in/aside.jpg");
    CHECK(fs::is_symlink(world.house / "in/aside.jpg"));
    files::remove_file(world.house / "in/aside.jpg");
    files::remove_file(world.house / "in/never-there.jpg");
    files::remove_file(world.house / "nowhere/never-there.jpg");
    CHECK_FALSE(files::status_of(world.house / "in/aside.jpg"));
    CHECK(read(world.outside / "secret.jpg") == "secret");
}

TEST_CASE("a folder of the house may itself be a link: that is the user's business", "[files][hostile]") {
    TempDir dir;
    fs::create_directories(dir / "disk2/incoming");
    fs::create_directories(dir / "media");
    fs::create_directory_symlink(dir / "disk2/incoming", dir / "media/incoming");
    files::keep_within({dir / "media", dir / "media/incoming/"});

    files::make_directories(dir / "media/incoming/2024/06");
    files::replace_small_file(dir / "media/incoming/2024/06/a.txt", "a");

    CHECK(read(dir / "disk2/incoming/2024/06/a.txt") == "a");
    CHECK(files::is_file(dir / "media/incoming/2024/06/a.txt"));
    CHECK_FALSE(files::status_of(dir / "media/incoming/2024/07/a.txt"));
}

TEST_CASE("a pipe, a socket, a device or a folder under a file's name is refused at once and by its kind", "[files][hostile]") {
    const Trapped world;
    REQUIRE(::mkfifo((world.house / "pipe.jpg").c_str(), 0600) == 0);
    make_socket(world.house / "sock.jpg");
    const bool root = ::mknod((world.house / "zero.jpg").c_str(), S_IFCHR | 0600, static_cast<dev_t>(0x105)) == 0;
    fs::create_directory(world.house / "folder.jpg");
    const auto tree = files::Tree::open(world.house);
    for (const auto& [name, kind] : std::vector<std::pair<std::string, std::string>>{
             {"pipe.jpg", "a pipe"}, {"sock.jpg", "a socket"}, {"folder.jpg", "a folder"}, {"zero.jpg", "a device"}}) {
        if (name == "zero.jpg" && !root) continue;
        INFO(name);
        CHECK(code_of_refusal([&] { files::digest_file(world.house / name); }) == "file.refused");
        CHECK(code_of_refusal([&] { tree.open_read(name); }) == "file.refused");
        CHECK(code_of_refusal([&] { files::read_back(tree, name); }) == "file.refused");
        CHECK(code_of_refusal([&] { files::share_file(world.house / name, world.house / "in/copy.jpg", true); }) == "file.refused");
        CHECK_FALSE(files::looks_like_placeholder(world.house / name));
        CHECK_THROWS_WITH(files::digest_file(world.house / name), Catch::Contains(kind) && Catch::Contains(name) && Catch::Contains("Take it away"));
    }
}

TEST_CASE("the walk is the same by openat2 and by single steps", "[files][hostile]") {
    const Trapped world;
    const auto tree = files::Tree::open(world.house);
    fs::create_directories(world.house / "in/deep");
    write(world.house / "in/deep/a.jpg", "a");
    using Walk = int (*)(int, const fs::path&, int, mode_t, Mounts);
    const Walk walk = GENERATE(Walk{&files::calls::open_beneath}, Walk{&files::calls::open_by_steps});
    const auto opened = [&](const fs::path& name, int flags) {
        const files::Descriptor file{walk(tree.descriptor(), name, flags, 0600, Mounts::stay)};
        return file ? 0 : errno;
    };
    CHECK(opened("in/deep/a.jpg", O_RDONLY) == 0);
    CHECK(opened("", O_RDONLY | O_DIRECTORY) == 0);
    CHECK(opened("./in/./deep", O_RDONLY | O_DIRECTORY) == 0);
    CHECK(opened("in/new.jpg", O_WRONLY | O_CREAT | O_EXCL) == 0);
    CHECK(opened("in/new.jpg", O_WRONLY | O_CREAT | O_EXCL) == EEXIST);
    CHECK(opened("nothing/a.jpg", O_RDONLY) == ENOENT);
    CHECK(opened("in/own.jpg/a.jpg", O_RDONLY) == ENOTDIR);
    for (const int flags : {O_RDONLY, O_PATH, O_RDONLY | O_DIRECTORY, O_PATH | O_DIRECTORY}) {
        CHECK(opened("out", flags) == ELOOP);
        CHECK(opened("photo.jpg", flags) == ELOOP);
        CHECK(opened("out/secret.jpg", flags) == ELOOP);
        CHECK(opened("../outside/secret.jpg", flags) == EXDEV);
        CHECK(opened(world.outside / "secret.jpg", flags) == EXDEV);
    }
    CHECK(opened("out/new.jpg", O_WRONLY | O_CREAT | O_EXCL) == ELOOP);
    CHECK(opened("photo.jpg", O_WRONLY | O_CREAT | O_TRUNC) == ELOOP);
    CHECK(read(world.outside / "secret.jpg") == "secret");
    const auto proc = files::Tree::open("/proc/self");
    const files::Descriptor magic{walk(proc.descriptor(), "cwd/x", O_RDONLY, 0, Mounts::cross)};
    CHECK_FALSE(magic);
    CHECK(errno == ELOOP);
    const auto system = files::Tree::open("/");
    const files::Descriptor other_mount{walk(system.descriptor(), "proc/version", O_RDONLY, 0, Mounts::stay)};
    CHECK_FALSE(other_mount);
    CHECK(errno == EXDEV);
    CHECK(files::Descriptor{walk(system.descriptor(), "proc/version", O_RDONLY, 0, Mounts::cross)});
}

TEST_CASE("a number behind a name keeps it within what file systems take", "[files][hostile]") {
    const std::string stem(251, 'x');
    const auto taken_first = [](const fs::path& path) { return path.filename().string().find("-2") == std::string::npos; };
    CHECK(files::free_name(fs::path("a") / (stem + ".jpg"), taken_first).filename().string() == std::string(249, 'x') + "-2.jpg");
    std::string umlauts;
    for (int i = 0; i < 125; ++i) umlauts += "ä";
    const auto free = files::free_name("a/" + umlauts + ".jpg", taken_first).filename().string();
    CHECK(free.size() <= 255);
    CHECK(free.ends_with("ä-2.jpg"));
    CHECK(files::free_name("a/IMG.JPG", taken_first) == fs::path("a/IMG-2.JPG"));
}

TEST_CASE("names from outside are shown without doing anything to a terminal", "[files][hostile]") {
    CHECK(files::printable("IMG_0001 ä 日.JPG") == "IMG_0001 ä 日.JPG");
    CHECK(files::printable("a\nb\x1b[2Jc\x7f") == "a\\x0ab\\x1b[2Jc\\x7f");
    CHECK(files::printable("cut short \xc2") == "cut short \\xc2");
    CHECK(files::printable("\xff\xc3.jpg\xc2\x9b") == "\\xff\\xc3.jpg\\xc2\\x9b");
    CHECK_THROWS_WITH(files::digest_file("/nowhere/a\nb.jpg"), Catch::Contains("a\\x0ab.jpg"));
}
