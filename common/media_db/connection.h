#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: the open connection, and one prepared statement at a time. Every statement is kept by its text, so
// that a loop of a million items prepares it once; SQLite's own errors become ours here and nowhere else.

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/types/bytes.h"
#include "common/types/ids.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::media_db {

struct HouseRow;

struct MediaDb::Impl {
    fs::path file;
    Access access = Access::read_write;
    std::unique_ptr<SQLite::Database> db;
    std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements;
    int depth = 0;           ///< open Transactions, nested ones included
    bool doomed = false;     ///< a nested one was rolled back: the outer one must not commit
    int pages_in_wal = 0;    ///< told by SQLite after each commit
    std::string house_text;  ///< state 'house' as last read, and what it says
    std::shared_ptr<const std::vector<HouseRow>> house;

    /// Runs statements that are not worth keeping: schema, pragmas.
    void run(const std::string& sql);
    std::int64_t number(const std::string& sql);
    std::string text(const std::string& sql);
    std::int64_t last_id() const { return db->getLastInsertRowid(); }
    /// Moves the write-ahead log into the file once it is long. Never two processes at once.
    void checkpoint_if_long();
};

/// Throws what `error` means to the house: db.locked, db.full, db.io (Unavailable), db.corrupt (BadInput), db.refused (a constraint: our bug).
[[noreturn]] void throw_translated(const SQLite::Exception& error, const fs::path& file);

template <class F>
decltype(auto) translated(const fs::path& file, F&& work) {
    try {
        return work();
    } catch (const SQLite::Exception& error) {
        throw_translated(error, file);
    }
}

enum class Keep { prepared, once };  ///< once: rare statements that scan on purpose; they are not kept

/// One use of a statement: bind by name, then next() for rows or run() for its effect.
class Query {
public:
    Query(const MediaDb&, std::string_view sql, Keep = Keep::prepared);
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
    /// For a query of one number: that number, or 0 for NULL or no row.
    std::int64_t number();

    std::int64_t integer(int column) const;
    std::string text(int column) const;  ///< "" for NULL
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
    MediaDb::Impl& impl_;
    std::string sql_;
    Keep keep_;
    std::unique_ptr<SQLite::Statement> statement_;
};

/// What integrity_check (or quick_check) finds; empty: nothing.
std::vector<std::string> damage(SQLite::Database&, bool quick);
/// VACUUM INTO a new file (mode 0600), checked and fsynced, visible under its name only when complete. Throws file.exists.
Bytes write_backup(SQLite::Database&, const fs::path& source, const fs::path& target);
/// Settings every connection needs before its first statement.
void prepare_connection(SQLite::Database&);
/// Turns an empty database, or one just cleared of other tables, into ours. Inside a transaction.
void create_schema(SQLite::Database&);
/// Throws ConfigError ("db.network").
void refuse_network_file_system(const fs::path& file);
/// Creates the file with mode 0600 if it does not exist, and its directory.
void create_private_file(const fs::path& file);

inline constexpr int kBusyMilliseconds = 10000;
inline constexpr std::int64_t kApplicationId = 0x6d666272;  // "mfbr": in the file's header, so that it is known for ours

}  // namespace mediaferry::media_db
