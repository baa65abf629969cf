// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/restore.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/connection.h"

namespace mediaferry::media_db {

namespace {

/// The database and what SQLite keeps beside it, with the endings that it looks for.
constexpr const char* kParts[]{"", "-wal", "-shm"};

/// A second name for each part, then the log goes: it would be played into the database that comes. A death in between leaves the damaged one where
/// it was or beside it, never nowhere.
fs::path move_aside(const fs::path& database, Timestamp now) {
    const auto wanted = database.string() + ".damaged-" + to_compact(now);
    const auto aside = files::free_name(wanted, [](const fs::path& path) { return files::status_of(path).has_value(); });
    bool any = false;
    for (const char* part : kParts) {
        const fs::path from = database.string() + part, to = aside.string() + part;
        if (!files::is_file(from)) continue;
        if (::link(from.c_str(), to.c_str()) != 0) files::throw_errno(errno, "keeping the damaged database as", to.string());
        any = true;
    }
    if (!any) return {};
    files::sync_directory(database.parent_path());
    for (const char* part : {"-wal", "-shm"}) files::remove_file(database.string() + part);
    files::sync_directory(database.parent_path());
    return aside;
}

}  // namespace

std::vector<BackupFile> backups_in(const fs::path& directory) {
    std::vector<BackupFile> found;
    boost::system::error_code ignored;
    if (!fs::is_directory(directory, ignored)) return found;
    for (const auto& entry : fs::directory_iterator(directory)) {
        const auto status = files::status_of(entry.path());
        if (entry.path().extension() != ".db" || !status || !S_ISREG(status->st_mode)) continue;
        found.push_back({entry.path(), Timestamp{std::chrono::seconds{status->st_mtim.tv_sec}}, {static_cast<std::uint64_t>(status->st_size)}});
    }
    std::ranges::sort(found, [](const BackupFile& a, const BackupFile& b) { return std::tie(b.written, b.file) < std::tie(a.written, a.file); });
    return found;
}

BackupContent check_backup(const fs::path& file) {
    const auto bad = [&](const std::string& why) -> BadInput { return {"db.backup", file.string() + " cannot be put back: " + why}; };
    if (!files::is_file(file)) throw bad("there is no such file");
    try {
        SQLite::Database db(file.string(), SQLite::OPEN_READONLY, kBusyMilliseconds);
        const auto number = [&](const char* sql) { return db.execAndGet(sql).getInt64(); };
        if (number("PRAGMA application_id") != kApplicationId) throw bad("it is no media.db of mediaferry");
        if (number("PRAGMA user_version") > kSchemaVersion) throw bad("a newer mediaferry wrote it");
        if (const auto found = damage(db, false); !found.empty()) throw bad("it is damaged: " + found.front());
        return {number("SELECT count(*) FROM media"), number("SELECT coalesce(max(id), 0) FROM event"),
                Timestamp{std::chrono::seconds{number("SELECT coalesce(max(at), 0) FROM event")}}};
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() == SQLITE_NOMEM || error.getExtendedErrorCode() == SQLITE_IOERR_NOMEM) throw std::bad_alloc{};  // says nothing about it
        throw bad(error.what());
    }
}

fs::path put_in_place(const fs::path& finished, const fs::path& database, Timestamp now) {
    const auto aside = move_aside(database, now);
    if (MF_AROUND("db.put_in_place", ::rename(finished.c_str(), database.c_str())) != 0)
        files::throw_errno(errno, "putting a database in the place of", database.string());
    files::sync_directory(database.parent_path());
    return aside;
}

fs::path put_back(const fs::path& backup, const fs::path& database, Timestamp now) {
    const fs::path fresh = database.string() + ".restoring.part";
    files::remove_file(fresh);  // of a restore that died
    files::share_file(backup, fresh, false);
    if (::chmod(fresh.c_str(), 0600) != 0) files::throw_errno(errno, "setting the mode of", fresh.string());
    try {
        check_backup(fresh);  // what will be worked with, not what it was copied from
        return put_in_place(fresh, database, now);
    } catch (...) {
        files::remove_file(fresh);
        throw;
    }
}

std::int64_t void_plans(MediaDb& db) {
    Transaction transaction(db, MF_COMMIT("db.restore.void_plans"));
    const auto changed = Query(db, "UPDATE plan SET status = 'superseded' WHERE status IN ('proposed', 'approved')", Keep::once).run();
    transaction.commit();
    return changed;
}

}  // namespace mediaferry::media_db
