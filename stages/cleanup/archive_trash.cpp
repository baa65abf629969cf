// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/cleanup/archive_trash.h"

#include "common/archive/known.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/queue.h"
#include "common/queue/trash.h"

namespace mediaferry::stages {

namespace {

std::vector<media_db::Trashed> trash_due(stage::Run& run) {
    if (!run.settings().archive.enabled) return {};
    return media_db::Queue(run.db()).trashed(run.now() - run.settings().workflow.trash_kept);
}

}  // namespace

std::vector<std::string> archive_trash_due(stage::Run& run) {
    std::vector<std::string> lines;
    for (const auto& one : trash_due(run))
        lines.push_back("would remove " + one.path.string() + " from the archive: in its trash for longer than workflow.trash_kept, unless a photo still needs it");
    return lines;
}

void empty_archive_trash(stage::Run& run, const std::function<void(const std::string&, const std::function<void()>&)>& attempt) {
    const auto due = trash_due(run);
    if (due.empty()) return;
    const auto lock = files::Lock::try_take(queue::lock_file(run.settings().state_directory()));
    if (!lock) return;
    try {
        const auto archive = archive::open_known(run.db(), run.settings().archive, run.now());
        queue::Trash trash{run.db(), archive, run.settings().archive.trash};
        for (const auto& one : due) {
            if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop"};
            attempt(one.path.string(), [&] {
                if (const auto reason = trash.empty(one, run.now()))
                    log::info("stays in the archive's trash", {{"PATH", one.path.string()}, {"REASON", reason->code}});
                else
                    log::info("removed from the archive's trash", {{"PATH", one.path.string()}});
            });
        }
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& error) {
        log::info("the archive's trash waits", {{"REASON", error.code()}, {"ERROR", error.what()}});
    }
}

}  // namespace mediaferry::stages
