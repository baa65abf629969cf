// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/nas_archive/nas_archive.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/archive/known.h"
#include "common/archive/receipt.h"
#include "common/archive/settle.h"
#include "common/archive/successor.h"
#include "common/archive_index/keeper.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"
#include "stages/nas_archive/incoming.h"

namespace mediaferry::stages {

using stage::Done;
using stage::MediaItem;
using stage::NeedsAttention;
using stage::Outcome;
using stage::Run;

namespace {

/// An archive inside a working folder would take the originals for their own copies.
void lies_apart(const config::Settings& settings) {
    const auto& folders = settings.folders;
    for (const auto& folder :
         {folders.incoming, folders.backup, folders.pixel_sync, folders.compress, folders.library, folders.delete_pending, folders.trash}) {
        const auto inside = settings.archive.root.lexically_relative(folder);
        if (inside.empty() || *inside.begin() == "..") continue;
        throw ConfigError{"archive.root", "archive.root: " + settings.archive.root.string() + " lies in the working folder " + folder.string() +
                                              " (write a directory apart from it)"};
    }
}

/// What a person can do when there is no original at home to archive.
std::string how_to_get_it(const MediaItem& item, Run& run) {
    const auto id = std::to_string(item.id.value);
    const auto copies = media_db::Evidence(run.db()).of(item.id);
    if (std::ranges::none_of(copies, [](const media_db::Copy& copy) { return copy.place == Place::nas; }))
        return " and was never archived. Put it back there and run `mediaferry release " + id + "`";
    return ", and no copy on the NAS counts any more. `mediaferry archive verify --full` makes one from a whole copy in the library, in the outbox or in "
           "iCloud, if there is one";
}

files::Descriptor open_original(const MediaItem& item, Run& run) {
    const auto& settings = run.settings();
    const auto id = std::to_string(item.id.value);
    const auto there = item.local_path ? files::status_of(*item.local_path) : std::nullopt;
    if (there && !S_ISREG(there->st_mode))
        throw NeedsPerson{"local.refused",
                          item.local_path->string() + " is " + files::kind_of(there->st_mode) + ", not the original of " + item.filename +
                              ": it is not touched. Take it away, put the original back there and run `mediaferry release " + id + "`"};
    if (!there) {
        if (!fs::is_directory(settings.folders.backup))
            throw Unavailable{"local.unmounted", "no folder " + settings.folders.backup.string() + ": is its disk mounted?"};
        throw NeedsPerson{"local.missing", "the original of " + item.filename + " is not at " +
                                               (item.local_path ? item.local_path->string() : "home any more") + how_to_get_it(item, run)};
    }
    return files::Tree::open(item.local_path->parent_path()).open_read(item.local_path->filename());
}

void record(Run& run, const MediaItem& item, const archive::Archive& archive, const archive::Stored& stored) {
    const auto now = run.now();
    media_db::Copy copy;
    copy.media = item.id;
    copy.place = Place::nas;
    copy.path = stored.path;
    copy.sha256 = item.sha256;
    copy.size = item.size;
    copy.proof = "read_back";
    copy.written = now;
    copy.proven = copy.checked = now;
    copy.receipt = archive::first_receipt(archive, stored, now);
    const nlohmann::ordered_json detail{{"path", stored.path.string()}, {"adopted", stored.adopted}, {"method", stored.proof.method}};
    run.with_outcome([copy, asset = item.asset, now, run_id = run.id(), text = detail.dump()](media_db::MediaDb& db) {
        media_db::Evidence(db).add(copy);
        media_db::Catalogue(db).set_flags(copy.media, std::nullopt, true, std::nullopt, std::nullopt, now);
        media_db::Events(db).add({0, now, copy.media, asset, run_id, "nas_archive", "archived", text});
    });
}

/// A step that is done again: the copy it made may still be good.
bool proven_already(const archive::Archive& archive, const MediaItem& item, Run& run) {
    const auto copy = media_db::Evidence(run.db()).current(item.id, Place::nas);
    if (!copy || copy->sha256 != item.sha256 || archive::archive_of(*copy) != archive.marker().uuid) return false;
    const auto reason = archive::read_again(archive, run.db(), item, *copy, run.now(), run.settings().archive.settle, run.stop(), run.id());
    if (reason && reason->code == "nas.cache") throw TransientError{reason->code, reason->text};
    return !reason;
}

}  // namespace

Outcome NasArchive::begin(Run& run) {
    lies_apart(run.settings());
    layout_.emplace(run.settings().archive.layout);
    archive_.emplace(archive::open_known(run.db(), run.settings().archive, run.now(), archive::writer_of(run.db(), run.id(), run.now())));
    archive_->check();
    pace_.emplace(run.now());
    return Done{};
}

Outcome NasArchive::process(const MediaItem& item, Run& run) {
    if (const auto now = run.now(); pace_->due(now)) {
        keep_books(run);
        pace_->kept(now, run.now());
    }
    if (proven_already(*archive_, item, run)) {
        run.with_outcome([id = item.id, now = run.now()](media_db::MediaDb& db) {
            media_db::Catalogue(db).set_flags(id, std::nullopt, true, std::nullopt, std::nullopt, now);
        });
        return Done{Reason{"nas.there", "its copy on the NAS was read again and is good"}};
    }
    if (const auto there = archive::found_again(*archive_, run.db(), item, run.stop())) {
        record(run, item, *archive_, *there);
        return Done{Reason{"nas.found_again", "its earlier copy on the NAS was found there after all, read again and good"}};
    }
    const auto original = open_original(item, run);
    archive::Incoming file;
    file.source = original.get();
    file.wanted = archive_place(run.db(), *layout_, item);
    file.sha256 = item.sha256;
    file.size = item.size;
    file.modified = item.taken;
    file.siblings = siblings_of(run.db(), *layout_, item);
    file.original = item.local_path.value_or(fs::path{});
    const auto stored = archive_->store(file, run.stop(), [&](Bytes bytes) { run.moved(bytes); });
    record(run, item, *archive_, stored);
    if (stored.adopted) return Done{Reason{"nas.adopted", "the same bytes were on the NAS already, as " + stored.path.string()}};
    return Done{};
}

void NasArchive::keep_books(Run& run) {
    run.activity("writing index, checksums and capsules of the archive");
    auto index = archive_index::Index::open(archive_index::index_file(run.settings().state_directory(), *archive_));
    archive_index::Keeper{run.db(), *archive_, index}.keep_all(run.stop());
}

bool NasArchive::after_items(Run& run) {
    constexpr std::size_t most_files = 500;
    constexpr std::uint64_t most_bytes = 16ULL << 30;
    // A worker that died beside this one: what it held was done here, in a folder that was read before it died.
    archive_->remove_dead_temporaries();
    // One worker is enough, two would read the same files.
    const auto row = media_db::Runs(run.db()).run(run.id());
    if (!row || row->slot != 0) return false;
    const auto settle = run.settings().archive.settle;
    std::uint64_t bytes = 0;
    for (const auto& copy : media_db::Evidence(run.db()).nas_copies("read_back", run.now() - settle, most_files)) {
        if (run.stop_requested() || bytes >= most_bytes) break;
        const auto item = media_db::Catalogue(run.db()).item(copy.media);
        if (!item) continue;
        run.activity("reading copies on the NAS a second time");
        bytes += copy.size.count;
        const auto reason = archive::read_again(*archive_, run.db(), *item, copy, run.now(), settle, run.stop(), run.id());
        if (reason) run.failed(*reason);
    }
    keep_books(run);
    return false;
}

std::optional<std::string> NasArchive::rehearse(const MediaItem& item, Run& run) {
    if (!layout_) layout_.emplace(run.settings().archive.layout);
    return "would copy " + item.filename + " (" + to_text(item.size) + ") to " +
           (run.settings().archive.root / archive_place(run.db(), *layout_, item)).string() + " and read it back";
}

}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::NasArchive)
