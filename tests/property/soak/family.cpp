// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/soak/family.h"

#include <algorithm>
#include <ctime>

#include "common/archive/archive.h"
#include "common/errors/errors.h"
#include "common/icloud/session.h"
#include "common/media_db/runs.h"
#include "daemon/stage_module.h"
#include "stages/house.h"
#include "tests/property/lying_icloud/digests.h"

namespace mediaferry::soak {

using namespace std::chrono_literals;
using lying::Deed;
using lying::TrueAsset;

namespace {

constexpr auto kDay = 24h;
constexpr auto kRecentlyDeleted = 30 * kDay;

/// Our own client fetches everything: what icloudpd brings, and how, is lying_icloud's.
constexpr auto kIcloudpd = R"(#!/bin/sh
# STANDS IN FOR ICLOUDPD: brings nothing.
echo "2025-01-01 00:00:00 INFO     All photos and videos have been downloaded"
)";

}  // namespace

Family::Family(lying::Port& port, const Wanted& wanted)
    : port_(port),
      wanted_(wanted),
      draw_(wanted.seed ^ 0x50ac),
      phone_((house_.clock.set(wanted.begin), house_.settings.folders.pixel_sync), house_.clock) {
    furnish();
    apple_.page = 200;
    apple_.on_deed = [this](const Deed& deed) { deletion(deed); };
    apple_.change = [](std::uint32_t) {};
    apple_.unfile = [](std::uint32_t) {};
    port.listen([this](const lying::Asked& asked) {
        ++requests_;
        if (stop_in_ > 0 && --stop_in_ == 0) house_.stop = true;
        return apple_.answer(asked);
    });
}

Family::~Family() { port_.listen({}); }

void Family::furnish() {
    auto& settings = house_.settings;
    settings.icloud.proxy = port_.proxy();
    settings.icloud.ca_file = port_.ca();
    settings.icloud.password = {true, "correct horse battery", "a test"};
    settings.icloud.command = {"/bin/sh", test::write(house_.dir / "icloudpd", kIcloudpd).string()};
    settings.syncthing.api_url = phone_.url();
    settings.syncthing.api_key = {true, "a key", "a test"};
    settings.syncthing.timeout = 0s;
    fs::create_directories(settings.folders.pixel_sync / ".stfolder");
    settings.pixel.batch_files = 1000;
    settings.compress.tiers = config::default_tiers();
    for (auto& tier : settings.compress.tiers) tier.photo.keep = tier.video.keep = true;  // codecs have campaigns of their own
    auto& rules = settings.icloud_delete;
    rules.require = {"nas", "google"};
    rules.google_proof = config::PixelProof::freed;
    rules.approval = config::ICloudDelete::Approval::manual;
    rules.keep_days = 30;
    rules.max_share_percent = 60;
    archive::Archive::initialise(settings.archive, house_.clock.now());
    const auto name = icloud::session_name(settings.icloud.username);
    test::write(settings.icloud.cookie_directory / name,
                "#LWP-Cookies-2.0\nSet-Cookie3: X-APPLE-WEBAUTH-TOKEN=\"\\\"v=2:t=seeded\\\"\"; path=\"/\"; domain=\".icloud.com\"; path_spec; "
                "domain_dot; secure; expires=\"2099-12-31 00:00:00Z\"; HttpOnly=None; version=0\n");
    test::write(settings.icloud.cookie_directory / (name + ".session"),
                R"({"client_id":"auth-1","account_country":"USA","session_id":"S","scnt":"s","session_token":"st","trust_token":"tt"})");
}

void Family::wrong(const std::string& what) { violations.push_back(to_iso(house_.clock.now()) + " (night " + std::to_string(night_) + "): " + what); }

// ---- a day -----------------------------------------------------------------------------------------------------------------

void Family::photo_comes() {
    TrueAsset fresh;
    const auto number = ++made_;
    fresh.name = "ASSET-" + std::to_string(number);
    fresh.filename = "IMG_" + std::to_string(number % 10'000) + ".JPG";  // cameras count anew
    fresh.taken_ms = fresh.added_ms = (static_cast<std::int64_t>(house_.clock.now().time_since_epoch().count()) - draw_.below(80'000)) * 1000;
    auto& library = apple_.library;
    const auto photo = [&] { return "\xff\xd8\xff" + draw_.bytes(500 + draw_.below(1500)); };
    library.put(fresh.on_master, "resOriginal", photo());
    const std::string movie = std::string(
        "\0\0\0\x14"
        "ftypqt  ",
        12);
    const auto kind = draw_.below(12);
    if (kind == 0) library.put(fresh.on_master, "resOriginalVidCompl", movie + draw_.bytes(900));
    if (kind == 1) library.put(fresh.on_master, "resOriginalAlt", std::string("II*\0", 4) + draw_.bytes(1200));
    if (kind == 2) library.put(fresh.on_asset, "resJPEGFull", photo());
    if (kind == 3) library.put(fresh.on_master, "resSidecar", "<plist>" + std::to_string(number) + "</plist>");
    fresh.master = fresh.on_master.begin()->second.checksum;
    library.touch(fresh);
    library.assets.push_back(std::move(fresh));
}

TrueAsset* Family::some_live() {
    std::vector<TrueAsset*> live;
    for (auto& asset : apple_.library.assets)
        if (!asset.deleted && !asset.hidden) live.push_back(&asset);
    return live.empty() ? nullptr : live[draw_.below(static_cast<std::uint32_t>(live.size()))];
}

void Family::people() {
    auto& library = apple_.library;
    const auto now_and_then = [&](std::uint32_t nights, auto&& work) {
        if (auto* asset = draw_.one_in(nights) ? some_live() : nullptr) work(*asset);
    };
    now_and_then(20, [&](TrueAsset& asset) { library.put(asset.on_asset, "resJPEGFull", "\xff\xd8\xff" + draw_.bytes(700)), library.touch(asset); });
    now_and_then(15, [&](TrueAsset& asset) { library.touch(asset); });  // a favourite
    now_and_then(40, [&](TrueAsset& asset) { asset.deleted = true, library.touch(asset); });
    now_and_then(60, [&](TrueAsset& asset) { asset.hidden = true, library.touch(asset); });
    now_and_then(60, [&](TrueAsset& asset) {  // a veto
        for (auto& album : library.albums) album.members.erase(asset.name);
    });
    if (draw_.one_in(30))
        for (auto& asset : library.assets)
            if (asset.hidden) asset.hidden = false, library.touch(asset);
}

/// What fails this night, for a person; nullopt: nothing.
std::optional<std::string> Family::fault() {
    if (!draw_.one_in(static_cast<std::uint32_t>(wanted_.fault_every))) return std::nullopt;
    ++faults_;
    switch (draw_.below(8)) {
        case 0: {
            fs::rename(house_.nas(), house_.dir / "nas.away");
            fs::create_directories(house_.nas());
            nas_is_away_ = true;
            return "the NAS is away";
        }
        case 1: phone_.connected = false; return "the phone is away";
        case 2: stop_in_ = 1 + static_cast<int>(draw_.below(20)); return "a run is stopped";
        default: break;
    }
    const std::string lie{lying::kLies[draw_.below(std::size(lying::kLies))]};
    apple_.lies.push_back({lie, static_cast<int>(draw_.below(5)), 1 + static_cast<int>(draw_.below(4)), draw_.below(1000)});
    return "iCloud: " + lie;
}

void Family::all_is_well_again() {
    apple_.lies.clear();
    phone_.connected = true;
    stop_in_ = 0;
    if (!nas_is_away_) return;
    for (fs::recursive_directory_iterator at{house_.nas()}, end; at != end; ++at)
        wrong("written to a place that is not the archive: " + at->path().string());
    fs::remove_all(house_.nas());
    fs::rename(house_.dir / "nas.away", house_.nas());
    nas_is_away_ = false;
}

void Family::stages() {
    const auto began = std::clock();
    for (const auto& step : stages::house()) {
        apple_.stage = step.stage;
        house_.stop = false;
        const auto room = daemon::load_stage(step.stage, house_.settings);
        const auto result = house_.run(*room, step.stage);
        ++stage_runs_;
        if (result.exit_code == 70) wrong(std::string(step.stage) + " ended with 70" + (result.reason ? ": " + result.reason->text : ""));
        if (step.stage == "nas_archive" && !nas_is_away_) see_nas();
    }
    apple_.stage.clear();
    seconds_ += static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
}

void Family::night(bool still) {
    ++night_;
    ++nights_looked_;
    const auto faulty = still ? std::nullopt : fault();
    if (!still) {
        for (int i = 0; i < 4 * wanted_.days; ++i)
            if (static_cast<int>(draw_.below(365 * 4)) < wanted_.photos_a_year) photo_comes();
        people();
    }
    house_.clock.advance(12h);
    try {
        stages();
    } catch (const std::exception& error) {
        wrong(std::string{"it threw: "} + error.what() + (faulty ? " (" + *faulty + ")" : ""));
    }
    all_is_well_again();
    house_.clock.advance(12h + (wanted_.days - 1) * kDay);
    if (night_ % 2 == 0) phone_.free_up_space(72h);
    if (night_ % 3 == 0) approve();
    after_the_night();
}

void Family::approve() {
    media_db::Plans plans{house_.db()};
    const auto plan = plans.open_plan("proposed");
    if (!plan) return;
    plans.approve(plan->id, "a person", house_.clock.now());
    for (const auto& item : plan->items)
        if (const auto row = media_db::Catalogue(house_.db()).asset(item.asset)) approved_.insert(row->record_name + " " + item.change_tag);
}

/// Apple forgets what has been in Recently Deleted for thirty days, Syncthing what is gone for long.
void Family::after_the_night() {
    for (const auto& asset : apple_.library.assets)
        if (asset.deleted) deleted_.try_emplace(asset.name, house_.clock.now());
    for (auto at = deleted_.begin(); at != deleted_.end();) {
        if (at->second + kRecentlyDeleted > house_.clock.now()) {
            ++at;
            continue;
        }
        apple_.purge(at->first);
        at = deleted_.erase(at);
    }
    phone_.forget_gone(120 * kDay);
}

// ---- what is true ----------------------------------------------------------------------------------------------------------

void Family::see_nas() {
    for (fs::recursive_directory_iterator at{house_.nas()}, end; at != end; ++at) {
        if (at->path().filename().string().starts_with(".")) {
            at.disable_recursion_pending();
            continue;
        }
        if (!fs::is_regular_file(at->symlink_status()) || !seen_.insert(at->path()).second) continue;
        on_nas_.try_emplace(lying::sha256_hex(lying::bytes_of(at->path()).value_or("")), at->path(), house_.clock.now());
    }
}

void Family::deletion(const Deed& deed) {
    ++deletions_;
    const auto& asset = deed.asset;
    const auto no = [&](const std::string& why) { wrong("deleted " + asset.name + " though " + why); };
    if (deed.stage != "icloud_delete") no("the stage was " + deed.stage);
    if (asset.deleted || asset.hidden) no("it is deleted already, or hidden");
    if (!apple_.library.in_album(apple_.album, asset.name)) no("it is not in the album");
    if (!approved_.contains(asset.name + " " + asset.tag)) no("nobody approved it as it is");
    if (Timestamp{std::chrono::seconds{asset.added_ms / 1000}} + 30 * kDay > house_.clock.now()) no("it is to be kept for thirty days");
    for (const auto* file : asset.files()) {
        const auto there = on_nas_.find(file->sha256);
        if (there == on_nas_.end() || lying::sha256_hex(lying::bytes_of(there->second.first).value_or("")) != file->sha256)
            no("a file of it is not on the NAS");
        else if (there->second.second + house_.settings.archive.settle > house_.clock.now())
            no("a file of it has not settled on the NAS");
        if (!file->bytes.starts_with("<plist>") && !phone_.freed(file->sha256)) no("a file of it is not at Google");
    }
}

}  // namespace mediaferry::soak
