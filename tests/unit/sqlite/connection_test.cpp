// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/sqlite/connection.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "common/errors/errors.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using sqlite::Connection;
using sqlite::Query;
using sqlite::Transaction;

namespace {

void with_table(Connection& connection, const fs::path& file) {
    connection.open(file, Connection::Mode::read_write, 100);
    connection.run("CREATE TABLE photo (name TEXT PRIMARY KEY, size INTEGER) STRICT");
}

void add(Connection& connection, const char* name) { Query(connection, "INSERT INTO photo VALUES (:name, 1)").with(":name", name).run(); }

std::int64_t count(Connection& connection) { return connection.number("SELECT count(*) FROM photo"); }

}  // namespace

TEST_CASE("a transaction that is not committed leaves nothing behind", "[sqlite]") {
    test::TempDir dir;
    Connection connection;
    with_table(connection, dir / "a.db");
    {
        Transaction transaction{connection};
        add(connection, "one");
    }
    CHECK(count(connection) == 0);
    Transaction transaction{connection};
    add(connection, "one");
    transaction.commit();
    CHECK(count(connection) == 1);
}

TEST_CASE("a nested transaction that is rolled back keeps the outer one from committing", "[sqlite]") {
    test::TempDir dir;
    Connection connection;
    with_table(connection, dir / "a.db");
    {
        Transaction outer{connection};
        add(connection, "one");
        {
            Transaction inner{connection};
            add(connection, "two");
        }
        CHECK_THROWS_AS(outer.commit(), Error);
    }
    CHECK(count(connection) == 0);
}

TEST_CASE("the same statement may be used again while it is in use", "[sqlite]") {
    test::TempDir dir;
    Connection connection;
    with_table(connection, dir / "a.db");
    add(connection, "one");
    add(connection, "two");
    int pairs = 0;
    Query outer{connection, "SELECT name FROM photo ORDER BY name"};
    while (outer.next()) {
        Query inner{connection, "SELECT name FROM photo ORDER BY name"};
        while (inner.next()) ++pairs;
    }
    CHECK(pairs == 4);
}

TEST_CASE("a text that is no UTF-8 comes back byte for byte", "[sqlite]") {
    test::TempDir dir;
    Connection connection;
    with_table(connection, dir / "a.db");
    const std::string name = "caf\xe9 \xff.jpg";
    Query(connection, "INSERT INTO photo VALUES (:name, 1)").with(":name", name).run();
    Query query{connection, "SELECT name FROM photo"};
    REQUIRE(query.next());
    CHECK(query.bytes_of(0) == name);
}

TEST_CASE("trouble is told in the words of the file that has it", "[sqlite]") {
    test::TempDir dir;
    std::ofstream((dir / "no.db").string()) << std::string(4096, 'x');
    Connection connection;
    connection.words = {"index", "the index", "make it again"};
    try {
        connection.open(dir / "no.db", Connection::Mode::read_only, 100);
        connection.number("SELECT count(*) FROM sqlite_schema");
        FAIL("a file that is no database was opened");
    } catch (const BadInput& error) {
        CHECK(error.code() == "index.corrupt");
        CHECK_THAT(error.what(), Catch::Contains("make it again"));
    }
}

TEST_CASE("a database that another program holds is told as locked", "[sqlite]") {
    test::TempDir dir;
    Connection first, second;
    with_table(first, dir / "a.db");
    second.open(dir / "a.db", Connection::Mode::read_write, 20);
    Transaction held{first};
    add(first, "one");
    try {
        Transaction refused{second};
        FAIL("two writers at once");
    } catch (const Unavailable& error) {
        CHECK(error.code() == "db.locked");
    }
}

TEST_CASE("a new file is its owner's alone", "[sqlite]") {
    test::TempDir dir;
    Connection connection;
    with_table(connection, dir.path() / "new.db");
    CHECK((fs::status(dir.path() / "new.db").permissions() & (fs::group_all | fs::others_all)) == fs::no_perms);
}
