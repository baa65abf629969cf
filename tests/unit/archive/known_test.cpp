// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include "common/archive/known.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;

namespace {

/// The id of a process that was and is no more.
pid_t gone_process() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
    return child;
}

}  // namespace

TEST_CASE("What a command that died had half written on the NAS goes when the next one writes there", "[archive]") {
    const test::TempDir dir;
    const Timestamp now = *from_iso("2024-06-01T10:00:00Z");
    config::Archive settings;
    settings.root = dir / "nas";
    fs::create_directories(settings.root / "2024");
    archive::Archive::initialise(settings, now);
    auto db = media_db::MediaDb::open(dir / "media.db", media_db::Access::read_write);
    const auto house = [&] {
        const auto archive = archive::open_known(db, settings, now);
        const auto name = archive.temporary_in("2024").filename().string();  // .mediaferry-tmp-<house>-p<pid>-<number>
        return name.substr(0, name.rfind("-p"));
    }();
    const std::string dead = house + "-p" + std::to_string(gone_process()) + "-1";
    const std::string alive = house + "-p" + std::to_string(::getppid()) + "-1";
    const std::string other = ".mediaferry-tmp-0ther0ne-p" + std::to_string(gone_process()) + "-1";
    for (const auto& name : {dead, alive, other}) test::write(settings.root / "2024" / name, "half");

    archive::open_known(db, settings, now).temporary_in("2024");
    const auto left = files::Tree::open(settings.root / "2024").list("");
    CHECK(left.size() == 2);
    CHECK(fs::exists(settings.root / "2024" / alive));
    CHECK(fs::exists(settings.root / "2024" / other));
}
