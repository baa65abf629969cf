// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 9: removes what no run will come back for, and backs up media.db.
#include <functional>

#include "common/archive/known.h"
#include "common/archive/release_original.h"
#include "common/archive_index/keeper.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/books.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/runs.h"
#include "common/stage/stage.h"
#include "stages/cleanup/archive_trash.h"
#include "stages/cleanup/backups.h"
#include "stages/cleanup/leftovers.h"

namespace mediaferry::stages {

using stage::Outcome;
using stage::Run;

namespace {

constexpr auto kRunsKept = std::chrono::hours{24 * 90};

void remove_file(const fs::path& path) {
    const auto tree = files::Tree::open(path.parent_path());
    MF_AROUND("cleanup.remove", tree.remove(path.filename()));
    MF_AROUND("cleanup.fsync_folder", tree.sync_directory(""));
}

void remove(const Leftover& leftover, Run& run) {
    media_db::Catalogue catalogue{run.db()};
    switch (leftover.kind) {
        case Leftover::Kind::file: return remove_file(leftover.path);
        case Leftover::Kind::scratch: MF_AROUND("cleanup.remove_scratch", fs::remove_all(leftover.path)); return;
        case Leftover::Kind::empty_directory:
            return MF_AROUND("cleanup.rmdir", files::Tree::open(leftover.path.parent_path()).remove_empty_directory(leftover.path.filename()));
        case Leftover::Kind::set_aside:
            if (fs::is_directory(leftover.path.parent_path())) remove_file(leftover.path);
            return catalogue.set_aside_removed(leftover.id, run.now());
        case Leftover::Kind::placeholder:
            if (files::status_of(leftover.path)) remove_file(leftover.path);
            return catalogue.remove_placeholder(leftover.path.lexically_relative(run.settings().folders.incoming));
        case Leftover::Kind::original:
            MF_AROUND("cleanup.release", archive::release_original(run.db(), run.settings(), MediaId{leftover.id}, run.now(), run.id()));
            return;
    }
}

/// One thing that cannot be removed keeps no other from going.
void attempt(Run& run, const std::string& what, const std::function<void()>& work) {
    try {
        run.expect(1);
        files::in_our_words(work);
        run.finished();
    } catch (const Interrupted&) {
        throw;
    } catch (const OutOfMemory&) {
        throw;
    } catch (const std::exception& error) {
        run.failed({code_of(error), what + ": " + full_message(error)});
    }
}

/// What the stages after nas_archive made known (a photo deleted from iCloud) reaches the archive's books in the same walk through the house. A NAS
/// that is away keeps nothing from being tidied: nas_archive writes them when it is back.
void write_books(Run& run) {
    if (!run.settings().archive.enabled || media_db::Books(run.db()).due(1).empty()) return;
    run.activity("writing index, checksums and capsules of the archive");
    try {
        const auto archive = archive::open_known(run.db(), run.settings().archive, run.now());
        auto index = archive_index::Index::open(archive_index::index_file(run.settings().state_directory(), archive));
        archive_index::Keeper{run.db(), archive, index}.keep_all(run.stop());
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& error) {
        log::info("the archive's books wait", {{"REASON", error.code()}, {"ERROR", error.what()}});
    }
}

}  // namespace

class Cleanup final : public stage::Stage {
public:
    explicit Cleanup(const config::Settings&) {}

    Outcome begin(Run& run) override {
        if (backup_is_due(run)) {
            run.activity("backing up media.db");
            attempt(run, "the backup of media.db", [&] {
                log::info("database backed up", {{"PATH", MF_AROUND("cleanup.backup", write_backup(run)).string()}});
            });
        }
        for (const auto& path : surplus_backups(run)) attempt(run, path.string(), [&] { remove_file(path); });
        write_books(run);
        empty_archive_trash(run, [&](const std::string& what, const std::function<void()>& work) { attempt(run, what, work); });
        run.activity("removing what is left over");
        for (const auto& leftover : all_leftovers(run)) {
            if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop"};
            attempt(run, leftover.path.string(), [&] {
                remove(leftover, run);
                log::info("leftover removed", {{"PATH", leftover.path.string()}, {"WHY", leftover.why}});
            });
        }
        if (const auto runs = media_db::Runs(run.db()).prune(run.now() - kRunsKept); runs > 0) log::info("old runs forgotten", {{"RUNS", runs}});
        return stage::Done{};
    }

    std::vector<std::string> rehearse_run(Run& run) override {
        std::vector<std::string> lines;
        if (backup_is_due(run)) lines.push_back("would back up " + run.settings().database.string());
        for (const auto& path : surplus_backups(run))
            lines.push_back("would remove " + path.string() + ": a backup beyond the newest seven, or an unfinished one");
        for (const auto& leftover : all_leftovers(run)) lines.push_back("would remove " + leftover.path.string() + ": " + leftover.why);
        for (auto& line : archive_trash_due(run)) lines.push_back(std::move(line));
        return lines;
    }
};

}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::Cleanup)
