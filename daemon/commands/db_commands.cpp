// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/db_commands.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/reports.h"
#include "common/media_db/restore.h"
#include "common/media_db/soundness.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;
using media_db::MediaDb;

void print(std::ostream& out, const json_t& value) { out << value.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n"; }

bool is_taken(const fs::path& path) { return fs::exists(fs::symlink_status(path)); }

std::string what_to_do(const config::Settings& settings) {
    const auto directory = settings.state_directory() / "backups";
    const auto backups = media_db::backups_in(directory);
    if (backups.empty()) return "there is no backup in " + directory.string() + "; if you have one elsewhere: mediaferry db restore FILE\n";
    return "stop the daemon (systemctl stop mediaferry) and put back the newest backup, of " + to_iso(backups.front().written) +
           ": mediaferry db restore\nwhat is there now is kept beside it; what happened since the backup is found again\n";
}

/// A file so damaged that it cannot be asked is told like one that answers.
std::vector<std::string> faults_of(const fs::path& database) {
    try {
        auto db = MediaDb::open(database, media_db::Access::read_only);
        auto found = media_db::Upkeep(db).check();
        if (!found.empty()) return found;
        if (const auto cut = media_db::history_cut_off(db)) found.push_back(*cut);
        return found;
    } catch (const BadInput& error) {
        if (error.code() != "db.corrupt") throw;
        return {error.what()};
    }
}

/// Under a name that is nobody's: of two in one second each has its own.
std::pair<fs::path, Bytes> backup_by_hand(MediaDb& db, const fs::path& directory, Timestamp now) {
    const auto wanted = directory / ("media-" + to_compact(now) + "-by-hand.db");
    const auto taken = [](const fs::path& path) { return is_taken(path) || is_taken(path.string() + ".part"); };
    for (;;) {
        const auto path = files::free_name(wanted, taken);
        try {
            return {path, media_db::Upkeep(db).backup_to(path)};
        } catch (const TransientError& error) {
            if (error.code() != "file.exists" && error.code() != "db.backup_running") throw;  // else another was faster
        }
    }
}

}  // namespace

int db_adopt(const config::Settings& settings, const fs::path& file, bool json, Timestamp now, std::ostream& out, std::ostream& err) {
    const fs::path target = file.empty() ? settings.database : file;
    const fs::path backup = files::free_name(target.string() + ".before-adoption", is_taken);
    err << "reading every file that " << target.string() << " names; this takes a while\n";
    const auto result = media_db::Upkeep::adopt(target, backup, now);
    if (json) {
        print(out, {{"database", target.string()}, {"backup", backup.string()}, {"adopted", result.adopted}, {"without_file", result.without_file}});
        return 0;
    }
    out << target.string() << ": files adopted: " << result.adopted << "; the database as it was: " << backup.string() << "\n";
    out << "what it claimed about them is in `mediaferry history`, and is no proof: they are sent and archived again\n";
    if (!result.without_file.empty()) {
        out << "rows that name no file that exists (they stay in the table media_before_adoption): " << result.without_file.size() << "\n";
        for (const auto& path : result.without_file) out << "  " << path << "\n";
    }
    if (!file.empty() && fs::absolute(file) != fs::absolute(settings.database))
        err << "to work with it, write in the config: `database: " << fs::absolute(file).string() << "`\n";
    return 0;
}

int db_backup(const config::Settings& settings, const fs::path& target, bool json, Timestamp now, std::ostream& out, std::ostream&) {
    // Opened to write: a read-only connection cannot always read a log that a crash left behind.
    if (!fs::exists(settings.database)) throw BadInput("db.missing", "there is no database " + settings.database.string() + " to back up");
    auto db = MediaDb::open(settings.database);
    const auto [path, size] = target.empty() ? backup_by_hand(db, settings.state_directory() / "backups", now)
                                             : std::pair{target, media_db::Upkeep(db).backup_to(target)};
    if (json)
        print(out, {{"backup", path.string()}, {"bytes", size.count}});
    else
        out << path.string() << ": " << to_text(size) << ", checked\n";
    return 0;
}

int db_check(const config::Settings& settings, bool json, std::ostream& out, std::ostream&) {
    const auto found = faults_of(settings.database);
    if (json) {
        print(out, {{"database", settings.database.string()}, {"ok", found.empty()}, {"faults", found}});
    } else if (found.empty()) {
        out << settings.database.string() << ": ok\n";
    } else {
        for (const auto& line : found) out << settings.database.string() << ": " << line << "\n";
        out << what_to_do(settings);
    }
    return found.empty() ? 0 : kBadInput;
}

}  // namespace mediaferry::daemon
