// SPDX-License-Identifier: GPL-3.0-or-later
// What a power cut may not take back, and what may vouch for the storage.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/support/kernel.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;
using files::Tree;

TEST_CASE("a copy is flushed through the descriptor that wrote it", "[files][flush]") {
    TempDir dir;
    const files::Descriptor source{::open(write(dir / "from.jpg", noise(10'000, 1)).c_str(), O_RDONLY | O_CLOEXEC)};
    const Flushes flushes;

    files::copy_in(source.get(), Tree::open(dir.path()), "copy.part", Timestamp{std::chrono::seconds{1'700'000'000}});

    CHECK(flushes.by_writer_of(dir / "copy.part"));
}

TEST_CASE("a file that is moved has its new name on disk, and is gone from its old folder", "[files][flush]") {
    TempDir dir;
    const auto from = write(dir / "incoming/IMG_0001.JPG", "bytes");
    fs::create_directories(dir / "backup");
    const Flushes flushes;

    files::move_file(from, dir / "backup/IMG_0001.JPG");

    CHECK(flushes.of(dir / "backup"));
    CHECK(flushes.of(dir / "incoming"));
}

TEST_CASE("new folders are on disk, each in the one above it", "[files][flush]") {
    TempDir dir;
    const bool by_path = GENERATE(true, false);
    const Flushes flushes;

    if (by_path)
        files::make_directories(dir / "2025/06/07");
    else
        Tree::open(dir.path()).make_directories("2025/06/07");

    CHECK(flushes.of(dir.path()));
    CHECK(flushes.of(dir / "2025"));
    CHECK(flushes.of(dir / "2025/06"));
}

TEST_CASE("a file that is shared is on disk with its name", "[files][flush]") {
    TempDir dir;
    const auto from = write(dir / "backup/IMG_0001.JPG", noise(10'000, 2));
    fs::create_directories(dir / "outbox");
    const bool may_link = GENERATE(true, false), may_clone = GENERATE(true, false);
    std::optional<BlocksAreShared> here;
    if (may_clone) here.emplace();
    const Flushes flushes;

    const auto way = files::share_file(from, dir / "outbox/IMG_0001.JPG", may_link);

    if (may_clone) CHECK(way == "reflink");
    CHECK(read(dir / "outbox/IMG_0001.JPG") == noise(10'000, 2));
    CHECK(flushes.of(dir / "outbox/IMG_0001.JPG"));
    CHECK(flushes.of(dir / "outbox"));
}

TEST_CASE("where nobody vouches for direct reading, pages that stay in memory vouch for nothing", "[files][flush]") {
    TempDir dir;
    if (files::file_system_type(dir.path()) == "tmpfs") return;  // proves nothing anyway
    const std::string bytes = noise(1 << 20, 3);
    const files::Descriptor file{::open(write(dir / "held.jpg", bytes).c_str(), O_RDONLY | O_CLOEXEC)};
    const DirectIsNotVouchedFor on_this_kernel;
    CHECK(files::read_back(Tree::open(dir.path()), "held.jpg").past_the_cache);  // they were dropped first

    void* held = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.get(), 0);
    REQUIRE(held != MAP_FAILED);
    REQUIRE(::syscall(SYS_mlock, held, 4096) == 0);  // this page stays; past the C library, whose mlock() a sanitizer leaves out
    const auto back = files::read_back(Tree::open(dir.path()), "held.jpg");
    ::munmap(held, 4096);

    CHECK(back.digests == files::digest_bytes(bytes));
    CHECK_FALSE(back.past_the_cache);
}
