#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: media.db's connection (common/sqlite), and what only this database needs of SQLite itself: its pragmas, its
// write-ahead log, backups.

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/sqlite/connection.h"
#include "common/types/bytes.h"
#include "common/types/ids.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::media_db {

struct HouseRow;

struct MediaDb::Impl : sqlite::Connection {
    Access access = Access::read_write;
    int pages_in_wal = 0;    ///< told by SQLite after each commit
    std::string house_text;  ///< state 'house' as last read, and what it says
    std::shared_ptr<const std::vector<HouseRow>> house;

    /// Moves the write-ahead log into the file once it is long. Never two processes at once.
    void checkpoint_if_long();
};

using sqlite::Keep;
using sqlite::Query;
using sqlite::throw_translated;
using sqlite::translated;

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
