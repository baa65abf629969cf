// SPDX-License-Identifier: GPL-3.0-or-later
// The question of the house, thing by thing: with one proof missing the answer is no.
#include <catch2/catch.hpp>
#include <functional>

#include "stages/icloud_delete/evidence.h"

using namespace mediaferry;
using namespace mediaferry::stages;
using namespace std::chrono_literals;
using icloud::Looked;
using icloud::Membership;

namespace {

const Timestamp kNow{std::chrono::seconds{1763640000}};
const Timestamp kTaken = kNow - std::chrono::hours{24 * 365};

media_db::ListedResource listed(ResourceKind kind, const std::string& checksum) { return {kind, checksum, Bytes{1000}, "public.jpeg"}; }

media_db::Resource row(std::int64_t id, ResourceKind kind, const std::string& checksum) {
    return {ResourceId{id}, AssetId{7}, kind, checksum, Bytes{1000}, "public.jpeg", true, "taken", 0, {}, {}};
}

media_db::MediaItem file(std::int64_t id, ResourceKind kind, const std::string& checksum) {
    media_db::MediaItem item;
    item.id = MediaId{id};
    item.asset = AssetId{7};
    item.resource_id = ResourceId{id};
    item.filename = "IMG_" + std::to_string(id) + ".JPG";
    item.resource = kind;
    item.apple_checksum = checksum;
    item.size = Bytes{1000};
    return item;
}

/// A live photo, filed and unchanged, whose two files are both here.
Case good_case() {
    Case it;
    it.asset.id = AssetId{7};
    it.asset.record_name = "ASSET";
    it.asset.taken = it.asset.added = kTaken;
    it.asset.filed = kNow - 48h;
    it.asset.filed_tag = "tag";
    it.looked.record_name = "ASSET";
    it.looked.state = Looked::State::live;
    icloud::Asset seen;
    seen.record_name = "ASSET";
    seen.change_tag = "tag";
    for (const auto& one : {listed(ResourceKind::original, "still"), listed(ResourceKind::live_movie, "movie")})
        seen.resources.push_back({one, "https://…"});
    it.looked.asset = seen;
    it.in_album = Membership::member;
    it.resources = {row(1, ResourceKind::original, "still"), row(2, ResourceKind::live_movie, "movie")};
    it.items = {file(1, ResourceKind::original, "still"), file(2, ResourceKind::live_movie, "movie")};
    return it;
}

std::string answer(const Case& it, const config::ICloudDelete& settings = {}) {
    const auto reason = why_not_yet(it, settings, kNow);
    return reason ? reason->code : "may go";
}

}  // namespace

TEST_CASE("a photo whose every file is here, filed, unchanged and old enough may go on to the proofs", "[icloud_delete]") {
    CHECK(answer(good_case()) == "may go");
}

TEST_CASE("one thing missing or different is enough to keep a photo", "[icloud_delete]") {
    using Break = std::function<void(Case&)>;
    const auto [what, code, broken] = GENERATE(table<std::string, std::string, Break>({
        {"iCloud gave no answer", "icloud.unknown",
         [](Case& it) {
             it.looked.state = Looked::State::unknown;
             it.looked.asset.reset();
         }},
        {"iCloud says live and shows nothing", "icloud.unknown", [](Case& it) { it.looked.asset.reset(); }},
        {"it is deleted already", "icloud.already_gone", [](Case& it) { it.looked.state = Looked::State::deleted; }},
        {"iCloud knows it no more", "icloud.already_gone",
         [](Case& it) {
             it.looked.state = Looked::State::gone;
             it.looked.asset.reset();
         }},
        {"taken out of the album", "vetoed", [](Case& it) { it.in_album = Membership::not_member; }},
        {"perhaps in the album", "icloud.album_unsure", [](Case& it) { it.in_album = Membership::unknown; }},
        {"vetoed before, back in the album", "vetoed", [](Case& it) { it.asset.vetoed = kNow - 24h; }},
        {"hidden", "icloud.hidden", [](Case& it) { it.looked.asset->hidden = true; }},
        {"a file of an unknown kind", "icloud.unknown_resource", [](Case& it) { it.looked.asset->hold = Reason{"icloud.unknown_resource", "…"}; }},
        {"another change tag", "icloud.changed", [](Case& it) { it.looked.asset->change_tag = "tag2"; }},
        {"never filed", "icloud.changed", [](Case& it) { it.asset.filed_tag.clear(); }},
        {"no file listed at all", "icloud.no_original", [](Case& it) { it.looked.asset->resources.clear(); }},
        {"an edit that was never listed before", "icloud.incomplete",
         [](Case& it) { it.looked.asset->resources.push_back({listed(ResourceKind::edited, "edit"), ""}); }},
        {"a checksum other than the one we fetched", "icloud.incomplete", [](Case& it) { it.looked.asset->resources[0].checksum = "other"; }},
        {"another size", "icloud.incomplete", [](Case& it) { it.looked.asset->resources[0].size = Bytes{1001}; }},
        {"the right content as another kind of file", "icloud.incomplete",
         [](Case& it) { it.looked.asset->resources[1].kind = ResourceKind::edited_movie; }},
        {"one file not fetched", "icloud.incomplete", [](Case& it) { it.resources[1].state = "missing"; }},
        {"one file given up", "icloud.incomplete", [](Case& it) { it.resources[1].state = "attention"; }},
        {"one resource listed no more", "icloud.incomplete", [](Case& it) { it.resources[1].listed = false; }},
        {"one resource unknown here", "icloud.incomplete", [](Case& it) { it.resources.pop_back(); }},
        {"no file for one resource", "icloud.incomplete", [](Case& it) { it.items.pop_back(); }},
        {"the file belongs to another resource", "icloud.incomplete", [](Case& it) { it.items[1].resource_id = ResourceId{99}; }},
        {"the file belongs to none", "icloud.incomplete", [](Case& it) { it.items[1].resource_id.reset(); }},
        {"the file has other content", "icloud.incomplete", [](Case& it) { it.items[1].apple_checksum = "other"; }},
        {"the file is shorter", "icloud.incomplete", [](Case& it) { it.items[1].size = Bytes{999}; }},
        {"taken a week ago", "icloud.keep_days", [](Case& it) { it.asset.taken = kNow - 24h * 7; }},
        {"added a week ago", "icloud.keep_days", [](Case& it) { it.asset.added = kNow - 24h * 7; }},
        {"taken in the future", "icloud.keep_days", [](Case& it) { it.asset.taken = kNow + 24h * 365; }},
    }));
    CAPTURE(what);
    auto it = good_case();
    broken(it);
    CHECK(answer(it) == code);
}

TEST_CASE("keep_days are over to the second, and 0 is none", "[icloud_delete]") {
    auto it = good_case();
    config::ICloudDelete settings;
    it.asset.added = kNow - 24h * 30;
    CHECK(answer(it, settings) == "may go");
    it.asset.added += 1s;
    CHECK(answer(it, settings) == "icloud.keep_days");
    settings.keep_days = 0;
    CHECK(answer(it, settings) == "may go");
}

TEST_CASE("every required harbour must hold every file", "[icloud_delete]") {
    const Reason missing{"nas.unproven", "…"}, unfreed{"pixel.not_freed", "…"};
    FileProof proven{file(1, ResourceKind::original, "still"), true, {}, {}, true};
    FileProof sidecar{file(2, ResourceKind::sidecar, "aae"), true, {}, {}, false};
    config::ICloudDelete both;  // nas and google
    config::ICloudDelete nas_only, google_only, none;
    nas_only.require = {"nas"};
    google_only.require = {"google"};
    none.require = {};
    const auto code = [](const std::vector<FileProof>& files, const config::ICloudDelete& settings) {
        const auto reason = why_not_proven(files, settings);
        return reason ? reason->code : "may go";
    };
    CHECK(code({proven, sidecar}, both) == "may go");
    CHECK(code({}, both) == "no_file");
    CHECK(code({proven}, none) == "no_harbour");

    auto unmarked = proven;
    unmarked.marked = false;
    CHECK(code({proven, unmarked}, both) == "not_marked");
    auto not_on_nas = proven;
    not_on_nas.nas = missing;
    CHECK(code({proven, not_on_nas}, both) == "nas.unproven");
    CHECK(code({not_on_nas}, google_only) == "may go");
    auto not_at_google = proven;
    not_at_google.google = unfreed;
    CHECK(code({proven, not_at_google}, both) == "pixel.not_freed");
    CHECK(code({not_at_google}, nas_only) == "may go");

    // What is not sent to the phone needs the NAS, and where there is none it is kept.
    sidecar.nas = missing;
    CHECK(code({proven, sidecar}, both) == "nas.unproven");
    CHECK(code({proven, sidecar}, google_only) == "no_harbour");
}

TEST_CASE("one run deletes no more than its number and its share, and one at least", "[icloud_delete]") {
    config::ICloudDelete settings;  // 500, 10 %
    const auto [listed_assets, most] =
        GENERATE(table<std::int64_t, std::size_t>({{0, 1}, {5, 1}, {19, 1}, {20, 2}, {4999, 499}, {5000, 500}, {1'000'000, 500}}));
    CHECK(cap(settings, listed_assets) == most);
    settings.max_per_run = 0;
    CHECK(cap(settings, listed_assets) == 0);
    settings.max_per_run = 500;
    settings.max_share_percent = 0;
    CHECK(cap(settings, listed_assets) == 0);
}

TEST_CASE("a plan item stands for exactly the listed checksums, in any order", "[icloud_delete]") {
    auto a = row(1, ResourceKind::original, "aaa"), b = row(2, ResourceKind::live_movie, "bbb"), old = row(3, ResourceKind::edited, "old");
    old.listed = false;
    CHECK(fingerprint({a, b}) == "aaa bbb");
    CHECK(fingerprint({b, old, a}) == "aaa bbb");
    old.listed = true;
    CHECK(fingerprint({a, b, old}) != fingerprint({a, b}));
    CHECK(fingerprint({}).empty());
}
