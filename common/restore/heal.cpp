// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/restore/heal.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/archive/receipt.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::restore {
namespace {

using media_db::MediaItem;

media_db::Copy new_nas_copy(const MediaItem& item, const archive::Archive& archive, const archive::Stored& stored, Timestamp now) {
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
    return copy;
}

/// A folder that is not there is far more likely not mounted than lost: nothing is written in its place.
void its_folder_is_there(const fs::path& path) {
    if (fs::is_directory(path.parent_path())) return;
    throw NeedsPerson{"heal.unmounted",
                      "no folder " + path.parent_path().string() + ": is its disk mounted? If it is lost for good, make the folder again"};
}

}  // namespace

Healer::Healer(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, archive::Archive& archive, Sources& sources, RunId run,
               archive::Stop stop)
    : db_(db), settings_(settings), clock_(clock), archive_(archive), sources_(sources), run_(run), stop_(std::move(stop)) {}

Proven Healer::source_of(const MediaItem& item, const std::vector<From>& order) {
    std::string why;
    if (auto found = sources_.find(item, order, &why)) return std::move(*found);
    throw NeedsPerson{"heal.no_source",
                      "no proven copy of " + item.filename + " is left to heal it from (" + why +
                          "). Nothing was touched. If you have the file elsewhere, put it back as the original and release the item"};
}

void Healer::tell(const MediaItem& item, std::string_view place, const Healed& healed) {
    nlohmann::ordered_json detail{{"place", place}, {"path", healed.path.string()}, {"from", healed.from}};
    if (healed.aside) detail["set_aside"] = healed.aside->string();
    media_db::Events(db_).add({0, clock_.now(), item.id, item.asset, run_, "nas_archive", "healed", detail.dump()});
    log::warning("damaged copy healed", {{"MEDIA_ID", item.id.value}, {"PLACE", place}, {"PATH", healed.path.string()}, {"FROM", healed.from}});
}

/// Only what is certainly not the item's content is moved, and only where no living copy of another file lies.
std::optional<fs::path> Healer::set_nas_copy_aside(const MediaItem& item, const fs::path& path) {
    if (!media_db::Evidence{db_}.at_path(Place::nas, path).empty()) return std::nullopt;
    using Reading = archive::Archive::Reading;
    if (archive_.reread(path, item.sha256, stop_).reading != Reading::different) return std::nullopt;
    if (archive_.reread(path, item.sha256, stop_).reading != Reading::different) return std::nullopt;
    return MF_AROUND("heal.nas.set_aside", archive_.set_damaged_aside(path, clock_.now()));
}

Healed Healer::nas_copy(const MediaItem& item, const fs::path& path) {
    media_db::Conveyor conveyor{db_};
    const auto claim = conveyor.claim_item("nas_archive", item.id, run_, clock_.now());
    if (!claim) throw TransientError{"heal.busy", item.filename + " is being archived by another run, or its turn has not come"};
    try {
        // The NAS too: another photo of the same bytes may have a copy of its own there.
        const auto good = source_of(item, {From::local, From::library, From::outbox, From::nas, From::icloud});
        Healed healed{path, std::string(to_text(good.from)), set_nas_copy_aside(item, path)};
        archive::Incoming file;
        file.source = good.file.get();
        file.wanted = path;
        file.sha256 = item.sha256;
        file.size = item.size;
        file.modified = item.taken;
        const auto stored = MF_AROUND("heal.nas.store", archive_.store(file, stop_));
        healed.path = stored.path;
        const auto now = clock_.now();
        media_db::Transaction transaction{db_, MF_COMMIT("heal.nas")};
        media_db::Evidence(db_).add(new_nas_copy(item, archive_, stored, now));
        media_db::Catalogue(db_).set_flags(item.id, std::nullopt, true, std::nullopt, std::nullopt, now);
        tell(item, "nas", healed);
        conveyor.record(*claim, {media_db::Verdict::Kind::finished, {"nas.healed", "made again from " + healed.from}, now, false}, run_, now);
        transaction.commit();
        return healed;
    } catch (...) {
        conveyor.put_back(run_);
        throw;
    }
}

/// folders.trash/damaged/<when>/NAME: cleanup empties it after its days.
std::optional<fs::path> Healer::set_aside(const fs::path& path, const Reason& reason) {
    const auto there = fs::symlink_status(path).type();
    if (there == fs::file_not_found) return std::nullopt;
    if (there != fs::regular_file) throw NeedsPerson{"heal.no_file", path.string() + " is no regular file; look what it is and move it away"};
    const auto folder = settings_.folders.trash / "damaged" / to_compact(clock_.now());
    files::make_directories(folder);
    const auto aside = files::free_name(folder / path.filename(), [](const fs::path& name) { return fs::exists(fs::symlink_status(name)); });
    const auto digests = files::digest_file(path);
    MF_AROUND("heal.home.set_aside", files::move_file(path, aside));
    media_db::Catalogue(db_).add_set_aside(path, aside, digests.size, to_hex(digests.sha256), reason, clock_.now());
    return aside;
}

/// Written under a temporary name beside its place, complete and fsynced, then renamed; what lies there meanwhile is not overwritten.
void Healer::put_in_place(const MediaItem& item, const Proven& good, const fs::path& path) {
    const auto tree = files::Tree::open(path.parent_path());
    const fs::path part = files::temporary_name();
    const auto copied = files::copy_in(good.file.get(), tree, part, item.taken, stop_, {}, files::Checksums::with_apple);
    if (!is_content_of(copied, item)) {
        tree.remove(part);
        throw TransientError{"heal.source_changed", std::string(to_text(good.from)) + " changed while " + item.filename + " was copied from it"};
    }
    MF_AROUND("heal.home.rename", tree.rename_new(part, path.filename()));
    MF_AROUND("heal.home.fsync_folder", tree.sync_directory(""));
}

Healed Healer::original(const MediaItem& item) {
    const auto& path = item.local_path.value();
    its_folder_is_there(path);
    const auto good = source_of(item, {From::nas, From::library, From::outbox, From::icloud});
    Healed healed{path, std::string(to_text(good.from)), set_aside(path, {"local.damaged", "the original was not what arrived any more"})};
    put_in_place(item, good, path);
    tell(item, "local", healed);
    return healed;
}

Healed Healer::small_copy(const MediaItem& item, const media_db::Copy& copy) {
    const auto path = settings_.folders.library / copy.path;
    its_folder_is_there(path);
    const Reason reason{"library.damaged", "the copy in the library was not what was made any more"};
    const auto good = source_of(item, {From::nas, From::local, From::outbox, From::icloud});
    if (copy.sha256 == item.sha256) {
        Healed healed{path, std::string(to_text(good.from)), set_aside(path, reason)};
        put_in_place(item, good, path);
        tell(item, "library", healed);
        return healed;
    }
    Healed healed{path, "compress, at its next run", set_aside(path, reason)};
    media_db::Transaction transaction{db_, MF_COMMIT("heal.small_copy")};
    media_db::Evidence(db_).removed(copy.id, clock_.now());
    media_db::Conveyor conveyor{db_};
    for (const auto& step : conveyor.steps(item.id))
        if (step.stage == "compress" && step.status == pipeline::StepStatus::done) conveyor.reopen(item.id, "compress", reason, run_, clock_.now());
    tell(item, "library", healed);
    transaction.commit();
    return healed;
}

}  // namespace mediaferry::restore
