#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the media_db tests share: a database in a folder of its own, the house of the product, files to take in.

#include <catch2/catch.hpp>

#include "common/media_db/catalogue.h"
#include "common/media_db/connection.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "common/media_db/runs.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace mediaferry::media_db {

/// The stage table with all stages on; `off` names one that is switched off and passed over.
inline House house(const std::string& off = "") {
    House rows{{"icloud_download", {}, "downloaded", true},
               {"pixel_sync", {"icloud_download"}, "pixel_sync_ready", true},
               {"pixel_verify", {"pixel_sync"}, "pixel_verified", true},
               {"nas_archive", {"icloud_download"}, "nas_archived", true},
               {"processing", {"nas_archive", "pixel_verify"}, "processing_ready", true},
               {"compress", {"processing"}, "compressed", true},
               {"icloud_mark", {"compress"}, "icloud_delete_ready", true},
               {"icloud_delete", {"icloud_mark"}, "completed", true}};
    if (off == "nas_archive") {
        rows[3].enabled = false;
        rows[4].after = {"icloud_download", "pixel_verify"};
    }
    return rows;
}

struct World {
    test::TempDir dir;
    test::ManualClock clock;
    MediaDb db = MediaDb::open(dir / "media.db");
    Catalogue catalogue{db};
    Conveyor conveyor{db};
    Evidence evidence{db};
    Events events{db};
    RunId run{1};
    int files = 0;

    World() { conveyor.set_house(house()); }

    Timestamp now() const { return clock.now(); }

    NewMedia file(const std::string& name, std::optional<AssetId> asset = {}) {
        ++files;
        NewMedia media;
        media.asset = asset;
        media.filename = name;
        media.icloud_id = "record-" + std::to_string(files);
        media.sha256.bytes[0] = static_cast<std::uint8_t>(files);
        media.sha256.bytes[1] = static_cast<std::uint8_t>(files >> 8);
        media.apple_checksum = "apple-" + std::to_string(files);
        media.size = {1000};
        media.taken = Timestamp{std::chrono::seconds{1700000000 + files}};
        media.local_path = dir / "backup" / name;
        media.fetched_by = "icloudpd";
        return media;
    }
    MediaId downloaded(const std::string& name, std::optional<AssetId> asset = {}) { return catalogue.take_in(file(name, asset), now(), run); }

    /// An asset that iCloud lists with these resources (checksums).
    AssetId listed(const std::string& record, const std::vector<std::string>& checksums = {"c1"}, const std::string& tag = "t1") {
        catalogue.see("me@example.com", "PrimarySync", {seen(record, checksums, tag)}, now());
        return catalogue.asset_named("me@example.com", "PrimarySync", record)->id;
    }
    ListedAsset seen(const std::string& record, const std::vector<std::string>& checksums, const std::string& tag = "t1") const {
        ListedAsset asset;
        asset.record_name = record;
        asset.master_name = "M" + record;
        asset.change_tag = tag;
        asset.filename = record + ".HEIC";
        asset.taken = Timestamp{std::chrono::seconds{1700000000}};
        asset.added = asset.taken;
        for (std::size_t i = 0; i < checksums.size(); ++i)
            asset.resources.push_back({i == 0 ? ResourceKind::original : ResourceKind::live_movie, checksums[i], {10}, "public.heic"});
        return asset;
    }

    StepRow step(MediaId media, const std::string& stage) {
        for (const auto& row : conveyor.steps(media))
            if (row.stage == stage) return row;
        throw std::runtime_error("no step " + stage);
    }
    std::string status(MediaId media) { return catalogue.item(media)->status; }

    /// Claims this one item and ends it so.
    void end(MediaId media, const std::string& stage, const Verdict& verdict) {
        const auto claim = conveyor.claim_item(stage, media, run, now());
        REQUIRE(claim);
        conveyor.record(*claim, verdict, run, now());
    }
    void finish(MediaId media, const std::string& stage) { end(media, stage, {}); }

    std::vector<std::string> told(MediaId media) {
        std::vector<std::string> words;
        for (const auto& event : events.of(media)) words.push_back(event.stage + " " + event.what);
        return words;
    }
};

inline Verdict waits(const std::string& code, Timestamp until) { return {Verdict::Kind::again, {code, "text"}, until, false}; }
inline Verdict fails(const std::string& code, Timestamp until) { return {Verdict::Kind::again, {code, "text"}, until, true}; }
inline Verdict person(const std::string& code) { return {Verdict::Kind::person, {code, "text"}, {}, true}; }

using Words = std::vector<std::string>;

}  // namespace mediaferry::media_db
