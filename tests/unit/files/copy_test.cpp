// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;
using files::Tree;

namespace {

const Timestamp kTaken{std::chrono::seconds{1'700'000'000}};

files::Descriptor opened(const fs::path& path) { return files::Descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)}; }

struct stat about(const fs::path& path) {
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    return found;
}

bool in_memory(const fs::path& path) { return files::file_system_type(path) == "tmpfs"; }

}  // namespace

TEST_CASE("a copy has the bytes, the digests and the time of its source", "[files]") {
    TempDir dir;
    const std::string bytes = noise(2'500'003, 3);
    const auto source = opened(write(dir / "from/IMG_0001.JPG", bytes));
    fs::create_directories(dir / "nas");
    std::uint64_t told = 0;

    const auto digests = files::copy_in(source.get(), Tree::open(dir / "nas"), "copy.part", kTaken, {}, [&](Bytes moved) { told += moved.count; });

    CHECK(read(dir / "nas/copy.part") == bytes);
    CHECK(digests == files::digest_bytes(bytes));
    CHECK(about(dir / "nas/copy.part").st_mtime == 1'700'000'000);
    CHECK(told == bytes.size());
}

TEST_CASE("a copy that cannot be finished leaves nothing", "[files]") {
    TempDir dir;
    const auto source = opened(write(dir / "from.mov", noise(4 << 20, 4)));
    const Tree tree = Tree::open(dir.path());

    SECTION("asked to stop") {
        int asked = 0;
        CHECK_THROWS_AS(files::copy_in(source.get(), tree, "copy.part", kTaken, [&] { return ++asked > 2; }), Interrupted);
    }
    SECTION("a limit on the size of files") {
        struct rlimit before {};
        ::getrlimit(RLIMIT_FSIZE, &before);
        const struct rlimit small { GENERATE(1u << 20, 3u * (1u << 20) + (1u << 19)), before.rlim_max };  // the second cuts the last write short
        ::signal(SIGXFSZ, SIG_IGN);
        ::setrlimit(RLIMIT_FSIZE, &small);
        CHECK_THROWS_AS(files::copy_in(source.get(), tree, "copy.part", kTaken), TransientError);
        ::setrlimit(RLIMIT_FSIZE, &before);
        ::signal(SIGXFSZ, SIG_DFL);
    }
    CHECK_FALSE(fs::exists(dir / "copy.part"));
}

TEST_CASE("a copy onto an existing name fails and leaves that file", "[files]") {
    TempDir dir;
    const auto source = opened(write(dir / "from.jpg", "new"));
    write(dir / "there.jpg", "old");
    CHECK_THROWS_AS(files::copy_in(source.get(), Tree::open(dir.path()), "there.jpg", kTaken), TransientError);
    CHECK(read(dir / "there.jpg") == "old");
}

TEST_CASE("a full disk is told as such", "[files]") {
    const files::Descriptor full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    REQUIRE(full);
    REQUIRE(::write(full.get(), "x", 1) == -1);
    try {
        files::throw_errno(errno, "cannot write", "/mnt/nas/IMG_0001.JPG");
        FAIL("no error");
    } catch (const TransientError& error) {
        CHECK(error.code() == "file.full");
        CHECK_THAT(error.what(), Catch::Contains("/mnt/nas/IMG_0001.JPG"));
    }
}

TEST_CASE("errors of a share that is gone are told from those of a file", "[files]") {
    const auto [number, code, away] = GENERATE(table<int, std::string, bool>({{ESTALE, "file.away", true},
                                                                              {ENOTCONN, "file.away", true},
                                                                              {EHOSTDOWN, "file.away", true},
                                                                              {ENODEV, "file.away", true},
                                                                              {EDQUOT, "file.full", false},
                                                                              {EROFS, "file.read_only", false},
                                                                              {EIO, "file.io", false},
                                                                              {EACCES, "file.denied", false},
                                                                              {EPERM, "file.denied", false}}));
    try {
        files::throw_errno(number, "cannot open", "x");
    } catch (const TransientError& error) {
        CHECK(error.code() == code);
        CHECK((dynamic_cast<const Unavailable*>(&error) != nullptr) == away);
    }
}

TEST_CASE("reading back goes past the page cache", "[files]") {
    TempDir dir;
    const std::size_t size = GENERATE(0u, 1u, 4095u, 4096u, 4097u, 1048576u, 3145729u);
    const std::string bytes = noise(size, 5);
    write(dir / "IMG_0001.JPG", bytes);

    const auto back = files::read_back(Tree::open(dir.path()), "IMG_0001.JPG");

    CHECK(back.digests == files::digest_bytes(bytes));
    CHECK(back.past_the_cache != in_memory(dir.path()));
    CHECK((back.method == "direct" || back.method == "evicted" || back.method == "memory"));
}

TEST_CASE("reading back from memory proves nothing", "[files]") {
    const fs::path shm = "/dev/shm";
    if (!fs::exists(shm) || !in_memory(shm)) return;
    const std::string name = files::temporary_name();
    write(shm / name, "bytes");
    const auto back = files::read_back(Tree::open(shm), name);
    fs::remove(shm / name);
    CHECK(back.digests == files::digest_bytes("bytes"));
    CHECK(back.method == "memory");
    CHECK_FALSE(back.past_the_cache);
}

TEST_CASE("pages that somebody holds in memory do not vouch for the storage", "[files]") {
    TempDir dir;
    if (in_memory(dir.path())) return;
    const std::string bytes = noise(1 << 20, 6);
    const auto file = opened(write(dir / "held.jpg", bytes));
    void* mapping = ::mmap(nullptr, bytes.size(), PROT_READ, MAP_SHARED | MAP_POPULATE, file.get(), 0);
    REQUIRE(mapping != MAP_FAILED);

    const auto back = files::read_back(Tree::open(dir.path()), "held.jpg");

    ::munmap(mapping, bytes.size());
    CHECK(back.digests == files::digest_bytes(bytes));
    // Either the reading went to the device although the pages stayed, or it says that it proves nothing.
    CHECK((back.past_the_cache ? back.method == "direct" : back.method != "evicted"));
}

TEST_CASE("moving keeps bytes and time and never overwrites", "[files]") {
    TempDir dir;
    const std::string bytes = noise(100'000, 8);
    const auto from = write(dir / "incoming/IMG_0001.JPG", bytes);
    fs::path target = dir / "backup/2025/IMG_0001.JPG";
    const std::string other_disk = GENERATE("", "/dev/shm");
    fs::path elsewhere;
    if (!other_disk.empty()) {
        if (!fs::exists(other_disk) || Tree::identity_of(other_disk)->device == Tree::identity_of(dir.path())->device) return;
        elsewhere = fs::path(other_disk) / files::temporary_name();
        target = elsewhere / "IMG_0001.JPG";
    }
    const auto modified = about(from).st_mtime;

    files::move_file(from, target);
    CHECK(read(target) == bytes);
    CHECK(about(target).st_mtime == modified);
    CHECK_FALSE(fs::exists(from));

    write(from, "another photo");
    CHECK_THROWS_AS(files::move_file(from, target), TransientError);
    CHECK(read(from) == "another photo");
    CHECK(read(target) == bytes);
    CHECK(std::distance(fs::directory_iterator(target.parent_path()), fs::directory_iterator()) == 1);
    if (!elsewhere.empty()) fs::remove_all(elsewhere);
}

TEST_CASE("moving to another disk, a file that somebody writes to meanwhile keeps its place", "[files]") {
    TempDir dir;
    const fs::path other = "/dev/shm";
    if (!fs::exists(other) || Tree::identity_of(other)->device == Tree::identity_of(dir.path())->device) return;
    const auto elsewhere = other / files::temporary_name();
    fs::create_directories(elsewhere);
    const auto from = write(dir / "IMG_0001.JPG", noise(32 << 20, 9));
    const bool the_copy = GENERATE(false, true);
    const auto meddle = [&] {
        if (!the_copy) {  // the source gets another time, over and over
            static std::int64_t second = 0;
            const timespec now{1'700'000'000 + ++second, 0}, times[2]{now, now};
            ::utimensat(AT_FDCWD, from.c_str(), times, 0);
            return;
        }
        for (const auto& entry : fs::directory_iterator(elsewhere)) {
            const files::Descriptor file{::open(entry.path().c_str(), O_WRONLY | O_CLOEXEC)};
            struct stat found {};
            if (file && ::fstat(file.get(), &found) == 0 && found.st_size > (4 << 20) && ::pwrite(file.get(), "?", 1, 100) != 1) return;
        }
    };
    std::string code;
    {
        std::atomic<bool> begun = false;
        std::jthread somebody{[&](const std::stop_token& enough) {
            for (; !enough.stop_requested(); begun = true, begun.notify_all()) try {
                    meddle();
                } catch (const std::exception&) {  // the copy is gone again
                }
        }};
        begun.wait(false);
        try {
            files::move_file(from, elsewhere / "IMG_0001.JPG");
        } catch (const TransientError& error) {
            code = error.code();
        }
    }
    CHECK(code == (the_copy ? "file.io" : "file.changed"));
    CHECK(fs::exists(from));
    CHECK(fs::is_empty(elsewhere));
    fs::remove_all(elsewhere);
}

TEST_CASE("a file is shared without changing its source", "[files]") {
    TempDir dir;
    const std::string bytes = noise(200'000, 9);
    const auto from = write(dir / "backup/IMG_0001.JPG", bytes);
    const bool may_link = GENERATE(true, false);

    const std::string way = files::share_file(from, dir / "outbox/IMG_0001.JPG", may_link);

    CHECK(read(dir / "outbox/IMG_0001.JPG") == bytes);
    CHECK(about(dir / "outbox/IMG_0001.JPG").st_mtime == about(from).st_mtime);
    CHECK((way == "reflink" || way == (may_link ? "link" : "copy")));
    CHECK((about(from).st_nlink == 2) == (way == "link"));
    CHECK_THROWS_AS(files::share_file(from, dir / "outbox/IMG_0001.JPG", may_link), TransientError);
    CHECK(std::distance(fs::directory_iterator(dir / "outbox"), fs::directory_iterator()) == 1);
}
