#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One open SQLite file for the rooms that keep rows: its transactions, and one prepared statement at a time. Every statement is kept by its
// text, so that a loop of a million items prepares it once; SQLite's own errors become ours here and nowhere else.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/failpoint/failpoint.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/ids.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace SQLite {
class Database;
class Exception;
class Statement;
}  // namespace SQLite

namespace mediaferry::sqlite {

/// How a person is told of trouble with this file: "the database", and what helps when it is damaged. Codes begin with `prefix`.
struct Words {
    std::string prefix = "db";
    std::string name = "the database";
    std::string when_damaged = "run `mediaferry db check`, or put back the newest backup";
};

/// Throws what `error` means to the house: db.locked, db.full, db.io (Unavailable), db.corrupt (BadInput), db.refused (a constraint: our bug).
[[noreturn]] void throw_translated(const SQLite::Exception& error, const fs::path& file, const Words& = {});
/// In a catch block: what SQLite threw is thrown translated, anything else as it is.
[[noreturn]] void rethrow_translated(const fs::path& file, const Words& = {});

template <class F>
decltype(auto) translated(const fs::path& file, F&& work) {
    try {
        return work();
    } catch (...) {
        rethrow_translated(file);
    }
}

struct Connection {
    fs::path file;
    Words words;
    std::unique_ptr<SQLite::Database> db;
    std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements;
    int depth = 0;        ///< open transactions, nested ones included
    bool doomed = false;  ///< a nested one was rolled back: the outer one must not commit

    Connection();
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    enum class Mode { read_write, read_only };
    /// Opens an existing file or, read_write, makes a new one. A statement waits `busy_milliseconds` for another program's lock.
    void open(const fs::path&, Mode, int busy_milliseconds);

    /// Runs statements that are not worth keeping: schema, pragmas.
    void run(const std::string& sql);
    std::int64_t number(const std::string& sql);
    std::string text(const std::string& sql);
    std::int64_t last_id() const;

    /// BEGIN IMMEDIATE, or joins the one that is open.
    void begin();
    /// True: committed; false: it was a nested one, the outer one decides. Throws db.doomed when a nested one was rolled back.
    bool commit();
    /// Never throws: a rollback that fails is logged, SQLite does it at the next opening then.
    void roll_back() noexcept;
};

/// Rolls back unless committed.
class Transaction {
public:
    explicit Transaction(Connection& connection, failpoint::Step step = {}) : connection_(connection), step_(step) { connection_.begin(); }
    ~Transaction() {
        if (!done_) connection_.roll_back();
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() {
        step_.begins();
        connection_.commit();
        done_ = true;
        step_.ended();
    }

private:
    Connection& connection_;
    failpoint::Step step_;
    bool done_ = false;
};

enum class Keep { prepared, once };  ///< once: rare statements that scan on purpose; they are not kept

/// One use of a statement: bind by name, then next() for rows or run() for its effect.
class Query {
public:
    Query(Connection&, std::string_view sql, Keep = Keep::prepared);
    /// For a class that keeps its connection to itself and hands it out as impl().
    template <class Holder>
    requires requires(const Holder& holder) { static_cast<Connection&>(holder.impl()); }
    Query(const Holder& holder, std::string_view sql, Keep keep = Keep::prepared) : Query(static_cast<Connection&>(holder.impl()), sql, keep) {}
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& with(const char* name, std::int64_t);
    Query& with(const char* name, int value) { return with(name, static_cast<std::int64_t>(value)); }
    Query& with(const char* name, bool value) { return with(name, static_cast<std::int64_t>(value ? 1 : 0)); }
    Query& with(const char* name, std::size_t value) { return with(name, static_cast<std::int64_t>(value)); }
    Query& with(const char* name, std::string_view);
    Query& with(const char* name, const char* value) { return with(name, std::string_view(value)); }
    Query& with(const char* name, const std::string& value) { return with(name, std::string_view(value)); }
    Query& with(const char* name, const fs::path& value) { return with(name, std::string_view(value.native())); }
    Query& with(const char* name, Bytes value) { return with(name, static_cast<std::int64_t>(value.count)); }
    Query& with(const char* name, Timestamp value) { return with(name, static_cast<std::int64_t>(value.time_since_epoch().count())); }
    Query& with(const char* name, const Sha256& value) { return with(name, to_hex(value)); }
    Query& with(const char* name, std::nullopt_t);
    /// JSON text; "" binds NULL. Throws db.refused when it is no JSON.
    Query& with_json(const char* name, const std::string&);
    /// Bytes that need not be text: they are bound as a BLOB.
    Query& with_bytes(const char* name, std::string_view);
    template <class Tag>
    Query& with(const char* name, Id<Tag> id) {
        return with(name, id.value);
    }
    template <class T>
    Query& with(const char* name, const std::optional<T>& value) {
        return value ? with(name, *value) : with(name, std::nullopt);
    }

    bool next();         ///< the next row; false: no more
    std::int64_t run();  ///< rows changed
    void reset();        ///< ready for another run() or next() with other values
    /// For a query of one number: that number, or 0 for NULL or no row.
    std::int64_t number();

    std::int64_t integer(int column) const;
    std::string text(int column) const;           ///< "" for NULL; of a BLOB its bytes
    std::string_view bytes_of(int column) const;  ///< valid until next()
    bool is_null(int column) const;
    bool flag(int column) const { return integer(column) != 0; }
    Bytes bytes(int column) const { return {static_cast<std::uint64_t>(integer(column))}; }
    Timestamp time(int column) const { return Timestamp{std::chrono::seconds{integer(column)}}; }
    std::optional<Timestamp> maybe_time(int column) const;
    std::optional<int> maybe_int(int column) const;
    template <class AnyId>
    std::optional<AnyId> maybe_id(int column) const {
        if (is_null(column)) return std::nullopt;
        return AnyId{integer(column)};
    }

private:
    Connection& connection_;
    std::string sql_;
    Keep keep_;
    std::unique_ptr<SQLite::Statement> statement_;
};

}  // namespace mediaferry::sqlite
