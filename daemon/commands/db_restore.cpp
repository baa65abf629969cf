// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/db_restore.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"
#include "common/media_db/restore.h"
#include "common/media_db/soundness.h"
#include "daemon/after_restore.h"
#include "daemon/commands/questions.h"
#include "daemon/house_rows.h"
#include "daemon/slots.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

fs::path find_backup(const config::Settings& settings, const fs::path& wanted) {
    const auto directory = settings.state_directory() / "backups";
    if (!wanted.empty()) return fs::exists(wanted) || !fs::exists(directory / wanted) ? fs::absolute(wanted) : directory / wanted;
    const auto found = media_db::backups_in(directory);
    if (found.empty()) throw BadInput{"db.backup", "there is no backup in " + directory.string() + "; name one: mediaferry db restore FILE"};
    return found.front().file;
}

void list(const config::Settings& settings, const fs::path& chosen, std::ostream& err) {
    for (const auto& one : media_db::backups_in(settings.state_directory() / "backups"))
        err << (one.file == chosen ? "* " : "  ") << one.file.filename().string() << "  " << to_iso(one.written) << "  " << to_text(one.size) << "\n";
}

void tell(const Newer& newer, std::ostream& out) {
    if (newer.moved > 0) out << "originals found where a later run had moved them: " << newer.moved << "\n";
    if (newer.brought_home > 0) out << "originals that had been released, brought home from the NAS: " << newer.brought_home << "\n";
    if (newer.sent_again > 0)
        out << "files that go to the phone once more, because the proof that Google has them was lost: " << newer.sent_again << "\n";
    if (newer.unknown > 0) out << "files that came after the backup and are taken in again by the next icloud_download: " << newer.unknown << "\n";
    if (newer.placeholders > 0) out << "placeholders of such files removed: " << newer.placeholders << "\n";
    for (const auto& line : newer.lost) out << "not found: " << line << "\n";
    if (!newer.lost.empty() && !newer.nas.empty())
        out << "the NAS was not asked: " << newer.nas
            << ". When it is there, run `mediaferry db restore` with the name of the database itself: it looks again\n";
    out << "what was done in iCloud, at the phone and on the NAS since then, the next runs find by themselves; proofs are made anew, deletion plans "
           "need your "
           "approval again\n";
}

json_t to_json(const Newer& newer) {
    return {{"moved", newer.moved},     {"brought_home", newer.brought_home}, {"sent_again", newer.sent_again},
            {"unknown", newer.unknown}, {"placeholders", newer.placeholders}, {"lost", newer.lost},
            {"nas", newer.nas}};
}

}  // namespace

int db_restore(const config::Settings& settings, const RestoreWish& wish, Timestamp now, std::istream& in, std::ostream& out, std::ostream& err) {
    keep_within_its_folders(settings);
    const auto held = stop_the_house(settings);
    const auto backup = find_backup(settings, wish.backup);
    const bool itself = fs::exists(settings.database) && fs::equivalent(backup, settings.database);
    if (!wish.json) list(settings, backup, err);
    media_db::BackupContent content;
    if (!itself) content = media_db::check_backup(backup);
    if (!wish.json && !itself)
        err << backup.string() << " is whole: " << content.files << " files, last event " << to_iso(content.last_event) << "\n";
    if (!wish.sure) {
        if (::isatty(STDIN_FILENO) == 0) throw UsageError{"usage.yes", "nobody can be asked here: add --yes to put " + backup.string() + " back"};
        Questions questions{in, err};
        if (!questions.yes(itself ? "go on with " + settings.database.string() + " as it is?"
                                  : "put it in the place of " + settings.database.string() + "? (what is there is kept beside it)",
                           false))
            return 0;
    }
    fs::path aside;
    if (!itself) aside = media_db::put_back(backup, settings.database, now);
    auto db = media_db::MediaDb::open(settings.database);
    media_db::void_plans(db);
    const json_t detail{{"backup", backup.string()}, {"aside", aside.string()}};
    media_db::Events{db}.add({0, now, {}, {}, {}, "", "restored", detail.dump()});
    media_db::reset_head(db);
    const auto newer = find_newer(db, settings, now);
    media_db::keep_head(db);
    if (wish.json) {
        out << json_t{{"database", settings.database.string()}, {"backup", backup.string()}, {"aside", aside.string()}, {"found", to_json(newer)}}
                   .dump(2, ' ', false, json_t::error_handler_t::replace)
            << "\n";
        return 0;
    }
    out << settings.database.string() << (itself ? ": goes on as it is\n" : " is back, as of " + to_iso(content.last_event) + "\n");
    if (!aside.empty()) out << "what was there is kept as " << aside.string() << "\n";
    tell(newer, out);
    return 0;
}

}  // namespace mediaferry::daemon
