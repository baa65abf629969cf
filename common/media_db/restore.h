#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Putting back a backup of media.db. Nothing is deleted: what lay there lies beside it afterwards.

#include <string>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/types/bytes.h"
#include "common/types/timestamp.h"

namespace mediaferry::media_db {

/// A backup, as its file says.
struct BackupFile {
    fs::path file;
    Timestamp written;
    Bytes size;
};
/// The finished ones in that directory, newest first.
std::vector<BackupFile> backups_in(const fs::path& directory);

/// What is in a backup that was found whole.
struct BackupContent {
    std::int64_t files = 0, events = 0;
    Timestamp last_event;
};
/// Reads all of it. Throws BadInput ("db.backup": no backup of ours, damaged, of a newer release).
BackupContent check_backup(const fs::path&);

/// Puts a copy of `backup` in the place of `database`, whole or not at all. What lay there gets the name <database>.damaged-<time>, with its
/// -wal and -shm; the first of these names is returned ("" when nothing lay there). Nobody may have the database open.
fs::path put_back(const fs::path& backup, const fs::path& database, Timestamp now);

/// A finished file, fsynced and open nowhere, gets the database's name; what lay there goes aside as above.
fs::path put_in_place(const fs::path& finished, const fs::path& database, Timestamp now);

/// What a backup must not bring back: a person's word about deletions. Plans that were proposed or approved are void; how many.
std::int64_t void_plans(MediaDb&);

}  // namespace mediaferry::media_db
