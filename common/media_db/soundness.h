#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Whether media.db can be worked with: looked at before anything is touched. Three questions, each as dear as it must be:
//
//   always        is its history as long as it was when the last run ended? (one row) A file that was put back by hand, a lost write-ahead log and
//                 events cut off all show here, for the head of the history is kept in a small file beside media.db too (media.db-history).
//   once a day,   quick_check: every page of every table and index hangs together. Also when the machine was started since (the power may have
//                 gone), and when whoever opens it has a reason. Some seconds a gigabyte.
//   on request    `mediaferry db check`: integrity_check, references, counters, the whole chain of events.
//
// What none of them sees: another value in a column that no index has. SQLite keeps no checksums of its pages; the promise does not rest on such a
// value alone, since files are hashed again, and iCloud asked again, before anything is deleted.

#include <optional>
#include <string>

#include "common/media_db/media_db.h"
#include "common/types/timestamp.h"

namespace mediaferry::media_db {

/// How far the history had come.
struct HistoryHead {
    std::int64_t events = 0;
    std::string hash;  ///< of the last one
};

/// <database>-history.
fs::path head_file(const fs::path& database);
/// What was kept; nullopt: nothing yet, or nothing that can be read.
std::optional<HistoryHead> kept_head(const fs::path& database);
/// Keeps the head of the history; call it after work. Trouble is logged: what was kept before stays true.
void keep_head(MediaDb&) noexcept;
/// The same after a restore, when the history is shorter than it was, on purpose.
void reset_head(MediaDb&);
/// What is wrong with the history's length; nullopt: nothing.
std::optional<std::string> history_cut_off(const MediaDb&);
/// `made` is about to get the name `database`, where the one before was lost: its history is the one that is expected there from now on. The head of
/// the lost one's is kept as <database>-history.lost.
void succeed(const MediaDb& made, const fs::path& database);

enum class Doubt {
    none,
    ended_badly,  ///< whoever had it open last did not end by itself: look at every page now
};
/// Opens media.db to work with it. Throws BadInput, having changed nothing: "db.corrupt", "db.vanished" (there was one), "db.cut_off"; and what
/// MediaDb::open throws.
MediaDb open_sound(const fs::path& database, Timestamp now, Doubt = Doubt::none);
/// Whether open_sound would look at every page.
bool check_is_due(const MediaDb&, Timestamp now);

}  // namespace mediaferry::media_db
