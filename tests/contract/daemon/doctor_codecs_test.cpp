// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "tests/contract/daemon/ferry.h"

using namespace mediaferry;
using namespace mediaferry::test;
using Catch::Matchers::Contains;

namespace {

/// All codec programs say this of their walls.
void all_say(const fs::path& folder, const std::string& report) {
    for (const auto* name : {"jpeg-codec", "photo-codec", "video-codec"}) {
        fs::remove(folder / name);
        write(folder / name, "#!/bin/sh\necho '" + report + "'\n");
        fs::permissions(folder / name, fs::perms::owner_all);
    }
}

}  // namespace

TEST_CASE("doctor tells which walls stand around the codecs", "[doctor]") {
    Ferry house;
    house.environment["MEDIAFERRY_CODECS_DIR"] = house.dir.path().string();
    const auto [report, confine, code, said] = GENERATE(table<std::string, std::string, int, std::string>({
        {R"({"library":"libx 1","missing":[],"open":[]})", "wanted", 0, "no files, no network"},
        {R"({"library":"libx 1","missing":["landlock"],"open":[]})", "wanted", 0, "no Landlock here"},
        {R"({"library":"libx 1","missing":["landlock"],"open":[]})", "required", 1, "no Landlock here"},
        {R"({"library":"libx 1","missing":["landlock","seccomp"],"open":["connect"]})", "wanted", 1, "could do what it must not: connect"},
        {R"({"library":"libx 1","missing":[],"open":[]})", "\"off\"", 0, "decoded without walls"},
        {"no report at all", "wanted", 1, "does not work"},
    }));
    all_say(house.dir.path(), report);
    house.configure("compress: {confine: " + confine + "}\n");
    const auto told = house.ferry({"doctor", "codecs"});
    INFO(told.out << told.err);
    CHECK(told.exit.code == code);
    CHECK_THAT(told.out, Contains(said));
}

#if !defined(__SANITIZE_ADDRESS__)  // the sanitizers' own runtime does not live behind these walls
TEST_CASE("doctor has the real codecs try their walls", "[doctor]") {
    Ferry house;
    const auto told = house.ferry({"doctor", "codecs"});
    INFO(told.out << told.err);
    CHECK_THAT(told.out, Contains("jpeg-codec (libjpeg-turbo "));
    CHECK_THAT(told.out, Contains("photo-codec (libvips "));
    CHECK_THAT(told.out, Contains("video-codec (FFmpeg "));
}
#endif
