// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/exchange/source_folder.h"

using namespace mediaferry;
using namespace mediaferry::exchange;

namespace {

syncthing::FileEntry entry_of(const Brought& file) {
    syncthing::FileEntry entry;
    entry.name = file.path;
    entry.is_file = true;
    entry.size = file.size.count;
    entry.modified = file.modified;
    entry.version.counters = {{"ABCDEFG", 7}};
    return entry;
}

}  // namespace

TEST_CASE("a file is complete when Syncthing has everybody's version and it lies there unchanged", "[exchange]") {
    const Brought file{"2024/06/IMG_1.JPG", {10}, {Timestamp{std::chrono::seconds{1717236000}}, 5}};
    const auto whole = entry_of(file);
    CHECK(complete({{}, whole, whole}, file));

    auto other = whole;
    SECTION("a newer version is on its way") { other.version.counters = {{"ABCDEFG", 8}}; }
    SECTION("deleted at the other side") { other.deleted = true; }
    SECTION("invalid") { other.invalid = true; }
    SECTION("nobody has it") { other = {}; }
    SECTION("a directory") { other.is_file = false; }
    CHECK_FALSE(complete({{}, other, whole}, file));
}

TEST_CASE("a file that differs from what Syncthing knows of it is not complete", "[exchange]") {
    const Brought file{"2024/06/IMG_1.JPG", {10}, {Timestamp{std::chrono::seconds{1717236000}}, 5}};
    const auto global = entry_of(file);
    auto local = global;
    SECTION("another size") { local.size = 9; }
    SECTION("written to since") { local.modified->nanoseconds = 6; }
    SECTION("to be looked at again") { local.must_rescan = true; }
    SECTION("ignored") { local.ignored = true; }
    SECTION("not here") { local = {}; }
    CHECK_FALSE(complete({{}, global, local}, file));
}
