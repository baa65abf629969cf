// SPDX-License-Identifier: GPL-3.0-or-later
// What lies below media.db.
#include <linux/magic.h>

#include "tests/support/kernel.h"
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

TEST_CASE("a commit is on disk when it returns, also after a run's hasty word on how far it is", "[open]") {
    World world;
    Runs runs(world.db);
    const auto run = runs.begin("nas_archive", 1, 18, {}, world.now());
    if (GENERATE(false, true)) runs.progress(run, {10, 3, 1, 1, {4096}, "copying IMG_0001.HEIC"});
    const test::Flushes flushes;
    Facts(world.db).set("a fact", "true", world.now());
    CHECK(flushes.of(world.dir / "media.db-wal"));
}

TEST_CASE("media.db is neither made nor opened on a share, where SQLite loses data", "[open]") {
    test::TempDir dir;
    const bool exists = GENERATE(false, true);
    if (exists) MediaDb::open(dir / "media.db");
    const test::EverythingLiesOn share{GENERATE(long{NFS_SUPER_MAGIC}, 0xFF534D42L)};
    std::string code;
    try {
        MediaDb::open(dir / "media.db");
    } catch (const ConfigError& error) {
        code = error.code();
    }
    CHECK(code == "db.network");
    CHECK(fs::exists(dir / "media.db") == exists);
}

}  // namespace mediaferry::media_db
