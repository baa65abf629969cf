// SPDX-License-Identifier: GPL-3.0-or-later
// Who may say yes, how much at once, and what is believed of iCloud's answers.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "common/files/files.h"
#include "tests/contract/icloud_delete/world.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::DeletingHouse;
using test::noise;
using test::read;

namespace {

constexpr auto kStage = "icloud_delete";
constexpr auto kDeletion = "records/modify.*isDeleted";
using Names = std::vector<std::string>;

std::string item_status(DeletingHouse& house, PlanId plan, const DeletingHouse::Photo& photo) {
    const auto found = media_db::Plans(house.db()).plan(plan).value();
    for (const auto& item : found.items)
        if (item.asset == photo.asset) return item.status + (item.reason ? " " + item.reason->code : "");
    return "not in it";
}

struct ManualHouse : DeletingHouse {
    ManualHouse() { settings.icloud_delete.approval = config::ICloudDelete::Approval::manual; }
};

}  // namespace

TEST_CASE("By default nothing is deleted before a person has approved the plan, and then exactly the plan", "[icloud_delete]") {
    ManualHouse house;
    const auto photo = house.deletable("IMG_0001");
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.untouched(photo));
    CHECK(house.reason(photo.file(), kStage) == "plan.approval");
    REQUIRE(house.plan("proposed"));
    const auto plan = house.plan("proposed")->id;
    CHECK(house.told().at(0).find("mediaferry approve " + std::to_string(plan.value)) != std::string::npos);

    house.run(kStage);
    CHECK(house.plan("proposed")->id == plan);  // asked once, not every night anew
    const auto later = house.deletable("IMG_0002");
    house.approve();
    house.run(kStage);
    CHECK(house.completed(photo));
    CHECK(house.untouched(later));
    CHECK(item_status(house, plan, photo) == "deleted");
    CHECK(media_db::Plans(house.db()).plan(plan)->status == "finished");
    house.run(kStage);
    CHECK(house.untouched(later));
    CHECK(house.plan("proposed")->items.size() == 1);
}

TEST_CASE("Asking for a plan deletes nothing, approved or not, and leaves what is left over", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto gone = house.deletable("IMG_0002");
    media_db::Catalogue(house.db()).mark_gone(gone.asset, house.clock.now());
    ::setenv("MEDIAFERRY_PLAN_ONLY", "1", 1);
    house.run(kStage);
    ::unsetenv("MEDIAFERRY_PLAN_ONLY");
    CHECK(house.untouched(photo));
    CHECK(house.plan("proposed"));
    CHECK(fs::exists(*house.item(gone.file()).local_path));
    house.run(kStage);
    CHECK(house.completed(photo));
}

TEST_CASE("A run deletes no more than its share", "[icloud_delete]") {
    DeletingHouse house;
    for (int i = 1; i <= 5; ++i) house.deletable("IMG_" + std::to_string(i));
    SECTION("by number") { house.settings.icloud_delete.max_per_run = 2; }
    SECTION("of the library") { house.settings.icloud_delete.max_share_percent = 40; }
    house.run(kStage);
    CHECK(house.apple.deleted().size() == 2);
    house.settings.icloud_delete.max_per_run = 0;
    house.run(kStage);
    CHECK(house.apple.deleted().size() == 2);
}

TEST_CASE("What one plan has no room for says that it waits for the next one", "[icloud_delete]") {
    ManualHouse house;
    house.settings.icloud_delete.max_per_run = 1;
    const auto first = house.deletable("IMG_1");
    const auto second = house.deletable("IMG_2");
    house.run(kStage);
    const bool first_is_planned = house.reason(first.file(), kStage) == "plan.approval";
    CHECK(house.reason((first_is_planned ? second : first).file(), kStage) == "plan.next");
    CHECK(house.reason((first_is_planned ? first : second).file(), kStage) == "plan.approval");
}

TEST_CASE("What changed after the plan was made is not covered by its approval", "[icloud_delete]") {
    ManualHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto other = house.deletable("IMG_0002");
    house.run(kStage);
    const auto plan = house.plan("proposed")->id;
    house.approve();
    std::string why;
    SECTION("touched") {
        house.apple.call("touch", {{"asset", "IMG_0001"}});
        why = "held icloud.changed";
    }
    SECTION("touched and already filed anew") {
        house.apple.call("touch", {{"asset", "IMG_0001"}});
        house.filed(photo);
        why = "held plan.outdated";
    }
    SECTION("taken out of the album") {
        house.apple.call("unfile", {{"asset", "IMG_0001"}, {"album", "DeletePending"}});
        why = "held vetoed";
    }
    SECTION("proof lost") {
        fs::remove(house.nas_file(photo.file()));
        house.settings.icloud_delete.fresh_within = 0s;
        house.clock.advance(1s);
        why = "held nas.missing";
    }
    house.run(kStage);
    CHECK(house.untouched(photo));
    CHECK(house.completed(other));
    CHECK(item_status(house, plan, photo) == why);
    CHECK(media_db::Plans(house.db()).plan(plan)->status == "finished");
}

TEST_CASE("A change in the very last moment is caught before the request, or by Apple's own answer", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto other = house.deletable("IMG_0002");
    house.apple.fault({{"match", kDeletion}, {"conflict", {house.row(photo).record_name}}});
    house.run(kStage);
    CHECK(house.untouched(photo));
    CHECK(house.completed(other));
    CHECK(house.hold(photo) == "icloud.changed");
    CHECK_FALSE(house.plan("approved"));
}

TEST_CASE("The album is read once more just before the request", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto other = house.deletable("IMG_0002");
    const auto name = house.row(photo).record_name;
    // The first reading of the album (two pages) shows both, the next one does not show the first photo any more.
    house.apple.fault({{"match", "records/query.*CPLContainerRelationLiveByAssetDate"},
                       {"drop_records", {name, name + "-IN-ALBUM-DeletePending"}},
                       {"skip", 2},
                       {"times", 0}});
    house.run(kStage);
    CHECK(house.apple.deleted() == Names{"IMG_0002"});
    CHECK(house.untouched(photo));
    CHECK(house.hold(photo) == "icloud.album_unsure");
}

TEST_CASE("A photo that its owner takes out while the album is read for the last time stays", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto other = house.deletable("IMG_0002");
    // It is on the page, and in the album no more as soon as the page is answered.
    house.apple.fault({{"match", "records/query.*CPLContainerRelationLiveByAssetDate"},
                       {"unfile", {house.row(photo).record_name + "-IN-ALBUM-DeletePending"}},
                       {"skip", 2}});
    house.run(kStage);
    CHECK(house.apple.deleted() == Names{"IMG_0002"});
    CHECK(house.untouched(photo));
    CHECK(house.hold(photo) == "vetoed");
}

TEST_CASE("An album that its owner deletes while it is read for the last time lets nothing go", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.fault({{"match", "records/query.*CPLContainerRelationLiveByAssetDate"}, {"delete_album", "DeletePending"}, {"skip", 2}});
    CHECK(house.run(kStage).exit_code != 0);
    CHECK(house.untouched(photo));
    CHECK(media_db::Runs(house.db()).latest_finished(kStage)->reason->code == "icloud.album_gone");
}

TEST_CASE("A deletion that was answered and not done is tried once more and then left alone", "[icloud_delete]") {
    ManualHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.run(kStage);
    const auto plan = house.plan("proposed")->id;
    house.approve();
    house.apple.fault({{"match", kDeletion}, {"ack_without_effect", true}, {"times", 0}});
    house.run(kStage);
    CHECK(house.untouched(photo));
    CHECK(item_status(house, plan, photo) == "sent");
    CHECK(house.hold(photo) == "icloud.not_done");
    house.run(kStage);
    CHECK(house.untouched(photo));
    CHECK(item_status(house, plan, photo) == "held icloud.not_done");
    CHECK(media_db::Plans(house.db()).plan(plan)->status == "finished");
}

TEST_CASE("A deletion that shows late is still known as ours", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.fault({{"match", kDeletion}, {"ack_without_effect", true}});
    house.run(kStage);
    CHECK(house.untouched(photo));
    house.apple.call("delete", {{"asset", "IMG_0001"}});
    SECTION("seen by us") {}
    SECTION("seen by the listing first") { media_db::Catalogue(house.db()).mark_gone(photo.asset, house.clock.now()); }
    house.run(kStage);
    CHECK(house.completed(photo));
    CHECK_FALSE(house.plan("approved"));
}

TEST_CASE("A deletion that was done and answered with 503 is found out and not sent twice", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.fault({{"match", kDeletion}, {"effect_without_ack", true}});
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(house.completed(photo));
    house.run(kStage);
    CHECK(house.apple.deleted() == Names{"IMG_0001"});
    CHECK_FALSE(house.plan("approved"));
}

TEST_CASE("A deletion that was done and answered with a closed connection is not sent twice, not by libcurl either", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const auto before = house.apple.modifications();
    house.apple.fault({{"match", kDeletion}, {"effect_without_ack", true}, {"hang_up", true}});
    house.run(kStage);
    house.run(kStage);
    CHECK(house.completed(photo));
    CHECK(house.apple.modifications() == before + 1);
}

TEST_CASE("Throttled before anything was done, an approved plan goes on later", "[icloud_delete]") {
    ManualHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.run(kStage);
    house.approve();
    house.apple.fault({{"match", kDeletion}, {"status", 503}, {"times", 2}});
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(house.untouched(photo));
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.completed(photo));
}

TEST_CASE("A run that died is finished by the next", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    media_db::Plans plans{house.db()};
    const auto plan = plans.propose({{photo.asset, house.row(photo).change_tag, "x", {}, "planned", {}}}, house.clock.now());
    plans.approve(plan, "a test", house.clock.now());

    SECTION("sent, and done by iCloud") {
        plans.item_status(plan, photo.asset, "sent", std::nullopt);
        house.apple.call("delete", {{"asset", "IMG_0001"}});
    }
    SECTION("known to be deleted, nothing tidied") {
        house.apple.call("delete", {{"asset", "IMG_0001"}});
        media_db::Catalogue(house.db()).set_deleted(photo.asset, house.clock.now());
        media_db::Catalogue(house.db()).set_flags(photo.file(), {}, {}, {}, true, house.clock.now());
        SECTION("the original is gone, its row does not say so") { fs::remove(*house.item(photo.file()).local_path); }
        SECTION("the placeholder is gone, its row does not say so") { fs::remove(house.placeholder(photo)); }
        SECTION("at once") {}
    }
    house.run(kStage);
    CHECK(house.completed(photo));
    CHECK(item_status(house, plan, photo) == "deleted");
    CHECK(plans.plan(plan)->status == "finished");
    CHECK(house.apple.modifications() == 0);
}

TEST_CASE("Sent and never done, it is judged again before it is sent again", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    media_db::Plans plans{house.db()};
    const auto resource = media_db::Catalogue(house.db()).resources(photo.asset).at(0);
    const auto plan = plans.propose({{photo.asset, house.row(photo).change_tag, resource.checksum, resource.size, "planned", {}}}, house.clock.now());
    plans.approve(plan, "a test", house.clock.now());
    plans.item_status(plan, photo.asset, "sent", std::nullopt);
    SECTION("still proven") {
        house.run(kStage);
        CHECK(house.completed(photo));
    }
    SECTION("vetoed meanwhile") {
        house.apple.call("unfile", {{"asset", "IMG_0001"}, {"album", "DeletePending"}});
        house.run(kStage);
        CHECK(house.untouched(photo));
        CHECK(item_status(house, plan, photo) == "held vetoed");
    }
}

TEST_CASE("What its owner deleted himself is completed and not claimed by us", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.call("delete", {{"asset", "IMG_0001"}});
    house.run(kStage);
    CHECK(house.row(photo).gone);
    CHECK_FALSE(house.row(photo).deleted);
    CHECK_FALSE(house.item(photo.file()).deleted_icloud);
    CHECK(house.item(photo.file()).status == "completed");
    CHECK_FALSE(house.item(photo.file()).local_path);
    CHECK(read(house.nas_file(photo.file())).size() == house.item(photo.file()).size.count);
    CHECK(house.apple.deleted().empty());
}

TEST_CASE("Of two assets on one master one goes, and the other keeps the placeholder", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.apple.add_described({{"key", "copy"}, {"same_master_as", "IMG_0001"}, {"filename", "IMG_0001.JPG"}, {"date", 1714651200000}}, {});
    house.census();
    const auto content = read(house.nas_file(photo.file()));
    DeletingHouse::Photo copy{
        "copy", media_db::Catalogue(house.db()).asset_named("jdoe@example.com", "PrimarySync", house.apple.asset("copy").at("name"))->id, {}};
    house.take_in_new(copy, {{"original", content}}, "compress");
    house.run(kStage);
    CHECK(house.apple.deleted() == Names{"IMG_0001"});
    CHECK_FALSE(house.apple.is_deleted("copy"));
    CHECK(fs::exists(*house.item(copy.file()).local_path));
    CHECK(files::looks_like_placeholder(house.placeholder(photo)));
    CHECK(media_db::Catalogue(house.db()).placeholder_owner("IMG_0001_A.JPG") == copy.file());
}

TEST_CASE("An answer that nobody expected stops the run", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    const nlohmann::json body{
        {"records", {{{"recordName", house.row(photo).record_name}, {"serverErrorCode", "QUOTA_OF_A_NEW_KIND"}, {"reason", "no"}}}}};
    house.apple.fault({{"match", kDeletion}, {"status", 200}, {"body", body.dump()}, {"times", 0}});
    const auto result = house.run(kStage);
    CHECK(result.exit_code == 69);
    CHECK(result.reason->code == "icloud.refused_delete");
    CHECK(house.untouched(photo));
    CHECK(house.hold(photo) == "icloud.refused_delete");
}

TEST_CASE("A request to stop is obeyed before anything is deleted", "[icloud_delete]") {
    DeletingHouse house;
    const auto photo = house.deletable("IMG_0001");
    house.stop = true;
    CHECK(house.run(kStage).exit_code == 143);
    CHECK(house.untouched(photo));
    house.stop = false;
    house.run(kStage);
    CHECK(house.completed(photo));
}

TEST_CASE("A file that iCloud never listed is completed without asking iCloud", "[icloud_delete]") {
    DeletingHouse house;
    media_db::NewMedia fresh;
    fresh.filename = "scan.jpg";
    const auto digests = files::digest_bytes("a scan");
    fresh.sha256 = digests.sha256;
    fresh.apple_checksum = digests.apple_checksum;
    fresh.size = digests.size;
    fresh.taken = house.clock.now();
    fresh.local_path = test::write(house.folder("delete_pending") / "scan.jpg", "a scan");
    const auto id = media_db::Catalogue(house.db()).take_in(fresh, house.clock.now(), std::nullopt);
    house.ready_for(id, kStage);
    SECTION("proven on the NAS: its original goes") {
        house.archived(id);
        house.run(kStage);
        CHECK_FALSE(house.item(id).local_path);
    }
    SECTION("not proven anywhere: its original stays") {
        house.run(kStage);
        CHECK(read(*house.item(id).local_path) == "a scan");
    }
    CHECK(house.item(id).status == "completed");
    CHECK(house.apple.modifications() == 0);
}
