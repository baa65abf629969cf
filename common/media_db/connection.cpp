// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/connection.h"

#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::media_db {

void throw_translated(const SQLite::Exception& error, const fs::path& file) {
    const std::string where = file.string() + ": " + error.what();
    constexpr int kPrimary = 0xff;  // extended codes are switched on: the kind of trouble is in the low byte
    switch (error.getErrorCode() & kPrimary) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            throw Unavailable("db.locked", "the database is held by another program: " + where + "; close other programs that use it and try again");
        case SQLITE_FULL: throw Unavailable("db.full", "no room left for the database: " + where + "; free some space on its disk");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            throw BadInput("db.corrupt", "the database is damaged: " + where + "; run `mediaferry db check`, or put back the newest backup");
        case SQLITE_CONSTRAINT:
            throw Error("db.refused", "the database refused a row (extended code " + std::to_string(error.getExtendedErrorCode()) + "): " + where);
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            throw Unavailable("db.io",
                              "the database cannot be read or written: " + where + "; check its disk and who owns the file and its directory");
        default: throw Error("db.bug", "a database statement failed (extended code " + std::to_string(error.getExtendedErrorCode()) + "): " + where);
    }
}

void MediaDb::Impl::run(const std::string& sql) {
    translated(file, [&] { db->exec(sql); });
}

std::int64_t MediaDb::Impl::number(const std::string& sql) {
    return translated(file, [&] { return db->execAndGet(sql).getInt64(); });
}

std::string MediaDb::Impl::text(const std::string& sql) {
    return translated(file, [&] { return db->execAndGet(sql).getString(); });
}

void MediaDb::Impl::checkpoint_if_long() {
    constexpr int kLong = 1000;  // pages: SQLite's own default
    if (pages_in_wal < kLong) return;
    // SQLite before 3.51.3 can corrupt the file when two connections checkpoint and write at one instant (facts/archive.md 10).
    // So nobody checkpoints by himself (wal_autocheckpoint=0): one at a time, under a lock, and FULL, which also holds writers off.
    pages_in_wal = 0;  // not moved is no failure, what is committed is safe in the log: try again after as many pages more
    try {
        const auto turn = files::Lock::try_take(file.string() + "-checkpoint");
        if (!turn) return;
        sqlite3* handle = db->getHandle();
        sqlite3_busy_timeout(handle, 200);  // a long reader (a backup) must not hold up the writers for long
        const int result = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_FULL, nullptr, nullptr);
        sqlite3_busy_timeout(handle, kBusyMilliseconds);
        if (result != SQLITE_OK && result != SQLITE_BUSY) log::warning("the database's log could not be moved into it", {{"CODE", result}});
    } catch (const std::exception& error) {
        log::warning("the database's log could not be moved into it", {{"ERROR", error.what()}});
    }
}

// ---- Transaction ------------------------------------------------------------------------------------------------------

Transaction::Transaction(MediaDb& db) : db_(db) {
    auto& impl = db_.impl();
    if (impl.depth == 0) impl.run("BEGIN IMMEDIATE");
    ++impl.depth;
}

Transaction::~Transaction() {
    if (done_) return;
    auto& impl = db_.impl();
    --impl.depth;
    if (impl.depth > 0) {
        impl.doomed = true;
        return;
    }
    impl.doomed = false;
    if (sqlite3_get_autocommit(impl.db->getHandle()) != 0) return;  // SQLite rolled back by itself (full disk, …)
    try {
        impl.run("ROLLBACK");
    } catch (const std::exception& error) {
        log::error("a transaction could not be rolled back", {{"ERROR", error.what()}});
    }
}

void Transaction::commit() {
    auto& impl = db_.impl();
    if (impl.depth > 1) {
        --impl.depth;
        done_ = true;
        return;
    }
    if (impl.doomed) throw Error("db.doomed", "a transaction cannot be committed because a part of it was rolled back");
    impl.run("COMMIT");
    impl.depth = 0;
    done_ = true;
    impl.checkpoint_if_long();
}

// ---- Query --------------------------------------------------------------------------------------------------------------

Query::Query(const MediaDb& db, std::string_view sql, Keep keep) : impl_(db.impl()), sql_(sql), keep_(keep) {
    // Taken out of the store while in use: the same text may be wanted again before this one is through.
    if (const auto kept = impl_.statements.find(sql_); kept != impl_.statements.end() && kept->second) {
        statement_ = std::move(kept->second);
        return;
    }
    translated(impl_.file, [&] { statement_ = std::make_unique<SQLite::Statement>(*impl_.db, sql_); });
}

Query::~Query() {
    statement_->tryReset();
    if (keep_ == Keep::once) return;
    try {
        statement_->clearBindings();
        impl_.statements[sql_] = std::move(statement_);
    } catch (const std::exception&) {
        // Not kept, then: it will be prepared again.
    }
}

Query& Query::with(const char* name, std::int64_t value) {
    translated(impl_.file, [&] { statement_->bind(name, static_cast<int64_t>(value)); });
    return *this;
}

Query& Query::with(const char* name, std::string_view value) {
    translated(impl_.file, [&] { statement_->bind(name, std::string(value)); });
    return *this;
}

Query& Query::with(const char* name, std::nullopt_t) {
    translated(impl_.file, [&] { statement_->bind(name); });
    return *this;
}

Query& Query::with_json(const char* name, const std::string& text) {
    if (text.empty()) return with(name, std::nullopt);
    if (!nlohmann::json::accept(text)) throw Error("db.refused", "the database takes JSON only there, not: " + text);
    return with(name, std::string_view(text));
}

bool Query::next() {
    return translated(impl_.file, [&] { return statement_->executeStep(); });
}

std::int64_t Query::run() {
    return translated(impl_.file, [&] { return static_cast<std::int64_t>(statement_->exec()); });
}

std::int64_t Query::number() { return next() ? integer(0) : 0; }

std::int64_t Query::integer(int column) const { return statement_->getColumn(column).getInt64(); }
std::string Query::text(int column) const { return statement_->getColumn(column).getString(); }
bool Query::is_null(int column) const { return statement_->getColumn(column).isNull(); }

std::optional<Timestamp> Query::maybe_time(int column) const {
    if (is_null(column)) return std::nullopt;
    return time(column);
}

std::optional<int> Query::maybe_int(int column) const {
    if (is_null(column)) return std::nullopt;
    return static_cast<int>(integer(column));
}

}  // namespace mediaferry::media_db
