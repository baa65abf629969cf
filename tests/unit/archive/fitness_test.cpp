// SPDX-License-Identifier: GPL-3.0-or-later
// Which disks become archives: asked when one is enrolled, not when a photo is deleted.
#include "common/archive/fitness.h"

#include <linux/magic.h>

#include <catch2/catch.hpp>

#include "common/archive/receipt.h"
#include "tests/support/kernel.h"
#include "tests/unit/archive/nas.h"

namespace mediaferry::archive {
namespace {

struct NewDisk : World {
    NewDisk() { fs::remove(nas / kMarkerName); }
    /// What `archive init` says; "" when the disk was taken.
    std::string refusal() {
        try {
            Archive::initialise(settings(), kTaken);
            return "";
        } catch (const Unavailable& error) {
            CHECK(error.code() == "nas.unfit");
            return error.what();
        }
    }
};

}  // namespace

TEST_CASE("A disk is looked over before it becomes an archive, and nothing of that stays", "[archive]") {
    NewDisk disk;
    test::write(disk.nas / ".mediaferry-probe-1", "of one who died");
    test::write(disk.nas / ".mediaferry-probe-2", "of one who died");
    CHECK(disk.refusal().empty());
    CHECK(disk.names(".") == std::vector<std::string>{kMarkerName});
}

TEST_CASE("A disk on which no name is safe is refused when it is enrolled", "[archive]") {
    NewDisk disk;
    const test::NoSafeRename fat;
    CHECK_THAT(disk.refusal(), Catch::Contains("neither rename a file without overwriting"));
    CHECK(disk.names(".").empty());
}

TEST_CASE("A disk in memory is refused when it is enrolled", "[archive]") {
    NewDisk disk;
    disk.nas = fs::path("/dev/shm") / ("mediaferry-test-" + std::to_string(::getpid()));
    fs::create_directories(disk.nas);
    CHECK_THAT(disk.refusal(), Catch::Contains("only be read from memory"));
    CHECK(disk.names(".").empty());
    fs::remove_all(disk.nas);
}

TEST_CASE("Through FUSE nobody knows what was flushed: a copy counts when it was read again later", "[archive]") {
    World world;
    auto archive = world.open();
    const auto stored = [&](const std::string& name) {
        media_db::Copy copy;
        copy.receipt = first_receipt(archive, archive.store(world.original("2024/06/" + name, name).incoming), kTaken);
        return copy;
    };
    CHECK(archive.tree().flushes());
    CHECK(was_flushed(stored("IMG_1.JPG")));
    CHECK(remarks(archive.tree()).empty());

    const test::EverythingLiesOn fuse{0x65735546};
    CHECK_FALSE(archive.tree().flushes());
    CHECK_FALSE(was_flushed(stored("IMG_2.JPG")));
    CHECK(remarks(archive.tree()).size() == 1);
}

TEST_CASE("What a FAT disk does not take is told", "[archive]") {
    World world;
    const test::EverythingLiesOn fat{MSDOS_SUPER_MAGIC};
    const auto told = remarks(world.open().tree());
    REQUIRE(told.size() == 1);
    CHECK_THAT(told.front().what, Catch::Contains("4 GiB"));
}

}  // namespace mediaferry::archive
