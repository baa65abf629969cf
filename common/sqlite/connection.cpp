// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/sqlite/connection.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/log/log.h"

namespace mediaferry::sqlite {

void throw_translated(const SQLite::Exception& error, const fs::path& file, const Words& words) {
    const std::string where = file.string() + ": " + error.what();
    const auto code = [&](const char* what) { return words.prefix + "." + what; };
    constexpr int kPrimary = 0xff;  // extended codes are switched on: the kind of trouble is in the low byte
    if (error.getExtendedErrorCode() == SQLITE_IOERR_NOMEM || error.getErrorCode() == SQLITE_IOERR_NOMEM) throw std::bad_alloc{};
    switch (error.getErrorCode() & kPrimary) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            throw Unavailable(code("locked"),
                              words.name + " is held by another program: " + where + "; close other programs that use it and try again");
        case SQLITE_NOMEM: throw std::bad_alloc{};
        case SQLITE_FULL: throw Unavailable(code("full"), "no room left for " + words.name + ": " + where + "; free some space on its disk");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: throw BadInput(code("corrupt"), words.name + " is damaged: " + where + "; " + words.when_damaged);
        case SQLITE_CONSTRAINT:
            throw Error(code("refused"),
                        words.name + " refused a row (extended code " + std::to_string(error.getExtendedErrorCode()) + "): " + where);
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            throw Unavailable(code("io"),
                              words.name + " cannot be read or written: " + where + "; check its disk and who owns the file and its directory");
        default:
            throw Error(code("bug"), "a database statement failed (extended code " + std::to_string(error.getExtendedErrorCode()) + "): " + where);
    }
}

void rethrow_translated(const fs::path& file, const Words& words) {
    try {
        throw;
    } catch (const SQLite::Exception& error) {
        throw_translated(error, file, words);
    }
}

namespace {

template <class F>
decltype(auto) in_words_of(const Connection& connection, F&& work) {
    try {
        return work();
    } catch (const SQLite::Exception& error) {
        throw_translated(error, connection.file, connection.words);
    }
}

/// A new file is its owner's alone: SQLite would make it as the umask says, and its -wal and -shm get the mode of this one.
void make_private(const fs::path& file) {
    const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);  // not made: SQLite says why, or it is there already
}

}  // namespace

Connection::Connection() = default;
Connection::~Connection() = default;

void Connection::open(const fs::path& path, Mode mode, int busy_milliseconds) {
    file = path;
    if (mode == Mode::read_write) make_private(path);
    in_words_of(*this, [&] {
        const int flags = mode == Mode::read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
        db = std::make_unique<SQLite::Database>(file.string(), flags, busy_milliseconds);
        sqlite3_extended_result_codes(db->getHandle(), 1);
        sqlite3_db_config(db->getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
        db->exec("PRAGMA trusted_schema = OFF");
        db->exec("PRAGMA cell_size_check = ON");
    });
}

void Connection::run(const std::string& sql) {
    in_words_of(*this, [&] { db->exec(sql); });
}

std::int64_t Connection::number(const std::string& sql) {
    return in_words_of(*this, [&] { return db->execAndGet(sql).getInt64(); });
}

std::string Connection::text(const std::string& sql) {
    return in_words_of(*this, [&] { return db->execAndGet(sql).getString(); });
}

std::int64_t Connection::last_id() const { return db->getLastInsertRowid(); }

void Connection::begin() {
    if (depth == 0) run("BEGIN IMMEDIATE");
    ++depth;
}

bool Connection::commit() {
    if (depth > 1) {
        --depth;
        return false;
    }
    if (doomed) throw Error(words.prefix + ".doomed", "a transaction cannot be committed because a part of it was rolled back");
    run("COMMIT");
    depth = 0;
    return true;
}

void Connection::roll_back() noexcept {
    --depth;
    if (depth > 0) {
        doomed = true;
        return;
    }
    doomed = false;
    try {
        if (sqlite3_get_autocommit(db->getHandle()) != 0) return;  // SQLite rolled back by itself (full disk, …)
        run("ROLLBACK");
    } catch (const std::exception& error) {
        log::error("a transaction could not be rolled back", {{"ERROR", error.what()}});
    }
}

// ---- Query --------------------------------------------------------------------------------------------------------------

Query::Query(Connection& connection, std::string_view sql, Keep keep) : connection_(connection), sql_(sql), keep_(keep) {
    // Taken out of the store while in use: the same text may be wanted again before this one is through.
    if (const auto kept = connection_.statements.find(sql_); kept != connection_.statements.end() && kept->second) {
        statement_ = std::move(kept->second);
        return;
    }
    in_words_of(connection_, [&] { statement_ = std::make_unique<SQLite::Statement>(*connection_.db, sql_); });
}

Query::~Query() {
    statement_->tryReset();
    if (keep_ == Keep::once) return;
    try {
        statement_->clearBindings();
        connection_.statements[sql_] = std::move(statement_);
    } catch (const std::exception&) {
        // Not kept, then: it will be prepared again.
    }
}

Query& Query::with(const char* name, std::int64_t value) {
    in_words_of(connection_, [&] { statement_->bind(name, static_cast<int64_t>(value)); });
    return *this;
}

Query& Query::with(const char* name, std::string_view value) {
    in_words_of(connection_, [&] { statement_->bind(name, std::string(value)); });
    return *this;
}

Query& Query::with(const char* name, std::nullopt_t) {
    in_words_of(connection_, [&] { statement_->bind(name); });
    return *this;
}

Query& Query::with_json(const char* name, const std::string& text) {
    if (text.empty()) return with(name, std::nullopt);
    if (!nlohmann::json::accept(text)) throw Error("db.refused", "the database takes JSON only there, not: " + text);
    return with(name, std::string_view(text));
}

Query& Query::with_bytes(const char* name, std::string_view value) {
    in_words_of(connection_, [&] { statement_->bind(name, value.data(), static_cast<int>(value.size())); });
    return *this;
}

bool Query::next() {
    return in_words_of(connection_, [&] { return statement_->executeStep(); });
}

std::int64_t Query::run() {
    return in_words_of(connection_, [&] { return static_cast<std::int64_t>(statement_->exec()); });
}

void Query::reset() {
    in_words_of(connection_, [&] { statement_->reset(); });
}

std::int64_t Query::number() { return next() ? integer(0) : 0; }

std::int64_t Query::integer(int column) const { return statement_->getColumn(column).getInt64(); }
std::string Query::text(int column) const { return statement_->getColumn(column).getString(); }
bool Query::is_null(int column) const { return statement_->getColumn(column).isNull(); }

std::string_view Query::bytes_of(int column) const {
    const auto value = statement_->getColumn(column);
    const auto* data = static_cast<const char*>(value.getBlob());
    return {data, static_cast<std::size_t>(value.getBytes())};
}

std::optional<Timestamp> Query::maybe_time(int column) const {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

std::optional<int> Query::maybe_int(int column) const {
    if (is_null(column)) return std::nullopt;
    return static_cast<int>(integer(column));
}

}  // namespace mediaferry::sqlite
