// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/connection.h"

#include <sqlite3.h>

#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::media_db {

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
        const int result = MF_AROUND("db.checkpoint", sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_FULL, nullptr, nullptr));
        sqlite3_busy_timeout(handle, kBusyMilliseconds);
        if (result != SQLITE_OK && result != SQLITE_BUSY) log::warning("the database's log could not be moved into it", {{"CODE", result}});
    } catch (const std::exception& error) {
        log::warning("the database's log could not be moved into it", {{"ERROR", error.what()}});
    }
}

// ---- Transaction ------------------------------------------------------------------------------------------------------

Transaction::Transaction(MediaDb& db, failpoint::Step step) : db_(db), step_(step) { db_.impl().begin(); }

Transaction::~Transaction() {
    if (!done_) db_.impl().roll_back();
}

void Transaction::commit() {
    auto& impl = db_.impl();
    step_.begins();
    const bool outermost = impl.commit();
    done_ = true;
    step_.ended();
    if (outermost) impl.checkpoint_if_long();
}

}  // namespace mediaferry::media_db
