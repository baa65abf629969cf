// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/house.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "common/files/files.h"
#include "daemon/house_rows.h"
#include "stages/house.h"

namespace mediaferry::test {

House::House() {
    const auto root = dir / "media";
    settings.file = dir / "mediaferry.yaml";
    settings.database = dir / "db" / "media.db";
    settings.folders.root = root;
    for (const auto& [name, where] : {std::pair{"incoming", &settings.folders.incoming},
                                      {"backup", &settings.folders.backup},
                                      {"pixel_sync", &settings.folders.pixel_sync},
                                      {"compress", &settings.folders.compress},
                                      {"library", &settings.folders.library},
                                      {"delete_pending", &settings.folders.delete_pending},
                                      {"trash", &settings.folders.trash}}) {
        *where = root / name;
        fs::create_directories(*where);
    }
    fs::create_directories(settings.database.parent_path());
    fs::create_directories(nas());
    settings.archive.root = nas();
    settings.icloud.username = "jdoe@example.com";
    settings.icloud.cookie_directory = dir / "icloud";
    settings.icloud_delete.enabled = true;
    settings.compress.idle = false;  // tests are not what a machine does when it has nothing else to do
}

media_db::MediaDb& House::db() {
    if (!db_) {
        db_ = media_db::MediaDb::open(settings.database);
        media_db::Conveyor(*db_).set_house(daemon::house_rows(settings));
        daemon::keep_within_its_folders(settings);
    }
    return *db_;
}

AssetId House::asset(const std::string& record_name, const std::string& filename, Timestamp taken) {
    media_db::Catalogue catalogue{db()};
    catalogue.see(settings.icloud.username, "PrimarySync", {{record_name, "M" + record_name, "tag1", filename, taken, taken, false, false, {}}},
                  clock.now());
    return catalogue.asset_named(settings.icloud.username, "PrimarySync", record_name)->id;
}

MediaId House::downloaded(const std::string& name, const Sample& sample) {
    media_db::Catalogue catalogue{db()};
    const auto owner = sample.asset.value_or(AssetId{0});
    const auto id = sample.asset ? owner : asset("ASSET-" + std::to_string(++assets_made_), name, sample.taken);
    const auto digests = files::digest_bytes(sample.content);

    const auto asset_row = *catalogue.asset(id);
    media_db::ListedAsset listed{
        asset_row.record_name, asset_row.master_name, asset_row.change_tag, asset_row.filename, asset_row.taken, asset_row.added, false, false, {}};
    for (const auto& resource : catalogue.resources(id))
        listed.resources.push_back({resource.kind, resource.checksum, resource.size, resource.file_type});
    listed.resources.push_back({sample.resource, digests.apple_checksum, digests.size, ""});
    catalogue.see(asset_row.account, asset_row.library, {listed}, clock.now());
    const auto resources = catalogue.resources(id);
    const auto resource =
        std::ranges::find_if(resources, [&](const auto& one) { return one.kind == sample.resource && one.checksum == digests.apple_checksum; });

    auto path = folder(sample.folder) / name;
    path = files::free_name(path, [](const fs::path& taken) { return fs::exists(taken); });
    write(path, sample.content);
    fs::last_write_time(path, static_cast<std::time_t>(sample.taken.time_since_epoch().count()));
    media_db::NewMedia fresh;
    fresh.asset = id;
    fresh.resource = resource->id;
    fresh.filename = name;
    fresh.icloud_id = asset_row.record_name;
    fresh.resource_kind = sample.resource;
    fresh.kind = sample.kind;
    fresh.live_pair = sample.live_pair;
    fresh.sha256 = digests.sha256;
    fresh.apple_checksum = digests.apple_checksum;
    fresh.size = digests.size;
    fresh.taken = sample.taken;
    fresh.local_path = path;
    fresh.fetched_by = "icloudpd";
    return catalogue.take_in(fresh, clock.now(), std::nullopt);
}

void House::done_up_to(MediaId id, std::string_view stage) {
    media_db::Conveyor conveyor{db()};
    media_db::Runs runs{db()};
    for (const auto& step : stages::house()) {
        if (!step.has_rows) break;
        if (status(id, step.stage) != pipeline::StepStatus::done) {
            const auto run = runs.begin(step.stage, 0, ::getpid(), std::nullopt, clock.now());
            if (const auto claim = conveyor.claim_item(step.stage, id, run, clock.now())) {
                media_db::Transaction transaction{db()};
                conveyor.record(*claim, {}, run, clock.now());
                transaction.commit();
            }
            runs.end(run, 0, std::nullopt, clock.now());
        }
        if (step.stage == stage) return;
    }
    throw std::logic_error("no such stage: " + std::string(stage));
}

stage::WorkResult House::run(stage::Stage& room, std::string_view stage_name, const stage::WorkOptions& options) {
    const auto* step = stages::find_stage(stage_name);
    if (step == nullptr) throw std::logic_error("no such stage: " + std::string(stage_name));
    media_db::Runs runs{db()};
    const auto id = runs.begin(stage_name, 0, ::getpid(), std::nullopt, clock.now());
    const auto scratch = dir / "scratch" / std::to_string(id.value);
    fs::create_directories(scratch);
    stage::Run run{db(), settings, clock, id, scratch, [this] { return stop; }};
    const auto result = stage::work(room, *step, run, options);
    runs.end(id, result.exit_code, result.reason, clock.now());
    told_ = run.told();
    progress_ = run.progress();
    fs::remove_all(scratch);
    return result;
}

media_db::MediaItem House::item(MediaId id) { return media_db::Catalogue(db()).item(id).value(); }

media_db::StepRow House::step(MediaId id, std::string_view stage) {
    for (const auto& row : media_db::Conveyor(db()).steps(id))
        if (row.stage == stage) return row;
    throw std::logic_error("no step row: " + std::string(stage));
}

std::string House::reason(MediaId id, std::string_view stage) {
    const auto row = step(id, stage);
    return row.reason ? row.reason->code : "";
}

std::optional<media_db::Copy> House::copy(MediaId id, Place place) { return media_db::Evidence(db()).current(id, place); }

}  // namespace mediaferry::test
