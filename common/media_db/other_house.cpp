// SPDX-License-Identifier: GPL-3.0-or-later
// Another house's media.db: read through a private copy, believed only as far as it was checked.
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <new>
#include <optional>
#include <set>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/connection.h"
#include "common/media_db/exchange.h"

namespace mediaferry::media_db {

namespace {

struct ReadColumn {
    const char* table;
    const char* name;
};
/// All that is ever read from another house.
constexpr std::array kRead{ReadColumn{"media", "id"}, ReadColumn{"media", "sha256"}, ReadColumn{"media", "initial_size"}};

struct Seen {
    off_t size = -1;
    std::int64_t seconds = 0, nanoseconds = 0;
    ino_t inode = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
};

std::optional<Seen> look_at(const fs::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return std::nullopt;
    if (!S_ISREG(status.st_mode)) throw BadInput("exchange.no_database", file.string() + " is not a file");
    return Seen{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino};
}

void copy_file(const fs::path& from, const files::Tree& scratch, const char* name) {
    const auto source = files::Tree::open(fs::absolute(from).parent_path()).open_read(from.filename());
    files::copy_in(source.get(), scratch, name, {});
}

/// The database and what its log still holds, as they were at one moment.
fs::path copy_whole(const fs::path& theirs, const fs::path& folder) {
    const fs::path log = theirs.string() + "-wal";
    const auto scratch = files::Tree::open(folder);
    for (const char* old : {"theirs.db", "theirs.db-wal", "theirs.db-shm"}) scratch.remove(old);
    const auto before = look_at(theirs), log_before = look_at(log);
    if (!before) throw BadInput("exchange.no_database", "there is no database " + theirs.string());
    copy_file(theirs, scratch, "theirs.db");
    if (log_before && log_before->size > 0) copy_file(log, scratch, "theirs.db-wal");
    if (look_at(theirs) != before || look_at(log) != log_before)
        throw BadInput("exchange.changing",
                       theirs.string() + " changed while it was copied: somebody works with it; take a copy made by `mediaferry db backup`");
    return folder / "theirs.db";
}

void check_whose(SQLite::Database& db, const fs::path& theirs) {
    if (db.execAndGet("PRAGMA application_id").getInt64() != kApplicationId)
        throw BadInput("exchange.foreign", theirs.string() + " is not mediaferry's media.db; ask for a copy made by `mediaferry db backup`");
    if (const auto version = db.execAndGet("PRAGMA user_version").getInt64(); version != kSchemaVersion)
        throw BadInput("exchange.schema", theirs.string() + " has schema " + std::to_string(version) + ", this mediaferry reads " +
                                              std::to_string(kSchemaVersion) + "; both houses need the same version");
}

/// Real tables with stored columns: a view or a computed column would run what its maker wrote.
void check_shape(SQLite::Database& db, const fs::path& theirs) {
    for (const auto& [table, column] : kRead) {
        SQLite::Statement is_table(db, "SELECT count(*) FROM sqlite_schema WHERE name = ? AND type = 'table' AND sql NOT LIKE '%VIRTUAL TABLE%'");
        is_table.bind(1, table);
        SQLite::Statement is_stored(db, "SELECT count(*) FROM pragma_table_xinfo(?) WHERE name = ? AND hidden = 0");
        is_stored.bind(1, table);
        is_stored.bind(2, column);
        if (!is_table.executeStep() || is_table.getColumn(0).getInt() != 1 || !is_stored.executeStep() || is_stored.getColumn(0).getInt() != 1)
            throw BadInput("exchange.damaged", theirs.string() + " has no proper column " + table + "." + column + "; it was not made by mediaferry");
    }
}

}  // namespace

MediaDb open_copy_of(const fs::path& given, const fs::path& scratch) {
    const fs::path theirs = fs::absolute(given);
    const fs::path file = copy_whole(theirs, scratch);
    auto impl = std::make_unique<MediaDb::Impl>();
    impl->file = file;
    impl->access = Access::read_only;
    try {
        // To write, for its log may have to be replayed; it is our copy.
        impl->db = std::make_unique<SQLite::Database>(file.string(), SQLite::OPEN_READWRITE, kBusyMilliseconds);
        prepare_connection(*impl->db);
        check_whose(*impl->db, theirs);
        check_shape(*impl->db, theirs);
        if (const auto found = damage(*impl->db, false); !found.empty())
            throw BadInput("exchange.damaged", theirs.string() + " is damaged (" + found.front() + "); ask for another copy");
        impl->db->exec("PRAGMA query_only = ON");
    } catch (const SQLite::Exception& error) {
        if (error.getErrorCode() == SQLITE_NOMEM || error.getExtendedErrorCode() == SQLITE_IOERR_NOMEM) throw std::bad_alloc{};  // says nothing about it
        throw BadInput("exchange.damaged", theirs.string() + " cannot be read as a media.db (" + error.what() + "); ask for another copy");
    }
    return MediaDb(std::move(impl));
}

namespace {

/// The contents of one database in the order of their hashes.
class Contents {
public:
    explicit Contents(const MediaDb& db, bool trusted)
        : query_(db, "SELECT sha256, min(id), max(initial_size) FROM media GROUP BY sha256 ORDER BY sha256", Keep::once), trusted_(trusted) {
        step();
    }
    bool over() const { return over_; }
    const std::string& hash() const { return hash_; }
    MediaId media() const { return MediaId{query_.integer(1)}; }
    Bytes size() const { return query_.bytes(2); }

    void step() {
        over_ = !query_.next();
        if (over_) return;
        const std::string before = hash_;
        hash_ = query_.text(0);
        if (trusted_) return;
        if (!sha256_from_hex(hash_) || query_.integer(2) < 0 || hash_ <= before)
            throw BadInput("exchange.damaged", "the other database holds a row of media that is none (sha256 '" + hash_.substr(0, 80) + "', size " +
                                                   std::to_string(query_.integer(2)) + "); nothing of it is used");
    }

private:
    Query query_;
    bool trusted_, over_ = false;
    std::string hash_;
};

}  // namespace

Comparison Exchange::compare(const MediaDb& theirs, const std::function<void(MediaId)>& only_here) const {
    Comparison result;
    Contents mine{db_, true}, other{theirs, false};
    while (!mine.over() || !other.over()) {
        const bool here = !mine.over() && (other.over() || mine.hash() <= other.hash());
        const bool there = !other.over() && (mine.over() || other.hash() <= mine.hash());
        result.here += here;
        result.there += there;
        if (here && there) {
            ++result.both;
        } else if (here) {
            ++result.only_here;
            result.only_here_bytes += mine.size();
            if (only_here) only_here(mine.media());
        } else {
            ++result.only_there;
            result.only_there_bytes += other.size();
        }
        if (here) mine.step();
        if (there) other.step();
    }
    return result;
}

}  // namespace mediaferry::media_db
