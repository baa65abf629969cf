// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_sync/pixel_sync.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/pipeline/working_name.h"
#include "common/syncthing/canary.h"
#include "common/syncthing/proof_now.h"
#include "stages/pixel_sync/outbox_name.h"

namespace mediaferry::stages {
namespace {

using media_db::Evidence;
using stage::Done;
using stage::Outcome;
using stage::Run;
using stage::Wait;

constexpr int kStageNumber = 2;

/// Beside the outbox and on its file system: what is half written inside the folder would be scanned and sent.
fs::path staging_directory(const config::Settings& settings) {
    const auto& outbox = settings.folders.pixel_sync;
    const auto same = [&](const fs::path& other) {
        const auto a = files::Tree::identity_of(outbox);
        const auto b = files::Tree::identity_of(other);
        return a && b && a->device == b->device;
    };
    for (const auto& parent : {settings.folders.root, outbox.parent_path()}) {
        if (!same(parent)) continue;
        const auto directory = parent / ".mediaferry-staging";
        MF_AROUND("pixel_sync.staging.mkdir", files::make_directories(directory));
        return directory;
    }
    throw NeedsPerson{"pixel.staging", "folders.pixel_sync (" + outbox.string() +
                                           ") is a mount of its own: let the Syncthing folder be a directory inside "
                                           "that mount, so that files can be prepared beside it and moved in whole"};
}

void add_copy(media_db::MediaDb& db, const MediaItem& item, const std::string& name, const std::string& how, const std::string& receipt, RunId run,
              Timestamp now) {
    media_db::Copy copy;
    copy.media = item.id;
    copy.place = Place::pixel;
    copy.path = name;
    copy.sha256 = item.sha256;
    copy.size = item.size;
    copy.proof = "staged";
    copy.written = now;
    copy.receipt = receipt;
    Evidence{db}.add(copy);
    media_db::Event event;
    event.at = now;
    event.media = item.id;
    event.asset = item.asset;
    event.run = run;
    event.stage = "pixel_sync";
    event.what = "staged";
    event.detail = nlohmann::json{{"name", name}, {"how", how}}.dump();
    media_db::Events{db}.add(event);
}

}  // namespace

bool PixelSync::is_sent(const MediaItem& item) const { return std::ranges::find(settings_.pixel.kinds, item.kind) != settings_.pixel.kinds.end(); }

Reason PixelSync::full(const Evidence::Load& load) const {
    return {"pixel.batch_full", "the phone's batch is full: " + std::to_string(load.files) + " files (" + to_text(load.bytes) +
                                    ") are on their way (pixel.batch_files, pixel.batch_bytes)"};
}

bool PixelSync::is_full(const Evidence::Load& load) const {
    return load.files >= settings_.pixel.batch_files || (load.files > 0 && load.bytes >= settings_.pixel.batch_bytes);
}

Outcome PixelSync::begin(Run& run) {
    road_.emplace(settings_);
    road_->check();
    syncthing::ensure_canary(run.db(), *road_, run.now());
    in_outbox_.clear();
    for (const auto& entry : fs::directory_iterator(road_->outbox())) in_outbox_.push_back(entry.path().filename().string());
    std::ranges::sort(in_outbox_);
    const auto load = Evidence{run.db()}.pixel_undelivered();
    full_ = is_full(load);
    if (full_) return Wait{full(load)};
    return Done{};
}

bool PixelSync::wants_more(Run& run) { return !full_ && !is_full(Evidence{run.db()}.pixel_undelivered()); }

bool PixelSync::after_items(Run& run) {
    const auto load = Evidence{run.db()}.pixel_undelivered();
    if (full_ || is_full(load)) run.tell("pixel_sync: " + full(load).text);
    return false;
}

/// True: nothing is to be sent. False for a file never sent, and for one that was deleted or changed on the phone before that could count: such a
/// file gets here again only when somebody asked for it (redo), and is sent under a new name.
bool PixelSync::on_its_way(const MediaItem& item, Run& run) {
    const auto pixel = syncthing::pixel_copy(run.db(), item.id);
    if (!pixel || pixel->copy.sha256 != item.sha256) return false;
    if (pixel->copy.proof == "freed" || pixel->receipt.kept) return true;
    const auto answer = road_->ask(pixel->receipt.name);
    const bool deleted = answer && answer->global.deleted;
    const bool changed = answer && answer->local.present() && !deleted && answer->global.version != answer->local.version;
    const auto disk = road_->on_disk(pixel->receipt.name);
    if (disk && disk->size == pixel->receipt.size && disk->modified == pixel->receipt.modified && !deleted && !changed) return true;
    // What the phone has under the old name stays as it is, also its edit: only a file that it deleted itself is taken out here.
    if (deleted && disk) MF_AROUND("pixel_sync.outbox.remove", files::remove_file(road_->outbox() / pixel->receipt.name));
    run.with_outcome([id = pixel->copy.id, now = run.now()](media_db::MediaDb& db) { Evidence{db}.removed(id, now); });
    return false;
}

/// A file in the outbox that no row knows and that is exactly this one: put there by a run that died before it could say so.
std::optional<std::string> PixelSync::stray(const MediaItem& item, const std::string& name, Run& run) {
    for (const auto& found : in_outbox_) {
        if (found != name && pipeline::own_name(found) != name) continue;
        if (Evidence{run.db()}.pixel_name_used(found)) continue;
        const auto disk = road_->on_disk(found);
        if (disk && disk->size == item.size && files::digest_file(road_->outbox() / found).sha256 == item.sha256) return found;
    }
    return std::nullopt;
}

bool PixelSync::is_used(const std::string& name, const MediaItem& item, Run& run) {
    const auto full_name = settings_.workflow.prefix_names ? pipeline::working_name(kStageNumber, "pixel_sync", run.now(), name) : name;
    if (Evidence{run.db()}.pixel_name_used(full_name)) return true;
    if (stray(item, name, run)) return false;
    // Also what only Syncthing remembers counts: a name deleted on the phone would never be sent again (facts/syncthing.md D.4).
    return files::status_of(road_->outbox() / full_name) || road_->ask(full_name).has_value();
}

std::string PixelSync::receipt(const MediaItem& item, const std::string& name) const {
    const auto disk = road_->on_disk(name);
    if (!disk) throw TransientError{"pixel.outbox_missing", name + " vanished from the outbox while it was put there"};
    syncthing::Receipt staged;
    staged.folder = road_->folder();
    staged.name = name;
    staged.size = disk->size;
    staged.modified = disk->modified;
    staged.sha256 = to_hex(item.sha256);
    return syncthing::to_json(staged);
}

PixelSync::Staged PixelSync::stage_file(const MediaItem& item, const std::string& name, Run& run) {
    if (const auto found = stray(item, name, run)) return {*found, "adopted", receipt(item, *found)};
    const auto final_name = settings_.workflow.prefix_names ? pipeline::working_name(kStageNumber, "pixel_sync", run.now(), name) : name;
    const auto directory = staging_directory(settings_);
    const auto prepared = directory / final_name;
    MF_AROUND("pixel_sync.staging.remove_old", files::remove_file(prepared));  // left by a run that died
    // A link has its time in common with the original, and whatever else that file is called. One that does not have the capture date any more was
    // touched by somebody: it is copied, so that nothing of theirs is changed.
    const auto original = files::status_of(*item.local_path);
    const bool as_taken_in = original && original->st_mtim.tv_sec == item.taken.time_since_epoch().count();
    const bool may_link = road_->check().may_link && as_taken_in;
    const auto how = MF_AROUND("pixel_sync.staging.share", files::share_file(*item.local_path, prepared, may_link));
    try {
        // Google Photos sorts by it where the metadata has no date; changed later it would be a second upload.
        if (how != "link") MF_AROUND("pixel_sync.staging.set_time", files::set_modified(prepared, item.taken));
        if (files::digest_file(prepared).sha256 != item.sha256)
            throw NeedsPerson{"pixel.original_changed", "the local original " + item.local_path->string() + " is no longer what was downloaded"};
        MF_AROUND("pixel_sync.outbox.move_in", files::move_file(prepared, road_->outbox() / final_name));
    } catch (...) {
        boost::system::error_code ignored;
        fs::remove(prepared, ignored);
        throw;
    }
    return {final_name, how, receipt(item, final_name)};
}

Outcome PixelSync::process_asset(const std::vector<MediaItem>& items, Run& run) {
    std::vector<MediaItem> sent, files;
    std::ranges::copy_if(items, std::back_inserter(sent), [&](const auto& item) { return is_sent(item); });
    if (sent.empty()) return Done{Reason{"pixel.kind_not_sent", "files of this kind are not sent to the phone (pixel.kinds)"}};
    std::ranges::copy_if(sent, std::back_inserter(files), [&](const auto& item) { return !on_its_way(item, run); });
    if (files.empty()) return Done{};

    Bytes bytes;
    for (const auto& file : files) {
        if (!file.local_path)
            throw NeedsPerson{"pixel.no_original", "the local original of " + file.filename + " is gone, it cannot be sent to the phone"};
        bytes += file.size;
    }
    const auto load = Evidence{run.db()}.pixel_undelivered();
    const bool fits =
        load.files + static_cast<std::int64_t>(files.size()) <= settings_.pixel.batch_files && load.bytes + bytes <= settings_.pixel.batch_bytes;
    if (!fits && load.files > 0) {  // an asset larger than any batch goes alone
        full_ = true;
        return Wait{full(load)};
    }

    const auto all = files.front().asset ? media_db::Catalogue{run.db()}.items_of(*files.front().asset) : files;
    const auto names = outbox_names(files, all, [&](const std::string& name, const MediaItem& file) { return is_used(name, file, run); });
    std::vector<std::string> scanned;
    for (std::size_t at = 0; at < files.size(); ++at) {
        const auto staged = stage_file(files[at], names[at], run);
        run.with_outcome([file = files[at], staged, id = run.id(), now = run.now()](media_db::MediaDb& db) {
            add_copy(db, file, staged.name, staged.how, staged.receipt, id, now);
        });
        run.moved(files[at].size);
        scanned.push_back(staged.name);
    }
    road_->scan(scanned);
    if (sent.size() < items.size())
        return Done{Reason{"pixel.kind_not_sent", "some of its files are of a kind that is not sent to the phone (pixel.kinds)"}};
    return Done{};
}

std::optional<std::string> PixelSync::rehearse(const MediaItem& item, Run& run) {
    if (!is_sent(item)) return item.filename + ": would not be sent, its kind is not in pixel.kinds";
    const auto all = item.asset ? media_db::Catalogue{run.db()}.items_of(*item.asset) : std::vector{item};
    const auto names = outbox_names({item}, all, [&](const std::string& name, const MediaItem&) { return Evidence{run.db()}.pixel_name_used(name); });
    return item.filename + ": would be put into the outbox as " + names.front();
}

}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::PixelSync)
