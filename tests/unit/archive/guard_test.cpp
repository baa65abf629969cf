// SPDX-License-Identifier: GPL-3.0-or-later
// What is asked of the NAS around each copy, and what it must have on its disk before a copy counts.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/kernel.h"
#include "tests/unit/archive/nas.h"

using namespace mediaferry;
using namespace mediaferry::archive;
using test::noise;
using test::read;

TEST_CASE("The archive of a newer mediaferry is left alone", "[archive]") {
    World world;
    auto marker = read(world.nas / kMarkerName);
    test::write(world.nas / kMarkerName, marker.replace(marker.find("\"version\": 1"), 12, "\"version\": 2"));
    CHECK(code_thrown([&] { world.open(); }) == "nas.marker");
}

TEST_CASE("A file counts only when its name is on the NAS's disk, and one that was there already when its bytes are, too", "[archive]") {
    World world;
    auto archive = world.open();
    const auto content = noise(5000, 1);
    const bool there = GENERATE(false, true);
    if (there) test::write(world.nas / "2024/06/IMG_1.JPG", content);
    const test::Flushes flushes;

    archive.store(world.original("2024/06/IMG_1.JPG", content).incoming);

    CHECK(flushes.by_writer_of(world.nas / "2024/06/IMG_1.JPG"));
    CHECK(flushes.of(world.nas / "2024/06"));
}

TEST_CASE("Of several that come in at once each is flushed by its writer, and each folder", "[archive]") {
    World world;
    auto archive = world.open();
    std::vector<World::Original> originals;
    std::vector<Incoming> incoming;
    for (const auto* name : {"2024/06/IMG_1.JPG", "2024/06/IMG_2.JPG", "2024/07/IMG_3.JPG", "2025/01/IMG_4.JPG", "2025/01/IMG_5.JPG"}) {
        originals.push_back(world.original(name, noise(5000, static_cast<std::uint32_t>(originals.size() + 1))));
        incoming.push_back(originals.back().incoming);
    }
    const test::Flushes flushes;

    const auto told = archive.store_all(incoming);

    for (const auto& one : told) CHECK(flushes.by_writer_of(world.nas / one.stored.value().path));
    for (const auto* folder : {"2024/06", "2024/07", "2025/01"}) CHECK(flushes.of(world.nas / folder));
}

TEST_CASE("A copy that got its name on a disk that is the archive's no more does not count", "[archive]") {
    World world;
    auto archive = world.open();
    fs::create_directories(world.nas / "2024/06");
    const test::Flushes then_unmounted{world.nas / "2024/06", [&] {  // the name is there, nobody was told yet
                                           fs::rename(world.nas, world.dir / "was-the-nas");
                                           fs::create_directories(world.nas);
                                       }};
    CHECK(code_thrown([&] { archive.store(world.original("2024/06/IMG_1.JPG", "bytes").incoming); }) == "nas.detached");
    CHECK(fs::is_empty(world.nas));
}

TEST_CASE("Before each file the archive is asked whether it takes it", "[archive]") {
    World world;
    auto archive = world.open();
    const auto original = world.original("2024/06/IMG_1.JPG", "bytes");
    SECTION("full to its reserve") {
        const test::NearlyFull disk{{1 << 20}};
        CHECK(code_thrown([&] { archive.store(original.incoming); }) == "nas.full");
    }
    SECTION("read-only") {
        const test::DisksSayReadOnly disk;
        CHECK(code_thrown([&] { archive.store(original.incoming); }) == "nas.read_only");
    }
    CHECK_FALSE(fs::exists(world.nas / "2024"));
}

TEST_CASE("A second reading out of somebody's memory proves nothing either", "[archive]") {
    World world;
    auto archive = world.open();
    const auto content = noise(100'000, 7);
    archive.store(world.original("2024/06/IMG_1.JPG", content).incoming);
    const auto file = files::Tree::open(world.nas).open_read("2024/06/IMG_1.JPG");
    void* held = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.get(), 0);
    REQUIRE(held != MAP_FAILED);
    REQUIRE(::syscall(SYS_mlock, held, 4096) == 0);
    const test::DirectIsNotVouchedFor on_this_kernel;
    CHECK(code_thrown([&] { archive.reread("2024/06/IMG_1.JPG", files::digest_bytes(content).sha256); }) == "nas.cache");
    ::munmap(held, 4096);
    CHECK(archive.reread("2024/06/IMG_1.JPG", files::digest_bytes(content).sha256).reading == Archive::Reading::same);
}
