// SPDX-License-Identifier: GPL-3.0-or-later
#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/media_db/connection.h"

using namespace mediaferry;

namespace {

template <class Wanted>
std::string code_when_sqlite_says(int code) {
    try {
        media_db::throw_translated(SQLite::Exception("said by SQLite", code), "/var/lib/mediaferry/media.db");
    } catch (const Wanted& error) {
        return error.code();
    }
}

}  // namespace

TEST_CASE("trouble of the disk under the database is named as such, however exactly SQLite knows it", "[translation]") {
    const auto code = GENERATE(SQLITE_IOERR, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_READ, SQLITE_CANTOPEN,
                               SQLITE_CANTOPEN_DIRTYWAL, SQLITE_READONLY, SQLITE_READONLY_DIRECTORY);
    CHECK(code_when_sqlite_says<Unavailable>(code) == "db.io");
}

TEST_CASE("what else SQLite says finds its kind of failure", "[translation]") {
    CHECK(code_when_sqlite_says<Unavailable>(SQLITE_BUSY_SNAPSHOT) == "db.locked");
    CHECK(code_when_sqlite_says<Unavailable>(SQLITE_FULL) == "db.full");
    CHECK(code_when_sqlite_says<BadInput>(SQLITE_CORRUPT_INDEX) == "db.corrupt");
    CHECK(code_when_sqlite_says<Error>(SQLITE_CONSTRAINT_UNIQUE) == "db.refused");
    CHECK(code_when_sqlite_says<Error>(SQLITE_MISUSE) == "db.bug");
}
