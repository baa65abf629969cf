// SPDX-License-Identifier: GPL-3.0-or-later
// Opening media.db: whose file it is, how old, and what every connection needs.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <thread>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/connection.h"

namespace mediaferry::embedded {
extern const std::string_view schema_text;
}

namespace mediaferry::media_db {

namespace {

/// What one schema version adds to the one before; [0] makes version 1. Each runs in one IMMEDIATE transaction.
using Migration = std::function<void(SQLite::Database&)>;
const std::array<Migration, kSchemaVersion> kMigrations{
    [](SQLite::Database& db) { db.exec(std::string(embedded::schema_text)); },
};

std::int64_t number(SQLite::Database& db, const char* sql) { return db.execAndGet(sql).getInt64(); }
bool is_empty(SQLite::Database& db) { return number(db, "SELECT count(*) FROM sqlite_schema") == 0; }

/// The file's schema version; 0: empty and not yet anyone's. Throws for a file that is not ours or newer than we are.
int version_of(SQLite::Database& db, const fs::path& file) {
    // In this order: another process may fill the file between two of these questions, and then it must not look like a stranger's.
    const bool empty = is_empty(db);
    const auto application = number(db, "PRAGMA application_id");
    const auto version = number(db, "PRAGMA user_version");
    if (application == 0 && empty) return 0;
    if (application != kApplicationId) {
        const bool has_media = number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'media'") == 1;
        throw BadInput("db.foreign",
                       file.string() + " is a database of another program; " +
                           (has_media ? "if earlier scripts made it, take it over with `mediaferry db adopt`"
                                      : "set `database:` to another file, or take over one made by earlier scripts with `mediaferry db adopt`"));
    }
    if (version > kSchemaVersion)
        throw BadInput("db.newer", file.string() + " was written by a newer mediaferry (schema " + std::to_string(version) + ", this one knows " +
                                       std::to_string(kSchemaVersion) + "); install that version, or put back the backup made before its update");
    return static_cast<int>(version);
}

/// SQLite answers "busy" at once, without its busy handler, when two processes switch to WAL together; so this waits by itself.
void switch_to_wal(SQLite::Database& db) {
    for (int attempt = 0;; ++attempt) {
        try {
            if (MF_AROUND("db.switch_to_wal", db.execAndGet("PRAGMA journal_mode = WAL").getString()) == "wal") return;
        } catch (const SQLite::Exception& error) {
            if (error.getErrorCode() != SQLITE_BUSY) throw;
        }
        if (attempt * 20 > kBusyMilliseconds) throw SQLite::Exception("cannot switch to write-ahead logging", SQLITE_BUSY);
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

/// Brings the schema up to date. Another process may be doing the same: who comes second finds it done.
void migrate(SQLite::Database& db, const fs::path& file) {
    const int found = version_of(db, file);
    if (found == kSchemaVersion) return;
    if (found > 0) {
        const fs::path backup =
            files::free_name(file.string() + ".before-v" + std::to_string(kSchemaVersion), [](const fs::path& path) { return fs::exists(path); });
        write_backup(db, file, backup);
        log::info("database backed up before its schema changes", {{"FILE", backup.string()}});
    }
    for (int version = found; version < kSchemaVersion; ++version) {
        SQLite::Transaction step(db, SQLite::TransactionBehavior::IMMEDIATE);
        if (version_of(db, file) != version) continue;
        kMigrations[static_cast<std::size_t>(version)](db);
        db.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
        db.exec("PRAGMA user_version = " + std::to_string(version + 1));
        MF_AROUND("db.migrate.commit", step.commit());
    }
}

void check_readable(SQLite::Database& db, const fs::path& file) {
    const int version = version_of(db, file);
    if (version == 0) throw BadInput("db.missing", file.string() + " is empty; the daemon or a stage run fills it on its first start");
    if (version < kSchemaVersion)
        throw BadInput("db.older",
                       file.string() + " has an older schema (" + std::to_string(version) + "); start the daemon or a stage once to update it");
}

}  // namespace

void prepare_connection(SQLite::Database& db) {
    sqlite3* handle = db.getHandle();
    sqlite3_busy_timeout(handle, kBusyMilliseconds);  // first of all: everything below may meet another process
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    for (const char* pragma : {"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL",
                               "PRAGMA mmap_size = 0", "PRAGMA wal_autocheckpoint = 0", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -16000"})
        db.exec(pragma);
}

void create_schema(SQLite::Database& db) {
    for (const auto& migration : kMigrations) migration(db);
    db.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
    db.exec("PRAGMA user_version = " + std::to_string(kSchemaVersion));
}

void refuse_network_file_system(const fs::path& file) {
    const fs::path directory = fs::absolute(file).parent_path();
    if (!fs::exists(directory) || !files::is_network_file_system(directory)) return;
    throw ConfigError("db.network", "database: " + file.string() + " lies on a network file system (" + files::file_system_type(directory) +
                                        "), where SQLite loses data; put it on a local disk");
}

void create_private_file(const fs::path& file) {
    const fs::path directory = fs::absolute(file).parent_path();
    boost::system::error_code error;
    fs::create_directories(directory, error);
    if (error) throw Unavailable("db.io", "cannot make the database's directory " + directory.string() + ": " + error.message());
    // SQLite would create it as the umask says; its -wal and -shm files get the mode of this one.
    const files::Descriptor created{MF_AROUND("db.create_file", ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600))};
    if (!created && errno != EEXIST)
        throw Unavailable("db.io", "cannot create the database " + file.string() + ": " + std::generic_category().message(errno));
}

MediaDb MediaDb::open(const fs::path& path, Access access) {
    const fs::path file = fs::absolute(path);
    refuse_network_file_system(file);
    if (access == Access::read_only && !fs::exists(file))
        throw BadInput("db.missing", "there is no database " + file.string() + " yet; the daemon or a stage run makes it on its first start");
    if (access == Access::read_write) create_private_file(file);

    auto impl = std::make_unique<Impl>();
    impl->file = file;
    impl->access = access;
    translated(file, [&] {
        const auto connect = [&](int flags) {
            impl->db = std::make_unique<SQLite::Database>(file.string(), flags, kBusyMilliseconds);
            prepare_connection(*impl->db);
        };
        if (access == Access::read_only) {
            try {
                connect(SQLite::OPEN_READONLY);
                check_readable(*impl->db, file);
            } catch (const SQLite::Exception& error) {
                if (error.getExtendedErrorCode() != SQLITE_READONLY_ROLLBACK) throw;
                // The power went while the file was being made, before it had its log: who only reads cannot take back what was half written.
                connect(SQLite::OPEN_READWRITE);
                version_of(*impl->db, file);
                connect(SQLite::OPEN_READONLY);
                check_readable(*impl->db, file);
            }
            return;
        }
        connect(SQLite::OPEN_READWRITE);
        version_of(*impl->db, file);  // before anything is changed: it may be somebody else's file
        switch_to_wal(*impl->db);
        migrate(*impl->db, file);
        sqlite3_wal_hook(
            impl->db->getHandle(),
            [](void* told, sqlite3*, const char*, int pages) {
                static_cast<Impl*>(told)->pages_in_wal = pages;
                return SQLITE_OK;
            },
            impl.get());
    });
    return MediaDb(std::move(impl));
}

MediaDb::MediaDb(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MediaDb::~MediaDb() = default;
MediaDb::MediaDb(MediaDb&&) noexcept = default;
MediaDb& MediaDb::operator=(MediaDb&&) noexcept = default;

const fs::path& MediaDb::file() const { return impl_->file; }

}  // namespace mediaferry::media_db
