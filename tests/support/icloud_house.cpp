// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/icloud_house.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/files/files.h"
#include "common/icloud/client.h"
#include "stages/house.h"

namespace mediaferry::test {
namespace {

MediaKind kind_of(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::live_movie:
        case ResourceKind::edited_movie: return MediaKind::video;
        case ResourceKind::alternative: return MediaKind::raw;
        case ResourceKind::sidecar: return MediaKind::sidecar;
        default: return MediaKind::photo;
    }
}

}  // namespace

IcloudHouse::IcloudHouse() {
    settings.icloud = apple.settings();
    settings.icloud.command = {"python3", std::string(SOURCE_ROOT) + "/tests/support/scripted_icloudpd.py"};
    settings.icloud.environment = {{"BRING", (dir / "bring").string()}, {"SAY", (dir / "say").string()}, {"PYTHONDONTWRITEBYTECODE", "1"}};
    fs::create_directories(dir / "bring");
    apple.seed_session();
}

std::size_t IcloudHouse::icloudpd_starts() const {
    const fs::path file = dir / "bring.starts";
    if (!fs::exists(file)) return 0;
    const auto text = read(file);
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

void IcloudHouse::census() {
    const SystemClock real;
    const auto lock = icloud::SessionLock::take(settings.icloud.cookie_directory);
    icloud::Client client{lock, settings.icloud, real};
    media_db::Catalogue catalogue{db()};
    const auto began = clock.now();
    const auto listing = client.list([&](const std::vector<icloud::Asset>& page) {
        std::vector<media_db::ListedAsset> listed;
        std::ranges::transform(page, std::back_inserter(listed), &icloud::Asset::listed);
        catalogue.see(settings.icloud.username, "PrimarySync", listed, began);
        return true;
    });
    media_db::Facts(db()).set("census", nlohmann::json{{"complete", listing.complete()}}.dump(), began);
}

void IcloudHouse::ready_for(MediaId id, std::string_view stage) {
    std::string_view before;
    for (const auto& step : stages::house()) {
        if (step.stage == stage) return done_up_to(id, before);
        before = step.stage;
    }
    throw std::logic_error("no such stage: " + std::string(stage));
}

void IcloudHouse::take_in_new(Photo& photo, const Contents& contents, std::string_view stage) {
    media_db::Catalogue catalogue{db()};
    const auto asset = row(photo);
    for (const auto& [kind_name, content] : contents) {
        const auto digests = files::digest_bytes(content);
        for (const auto& resource : catalogue.resources(photo.asset)) {
            if (to_text(resource.kind) != kind_name || resource.state == "taken") continue;
            if (resource.checksum != digests.apple_checksum) throw std::logic_error("the loopback lists other bytes for " + photo.key);
            media_db::NewMedia fresh;
            fresh.asset = photo.asset;
            fresh.resource = resource.id;
            fresh.filename = photo.key + (kind_name == "original" ? ".JPG" : "-" + kind_name + ".JPG");
            fresh.icloud_id = asset.record_name;
            fresh.resource_kind = resource.kind;
            fresh.kind = kind_of(resource.kind);
            fresh.sha256 = digests.sha256;
            fresh.apple_checksum = digests.apple_checksum;
            fresh.size = digests.size;
            fresh.taken = asset.taken;
            fresh.local_path = write(folder("compress") / "2024" / "05" / fresh.filename, content);
            fresh.fetched_by = "icloudpd";
            photo.files.push_back(catalogue.take_in(fresh, clock.now(), std::nullopt));
            ready_for(photo.files.back(), stage);
        }
    }
}

IcloudHouse::Photo IcloudHouse::arrived(const std::string& key, std::string_view stage, const Contents& given) {
    const auto contents = given.empty() ? Contents{{"original", "\xff\xd8\xff " + key + noise(5000, static_cast<unsigned>(key.size()))}} : given;
    const auto name = apple.add(key, contents);
    census();
    Photo photo{key, media_db::Catalogue(db()).asset_named(settings.icloud.username, "PrimarySync", name)->id, {}};
    take_in_new(photo, contents, stage);
    return photo;
}

bool IcloudHouse::happened(const Photo& photo, const std::string& what) {
    for (const auto id : photo.files)
        for (const auto& event : media_db::Events(db()).of(id))
            if (event.what == what) return true;
    return false;
}

}  // namespace mediaferry::test
