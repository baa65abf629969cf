// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/adopt_archive.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/archive/known.h"
#include "common/archive_index/keeper.h"
#include "common/archive_index/rebuild.h"
#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "common/media_db/restore.h"
#include "common/media_db/soundness.h"
#include "daemon/exit_code.h"
#include "daemon/house_rows.h"
#include "daemon/open_house.h"
#include "daemon/slots.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using archive_index::Rebuilt;
using json_t = nlohmann::ordered_json;

json_t listed(const std::vector<std::pair<std::string, Reason>>& troubles) {
    auto list = json_t::array();
    for (const auto& [path, reason] : troubles) list.push_back({{"path", path}, {"code", reason.code}, {"text", reason.text}});
    return list;
}

void print(const Rebuilt& rebuilt, const fs::path& database, bool json) {
    if (json) {
        const json_t answer{{"database", database.string()},
                            {"photos", rebuilt.photos},
                            {"files", rebuilt.files},
                            {"bytes", rebuilt.bytes.count},
                            {"brought_home", rebuilt.brought_home},
                            {"strangers", rebuilt.strangers},
                            {"missing", listed(rebuilt.missing)},
                            {"unreadable", listed(rebuilt.unreadable)}};
        std::cout << answer.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
        return;
    }
    std::cout << database.string() << ": " << rebuilt.photos << " photos, " << rebuilt.files << " files (" << to_text(rebuilt.bytes)
              << "), each read back from the archive now\n";
    if (rebuilt.brought_home > 0) std::cout << rebuilt.brought_home << " originals brought home: the phone has not had them yet\n";
    if (rebuilt.strangers > 0)
        std::cout << rebuilt.strangers << " files are of no iCloud account of this house; they stay in the archive and are never deleted\n";
    for (const auto& [path, reason] : rebuilt.missing) std::cout << path << ": " << reason.text << "; left out\n";
    for (const auto& [path, reason] : rebuilt.unreadable) std::cout << path << ": " << reason.text << "\n";
}

/// A line now and then; on a terminal one that moves.
class Told {
public:
    void operator()(const Rebuilt& rebuilt) {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < (terminal_ ? std::chrono::milliseconds{200} : std::chrono::milliseconds{30'000})) return;
        last_ = now;
        std::cerr << (terminal_ ? "\r\x1b[K" : "") << "reading the archive: " << rebuilt.files << " files, " << to_text(rebuilt.bytes)
                  << (terminal_ ? "" : "\n") << std::flush;
        drawn_ = terminal_;
    }
    ~Told() {
        if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
    }

private:
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void refuse_one_in_use(const config::Settings& settings) {
    if (!fs::exists(settings.database) || fs::file_size(settings.database) == 0) return;
    auto there = media_db::MediaDb::open(settings.database);
    archive_index::refuse_used(there);
}

/// What SQLite and we keep beside a database goes with it.
void remove_unfinished(const fs::path& database) {
    for (const char* part : {"", "-wal", "-shm", "-checkpoint", "-history", ".whole", ".whole.part"}) files::remove_file(database.string() + part);
}

/// Makes `making.database` from the archive and gives it the name `database`, whole.
Rebuilt make(const config::Settings& making, const fs::path& database, Timestamp now, const archive::Stop& stop) {
    const fs::path whole = making.database.string() + ".whole";
    Rebuilt rebuilt;
    {
        auto db = open_house(making);
        const auto archive = archive::open_known(db, making.archive, now);
        {
            Told told;
            rebuilt = archive_index::rebuild(archive, db, making, now, stop, [&](const Rebuilt& so_far) { told(so_far); });
        }
        auto index = archive_index::Index::open(archive_index::index_file(making.state_directory(), archive));
        archive_index::Keeper{db, archive, index}.keep_all(stop);
        if (stop()) throw Interrupted{"interrupted", "asked to stop while writing the archive's books"};
        media_db::Upkeep{db}.backup_to(whole);
        media_db::succeed(db, database);
    }
    media_db::put_in_place(whole, database, now);
    remove_unfinished(making.database);
    return rebuilt;
}

}  // namespace

int db_adopt_from_archive(const config::Settings& settings, bool json) {
    if (!settings.archive.enabled)
        throw ConfigError{"archive.off", "archive.enabled is false in " + settings.file.string() + ": this house has no archive"};
    catch_stop_signals();
    const auto stop = [] { return stop_signal() != 0; };
    const auto now = SystemClock{}.now();
    keep_within_its_folders(settings);
    const auto held = stop_the_house(settings);
    refuse_one_in_use(settings);
    // Under a name that nothing else opens, until it is whole: half of one would be taken for all there is.
    auto making = settings;
    making.database = settings.database.string() + ".adopting";
    remove_unfinished(making.database);
    try {
        const auto rebuilt = make(making, settings.database, now, stop);
        print(rebuilt, settings.database, json);
        return rebuilt.missing.empty() && rebuilt.unreadable.empty() ? 0 : kItemsFailed;
    } catch (const Interrupted&) {
        std::cerr << "interrupted: there is no " << settings.database.string() << " yet; begin again, originals brought home already are used\n";
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
