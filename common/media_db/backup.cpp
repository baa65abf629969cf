// SPDX-License-Identifier: GPL-3.0-or-later
// Copies of media.db that can be trusted: written aside, checked, fsynced, then named.
#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstdlib>
#include <new>
#include <string_view>
#include <system_error>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/connection.h"

namespace mediaferry::media_db {

namespace {

/// A page for which there was no memory is no damaged page, and nobody is to put back a backup for it.
bool wanted_memory(const std::string& line) {
    constexpr std::string_view code = "error code=";
    for (auto at = line.find(code); at != std::string::npos; at = line.find(code, at + 1))
        if (const int number = std::atoi(line.c_str() + at + code.size()); number == SQLITE_NOMEM || number == SQLITE_IOERR_NOMEM) return true;
    return false;
}

}  // namespace

std::vector<std::string> damage(SQLite::Database& db, bool quick) {
    std::vector<std::string> found;
    SQLite::Statement check(db, quick ? "PRAGMA quick_check" : "PRAGMA integrity_check");
    while (check.executeStep()) {
        const std::string line = check.getColumn(0).getString();
        if (wanted_memory(line)) throw std::bad_alloc{};
        if (line != "ok") found.push_back(line);
    }
    return found;
}

Bytes write_backup(SQLite::Database& db, const fs::path& source, const fs::path& target) {
    const auto refuse_to_overwrite = [&] {
        if (fs::exists(target)) throw TransientError("file.exists", "a backup would overwrite " + target.string() + "; move that file away");
    };
    refuse_to_overwrite();
    refuse_network_file_system(target);  // it is opened and checked there; copy the finished one to the NAS instead
    const fs::path part = target.string() + ".part";
    create_private_file(part);
    const auto ours = files::Lock::try_take(part);
    if (!ours) throw TransientError("db.backup_running", "another backup is just being written to " + target.string() + "; try again");
    refuse_to_overwrite();  // by one that was finished meanwhile
    fs::resize_file(part, 0);  // of a run that died
    boost::system::error_code ignored;
    try {
        translated(source, [&] {
            SQLite::Statement copy(db, "VACUUM INTO ?");
            copy.bind(1, part.string());
            MF_AROUND("db.backup.copy", copy.exec());
        });
        translated(part, [&] {
            SQLite::Database copy(part.string(), SQLite::OPEN_READONLY, 1000);
            if (const auto found = damage(copy, true); !found.empty())
                throw BadInput("db.corrupt", "the backup of " + source.string() + " is damaged (" + found.front() + "); run `mediaferry db check`");
        });
        files::sync_file(part);
        files::move_file(part, target);
    } catch (...) {
        fs::remove(part, ignored);
        throw;
    }
    return {fs::file_size(target)};
}

}  // namespace mediaferry::media_db
