// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/archive_commands.h"

#include <sys/stat.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "common/archive/fitness.h"
#include "common/archive/guard.h"
#include "common/archive/known.h"
#include "common/archive/successor.h"
#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "daemon/commands/queue_commands.h"
#include "daemon/commands/reindex_command.h"
#include "daemon/open_house.h"

namespace mediaferry::daemon {

namespace {

using Words = std::vector<std::string>;
using media_db::MediaDb;

bool on_the_system_disk(const fs::path& root) {
    struct stat there {
    }, system{};
    return !is_share(root.string()) && ::stat(root.c_str(), &there) == 0 && ::stat("/", &system) == 0 && there.st_dev == system.st_dev;
}

/// An archive that is known but whose marker is missing is far more likely unmounted than new.
void not_by_mistake(MediaDb& db, const config::Settings& settings) {
    const auto known = archive::known_uuid(db);
    if (!known) return;
    try {
        archive::Archive::open(settings.archive, known);
    } catch (const Error& error) {
        throw Unavailable{error.code(), std::string(error.what()) + ". This house already has an archive (" + *known +
                                            "). If it is gone for good and this is its successor: `mediaferry archive init --new`"};
    }
}

void tell(const archive::Succession& again) {
    if (again.files == 0) return;
    std::cout << again.files << " files (" << to_text(again.bytes) << ") were in another archive: the next nas_archive looks for each of them here, and archives it again\n";
    if (again.not_at_home > 0)
        std::cout << again.not_at_home << " of them have no original at home. If their bytes are not here either: `mediaferry archive verify --full` "
                  << "after that makes them again from whole copies in the library, in the outbox or in iCloud, and names those that are lost\n";
}

int init(const Words& words, const Options& options, const config::Settings& settings) {
    const bool fresh = words == Words{"--new"};
    if (!fresh && !words.empty()) throw UsageError{"usage.archive", "archive init takes --new or nothing"};
    auto db = open_house(settings);
    if (!fresh) not_by_mistake(db, settings);
    const auto now = SystemClock{}.now();
    const auto turn = files::Lock::try_take(settings.state_directory() / "locks" / "archive-init");  // the disk is tried with files of fixed names
    if (!turn) throw TryLater{"archive.init_running", "archive init is running already"};
    const auto [marker, written] = archive::Archive::initialise(settings.archive, now);
    const auto again = archive::succeed(db, marker, now);
    const auto root = settings.archive.root.string();
    if (options.json) {
        std::cout << nlohmann::ordered_json{{"root", root}, {"uuid", marker.uuid}, {"created", to_iso(marker.created)}, {"written", written}, {"files_to_archive_again", again.files}, {"not_at_home", again.not_at_home}}.dump(2)
                  << "\n";
    } else {
        std::cout << root << (written ? " is now an archive: " : " is an archive already: ") << marker.uuid << "\n";
        tell(again);
    }
    if (written)
        for (const auto& remark : archive::remarks(*archive::guard::open_root(settings.archive)))
            std::cerr << "note: " << remark.what << " (" << remark.then << ")\n";
    if (written && on_the_system_disk(root))
        std::cerr << "note: " << root
                  << " lies on the system disk. If a NAS belongs there it is not mounted now, and this marker would hide that for ever: remove "
                  << root << "/" << archive::kMarkerName << ", mount the NAS and run `mediaferry archive init --new`\n";
    return 0;
}

}  // namespace

int archive_command(const Options& options, const config::Settings& settings) {
    if (options.words.empty()) throw UsageError{"usage.archive", "archive what? init, reindex, verify or restore"};
    const auto& verb = options.words.front();
    const Words rest{options.words.begin() + 1, options.words.end()};
    if (verb != "init" && verb != "reindex" && verb != "verify" && verb != "restore")
        throw UsageError{"usage.archive", "no archive " + verb + "; there is init, reindex, verify and restore" +
                                               (verb == "cleanup" ? " (the stage cleanup empties the trash after its days)" : "")};
    if (Words words = rest; verb == "restore" && std::erase(words, "--from-trash") > 0) {
        if (words.empty()) throw UsageError{"usage.archive", "archive restore --from-trash takes the paths that lay in the archive"};
        return queue_restore(words, options, settings);
    }
    // What is at home can be restored without an archive too.
    if (verb == "restore") return archive_restore(rest, options, settings);
    if (!settings.archive.enabled)
        throw ConfigError{"archive.off", "archive.enabled is false in " + settings.file.string() + ": this house has no archive"};
    if (verb == "reindex") return reindex_command(rest, options, settings);
    return verb == "init" ? init(rest, options, settings) : archive_verify(rest, options, settings);
}

}  // namespace mediaferry::daemon
