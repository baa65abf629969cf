// SPDX-License-Identifier: GPL-3.0-or-later
// A photo leaves iCloud when everything is proven; with one thing missing it stays. The judge is the loopback's own record of what was deleted.
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/contract/icloud_delete/world.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using test::DeletingHouse;
using test::noise;
using test::read;

namespace {

constexpr auto kStage = "icloud_delete";
using Names = std::vector<std::string>;

/// Flips one byte in the middle of a file, keeping its times.
void spoil(const fs::path& file) {
    auto bytes = read(file);
    const auto modified = fs::last_write_time(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    test::write(file, bytes);
    fs::last_write_time(file, modified);
}

std::string at_step(DeletingHouse& house, const DeletingHouse::Photo& photo) { return house.reason(photo.file(), kStage); }

}  // namespace

TEST_CASE("A photo proven everywhere leaves iCloud, then its original and its placeholder go", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto pair = house.deletable("IMG_0002", {{"original", noise(5000, 1)}, {"live_movie", noise(6000, 2)}});
    const auto original = *house.item(photo.file()).local_path;
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.apple.deleted() == Names{"IMG_0001", "IMG_0002"});
    CHECK(house.completed(photo));
    CHECK(house.completed(pair));
    CHECK_FALSE(fs::exists(original));
    CHECK(house.happened(photo, "deleted_from_icloud"));
    CHECK(house.happened(photo, "original_released"));
    CHECK(house.copy(photo.file(), Place::nas)->proof == "settled");
    CHECK_FALSE(house.plan("approved"));

    const auto asked = house.apple.modifications();
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.apple.modifications() == asked);
}

TEST_CASE("With any one proof missing the photo stays, and it is told which", "[icloud_delete]") {
    using Break = std::function<void(DeletingHouse&, DeletingHouse::Photo&)>;
    const auto [what, code, broken] = GENERATE(table<std::string, std::string, Break>({
        {"no copy on the NAS", "nas.unproven", [](auto& house, auto& photo) { media_db::Evidence(house.db()).removed(house.copy(photo.file(), Place::nas)->id, house.clock.now()); }},
        {"the copy on the NAS is damaged", "nas.damaged", [](auto& house, auto& photo) { spoil(house.nas_file(photo.file())); }},
        {"the copy on the NAS is gone", "nas.missing", [](auto& house, auto& photo) { fs::remove(house.nas_file(photo.file())); }},
        {"the copy on the NAS has not settled", "nas.settling", [](auto& house, auto&) { house.settings.archive.settle = 49h; }},
        {"the phone has not freed it", "pixel.no_copy",
         [](auto& house, auto&) { house.settings.icloud_delete.require = {"nas", "google"}; }},
        {"taken out of the album", "vetoed", [](auto& house, auto& photo) { house.apple.call("unfile", {{"asset", photo.key}, {"album", "DeletePending"}}); }},
        {"changed since it was filed", "icloud.changed", [](auto& house, auto& photo) { house.apple.call("touch", {{"asset", photo.key}}); }},
        {"hidden since", "icloud.hidden", [](auto& house, auto& photo) { house.apple.call("hide", {{"asset", photo.key}}); }},
        {"edited since, not listed yet", "icloud.changed",
         [](auto& house, auto& photo) { house.apple.call("edit", {{"asset", photo.key}, {"file", test::write(house.dir / "edit.jpg", noise(900, 5)).string()}}); }},
        {"an edit listed and not fetched, filed again all the same", "icloud.incomplete",
         [](auto& house, auto& photo) {
             house.apple.call("edit", {{"asset", photo.key}, {"file", test::write(house.dir / "edit.jpg", noise(900, 5)).string()}});
             house.filed(photo);
         }},
        {"not through all earlier stages", "not_marked", [](auto& house, auto& photo) { media_db::Conveyor(house.db()).redo(photo.file(), "compress", house.clock.now());
                                                                                       const auto tag = house.row(photo).filed_tag;
                                                                                       media_db::Conveyor(house.db()).redo(photo.file(), "icloud_mark", house.clock.now());
                                                                                       media_db::Catalogue(house.db()).set_filed(photo.asset, tag, house.clock.now()); }},
        {"too young", "icloud.keep_days", [](auto& house, auto&) { house.settings.icloud_delete.keep_days = 3650; }},
        {"no harbour required", "no_harbour", [](auto& house, auto&) { house.settings.icloud_delete.require = {}; }},
    }));
    CAPTURE(what);
    DeletingHouse house;
    auto photo = house.deletable("IMG_0001");
    const auto good = house.deletable("IMG_0002");
    if (code == "pixel.no_copy") house.freed(good);
    broken(house, photo);
    house.run(kStage);
    CHECK(house.untouched(photo));
    CHECK(house.hold(photo).find(code.substr(code.find(':') + 1)) != std::string::npos);
    CHECK(at_step(house, photo) == house.hold(photo));
    // Only what is wrong with this one photo keeps only this one.
    const bool all = code == "nas.settling" || code == "icloud.keep_days" || code == "no_harbour";
    CHECK(house.apple.deleted() == (all ? Names{} : Names{"IMG_0002"}));
}

TEST_CASE("Both harbours are asked when both are required", "[icloud_delete]") {
    DeletingHouse house;
    house.settings.icloud_delete.require = {"nas", "google"};
    const auto photo = house.deletable("IMG_0001", {{"original", noise(5000, 1)}, {"sidecar", "<plist/>"}});
    house.run(kStage);
    CHECK(house.untouched(photo));
    house.freed(photo);
    house.run(kStage);
    CHECK(house.completed(photo));
}

TEST_CASE("With Google alone required the original at home stays, for no archive has it", "[icloud_delete]") {
    DeletingHouse house;
    house.settings.icloud_delete.require = {"google"};
    const auto photo = house.deletable("IMG_0001");
    house.freed(photo);
    media_db::Evidence(house.db()).removed(house.copy(photo.file(), Place::nas)->id, house.clock.now());
    house.run(kStage);
    CHECK(house.apple.deleted() == Names{"IMG_0001"});
    CHECK(house.item(photo.file()).status == "completed");
    CHECK(fs::exists(*house.item(photo.file()).local_path));
    CHECK_FALSE(house.told().empty());
}

TEST_CASE("A NAS that is away, or no complete listing, stops all deletion", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    SECTION("unmounted") {
        fs::rename(house.nas(), house.dir / "elsewhere");
        CHECK(house.run(kStage).exit_code == 69);
        fs::rename(house.dir / "elsewhere", house.nas());
    }
    SECTION("the last listing was incomplete") {
        media_db::Facts(house.db()).set("census", R"({"complete":false})", house.clock.now());
        const auto result = house.run(kStage);
        CHECK(result.exit_code == 0);
        CHECK(result.reason->code == "icloud.census_incomplete");
    }
    SECTION("a photo left the list and nobody knows why") {
        media_db::Facts(house.db()).set("census", R"({"complete":true,"unexplained":1})", house.clock.now());
        CHECK(house.run(kStage).reason->code == "icloud.census_unexplained");
    }
    SECTION("never listed") {
        media_db::Facts(house.db()).forget("census");
        CHECK(house.run(kStage).reason->code == "icloud.no_census");
    }
    SECTION("no session") {
        house.apple.call("expire");
        CHECK(house.run(kStage).exit_code == 69);
    }
    SECTION("the album is gone") {
        house.apple.call("delete_album", {{"album", "DeletePending"}});
        const auto result = house.run(kStage);
        CHECK(result.exit_code == 1);
        CHECK(result.reason->code == "icloud.album_gone");
        CHECK_FALSE(house.row(photo).vetoed);
    }
    CHECK(house.untouched(photo));
    CHECK(house.apple.deleted().empty());
}

TEST_CASE("A veto holds until a person lifts it, even when the photo turns up in the album again", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.call("unfile", {{"asset", "IMG_0001"}, {"album", "DeletePending"}});
    house.run(kStage);
    CHECK(house.row(photo).vetoed);
    CHECK(house.happened(photo, "vetoed"));
    house.apple.call("file", {{"asset", "IMG_0001"}, {"album", "DeletePending"}});
    house.run(kStage);
    CHECK(house.untouched(photo));

    media_db::Conveyor(house.db()).redo(photo.file(), "icloud_mark", house.clock.now());
    house.filed(photo);
    house.ready_for(photo.file(), kStage);
    house.run(kStage);
    CHECK(house.completed(photo));
}

TEST_CASE("A photo that was changed after filing is sent back to be looked at anew, and then may go", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.call("touch", {{"asset", "IMG_0001"}});
    house.run(kStage);
    CHECK(house.untouched(photo));
    CHECK(house.status(photo.file(), "icloud_mark") == pipeline::StepStatus::pending);
    house.run(kStage);
    CHECK(house.hold(photo) == "not_marked");

    house.filed(photo);  // what icloud_mark does
    house.ready_for(photo.file(), kStage);
    house.run(kStage);
    CHECK(house.completed(photo));
    CHECK(house.hold(photo).empty());
}

TEST_CASE("An album that iCloud counts longer than it lists blocks nobody whom it does list", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto other = house.deletable("IMG_0002");
    const auto name = house.row(other).record_name;
    house.apple.fault(
        {{"match", "records/query.*CPLContainerRelationLiveByAssetDate"}, {"drop_records", {name, name + "-IN-ALBUM-DeletePending"}}, {"times", 0}});
    house.run(kStage);
    CHECK(house.completed(photo));
    CHECK(house.untouched(other));
    CHECK(house.hold(other) == "icloud.album_unsure");
    CHECK_FALSE(house.row(other).vetoed);
}
