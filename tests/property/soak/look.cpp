// SPDX-License-Identifier: GPL-3.0-or-later
// Once a year: whether all that was promised holds, and how large everything is that could grow.
#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <fstream>

#include "common/media_db/reports.h"
#include "tests/property/lying_icloud/digests.h"
#include "tests/property/soak/family.h"

namespace mediaferry::soak {

using nlohmann::ordered_json;

namespace {

struct Weight {
    std::int64_t files = 0, bytes = 0;
};

Weight weight_of(const fs::path& folder) {
    Weight weight;
    if (!fs::is_directory(folder)) return weight;
    for (fs::recursive_directory_iterator at{folder}, end; at != end; ++at)
        if (fs::is_regular_file(at->symlink_status())) ++weight.files, weight.bytes += static_cast<std::int64_t>(fs::file_size(at->path()));
    return weight;
}

std::int64_t number(SQLite::Database& db, const std::string& sql) { return db.execAndGet(sql).getInt64(); }

std::int64_t resident_kilobytes() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
    return 0;
}

}  // namespace

void Family::promises() {
    for (const auto& fault : media_db::Upkeep(house_.db()).check()) wrong("media.db: " + fault);
    if (const auto broken = media_db::Events(house_.db()).broken_at()) wrong("the chain of events is broken at " + std::to_string(*broken));
    SQLite::Database db{house_.settings.database.string()};
    const auto none = [&](const std::string& what, const std::string& sql) {
        if (const auto found = number(db, "SELECT count(*) FROM " + sql)) wrong(std::to_string(found) + " " + what);
    };
    const auto now = std::to_string(house_.clock.now().time_since_epoch().count());
    none("steps are running and nobody runs", "step WHERE status = 'running'");
    none("steps wait for a person and do not say why", "step WHERE status = 'attention' AND coalesce(reason_code, '') = ''");
    none("steps wait for more than a year", "step WHERE status = 'pending' AND open = 1 AND not_before > " + now + " + 366 * 86400");
    none("originals were released and are not on the NAS",
         "media m WHERE m.local_path IS NULL AND NOT EXISTS (SELECT 1 FROM copy c WHERE c.media_id = m.id AND c.place = 'nas' AND c.removed_at IS "
         "NULL)");
    none("placeholders of photos that are long gone", "placeholder p JOIN media m ON m.id = p.media_id WHERE m.deleted_icloud = 'yes'");
    none("runs are kept for more than a year but the last of each stage", "run WHERE finished_at < " + now + " - 400 * 86400");
    SQLite::Statement row{db, "SELECT m.filename, m.sha256, m.local_path FROM media m"};
    while (row.executeStep()) {
        const auto sha = row.getColumn(1).getString();
        const auto there = on_nas_.find(sha);
        const bool good = there != on_nas_.end() && draw_.one_in(8) ? lying::sha256_hex(lying::bytes_of(there->second.first).value_or("")) == sha
                                                                    : there != on_nas_.end();
        if (good) continue;
        if (!row.getColumn(2).isNull() && lying::sha256_hex(lying::bytes_of(row.getColumn(2).getString()).value_or("")) == sha) continue;
        wrong("the bytes of " + row.getColumn(0).getString() + " are nowhere any more");
    }
}

ordered_json Family::look(const std::string& when) {
    promises();
    SQLite::Database db{house_.settings.database.string(), SQLite::OPEN_READWRITE};
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    ordered_json tables;
    SQLite::Statement names{db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"};
    while (names.executeStep()) {
        const auto name = names.getColumn(0).getString();
        if (const auto rows = number(db, "SELECT count(*) FROM \"" + name + "\"")) tables[name] = rows;
    }
    ordered_json told_of;
    SQLite::Statement kinds{db, "SELECT what, count(*) FROM event GROUP BY what ORDER BY what"};
    while (kinds.executeStep()) told_of[kinds.getColumn(0).getString()] = kinds.getColumn(1).getInt64();
    const auto state = house_.settings.state_directory();
    const auto backups = weight_of(state / "backups"), all = weight_of(state);
    const auto pages = number(db, "PRAGMA page_count"), free = number(db, "PRAGMA freelist_count"), page = number(db, "PRAGMA page_size");
    const auto beside = weight_of(house_.settings.database.parent_path());
    ordered_json homes;
    for (const auto* name : {"incoming", "backup", "pixel_sync", "compress", "delete_pending", "trash"})
        homes[name] = weight_of(house_.folder(name)).files;
    ordered_json told{{"when", when},
                      {"day", to_iso(house_.clock.now()).substr(0, 10)},
                      {"nights", night_},
                      {"photos", made_},
                      {"files", number(db, "SELECT count(*) FROM media")},
                      {"events", number(db, "SELECT count(*) FROM event")},
                      {"deletions", deletions_},
                      {"faults", faults_},
                      {"stage_runs", stage_runs_},
                      {"requests", requests_},
                      {"db_bytes", pages * page},
                      {"db_free", free * page},
                      {"beside_db_files", beside.files},
                      {"state_files", all.files - backups.files},
                      {"state_bytes", all.bytes - backups.bytes},
                      {"backups", backups.files},
                      {"scratch", weight_of(house_.dir / "scratch").files},
                      {"resident_kb", resident_kilobytes()},
                      {"seconds_a_night", nights_looked_ > 0 ? seconds_ / nights_looked_ : 0},
                      {"home", homes},
                      {"rows", tables},
                      {"events_of", told_of},
                      {"violations", violations}};
    seconds_ = 0;
    nights_looked_ = 0;
    return told;
}

}  // namespace mediaferry::soak
