// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;

namespace {
const std::string kMe = "me@example.com", kLibrary = "PrimarySync";
Words checksums(const std::vector<Resource>& resources) {
    Words words;
    for (const auto& resource : resources) words.push_back(resource.checksum);
    return words;
}
}  // namespace

TEST_CASE("a census adds what is new, notes what changed, and says so in numbers", "[census]") {
    World world;
    const auto first = world.catalogue.see(kMe, kLibrary, {world.seen("A", {"c1", "c2"}), world.seen("B", {"c3"})}, world.now());
    CHECK(first.assets == 2);
    CHECK(first.new_assets == 2);
    CHECK(first.new_resources == 3);
    const auto again = world.catalogue.see(kMe, kLibrary, {world.seen("A", {"c1", "c2"}), world.seen("B", {"c3"})}, world.now() + 1s);
    CHECK(again.new_assets + again.new_resources + again.changed == 0);
    const auto edited = world.catalogue.see(kMe, kLibrary, {world.seen("A", {"c1-edited", "c2"}, "t2")}, world.now() + 2s);
    CHECK(edited.changed == 1);
    CHECK(edited.new_resources == 1);
    const auto asset = *world.catalogue.asset_named(kMe, kLibrary, "A");
    CHECK(asset.change_tag == "t2");
    CHECK(checksums(world.catalogue.resources(asset.id)) == Words{"c2", "c1-edited"});
    CHECK(world.catalogue.resources(asset.id, false).size() == 3);
    CHECK(world.catalogue.missing_count() == 3);  // the checksum that is listed no more is not asked for
}

TEST_CASE("what a confirmed census did not see is unlisted, in that library only", "[census]") {
    World world;
    world.catalogue.see(kMe, kLibrary, {world.seen("A", {"c1"}), world.seen("B", {"c2"})}, world.now());
    world.catalogue.see(kMe, "SharedSync-1", {world.seen("S", {"c9"})}, world.now());
    world.clock.advance(1h);
    world.catalogue.see(kMe, kLibrary, {world.seen("A", {"c1"})}, world.now());
    const auto unseen = world.catalogue.finish_census(kMe, kLibrary, world.now());
    REQUIRE(unseen.size() == 1);
    CHECK(unseen[0].record_name == "B");
    CHECK_FALSE(world.catalogue.asset(unseen[0].id)->listed);
    CHECK(world.catalogue.listed_assets() == 2);
    CHECK(world.catalogue.missing_count() == 2);                 // nobody fetches what is not listed
    CHECK(world.catalogue.resources(unseen[0].id).size() == 1);  // but what it consisted of is remembered

    // Asked again until there is an answer: the run that should have asked iCloud may have died.
    CHECK(world.catalogue.finish_census(kMe, kLibrary, world.now()).size() == 1);
    world.catalogue.mark_gone(unseen[0].id, world.now());
    CHECK(world.catalogue.finish_census(kMe, kLibrary, world.now()).empty());
    CHECK(world.catalogue.asset(unseen[0].id)->gone == world.now());
    world.catalogue.mark_listed(unseen[0].id);
    CHECK_FALSE(world.catalogue.asset(unseen[0].id)->gone);
    CHECK(world.catalogue.missing_count() == 3);
}

TEST_CASE("an asset that was deleted by us is no news for the next census", "[census]") {
    World world;
    const auto asset = world.listed("A");
    world.catalogue.set_filed(asset, "t1", world.now());
    CHECK(world.catalogue.filed_assets().size() == 1);
    world.catalogue.set_deleted(asset, world.now());
    CHECK(world.catalogue.filed_assets().empty());
    CHECK(world.catalogue.finish_census(kMe, kLibrary, world.now() + 1h).empty());
    CHECK(world.catalogue.missing_count() == 0);
}

TEST_CASE("a veto stays when the asset is filed again, until it is lifted", "[census]") {
    World world;
    const auto asset = world.listed("A");
    world.catalogue.set_filed(asset, "t1", world.now());
    world.catalogue.set_vetoed(asset, world.now());
    world.catalogue.clear_filed(asset);
    world.catalogue.set_filed(asset, "t2", world.now());
    CHECK(world.catalogue.asset(asset)->vetoed);
    CHECK(world.catalogue.asset(asset)->filed_tag == "t2");
    world.catalogue.clear_veto(asset);
    CHECK_FALSE(world.catalogue.asset(asset)->vetoed);
    world.catalogue.set_hold(asset, Reason{"nas.missing", "text"});
    CHECK(world.catalogue.asset(asset)->hold->code == "nas.missing");
    world.catalogue.set_hold(asset, std::nullopt);
    CHECK_FALSE(world.catalogue.asset(asset)->hold);
}

TEST_CASE("missing resources are fetched newest first, failed ones after their wait", "[census]") {
    World world;
    auto older = world.seen("A", {"c1"});
    older.taken -= 24h;
    world.catalogue.see(kMe, kLibrary, {older, world.seen("B", {"c2"}), world.seen("C", {"c3"})}, world.now());
    const auto b = world.catalogue.resources_with("c2").at(0);
    const auto c = world.catalogue.resources_with("c3").at(0);
    world.catalogue.resource_failed(b.id, {"icloud.busy", "text"}, world.now() + 1min, false);
    world.catalogue.resource_failed(c.id, {"icloud.damaged", "text"}, world.now(), true);
    CHECK(checksums(world.catalogue.missing_resources(world.now(), 10)) == Words{"c1"});
    CHECK(checksums(world.catalogue.missing_resources(world.now() + 1min, 10)) == Words{"c1", "c2"});
    CHECK(world.catalogue.missing_count() == 2);
    CHECK(world.catalogue.resources_with("c2").at(0).attempts == 1);
    CHECK(Reports(world.db).resource_attention(10).at(0).resource.checksum == "c3");
    CHECK(world.catalogue.next_missing_due() == Timestamp{});
}

TEST_CASE("a resource is taken in once", "[catalogue]") {
    World world;
    const auto asset = world.listed("A", {"c1"});
    auto file = world.file("IMG_0001.HEIC", asset);
    file.resource = world.catalogue.resources(asset)[0].id;
    const auto media = world.catalogue.take_in(file, world.now(), world.run);
    const auto told = world.events.count();
    CHECK(world.catalogue.take_in(file, world.now(), world.run) == media);
    CHECK(world.events.count() == told);
    CHECK(world.catalogue.resources(asset)[0].state == "taken");
    CHECK(world.catalogue.missing_count() == 0);
    CHECK(world.evidence.current(media, Place::local)->path == file.local_path);
    CHECK(world.catalogue.items_of(asset).size() == 1);
    CHECK(world.catalogue.item_with_content(file.sha256)->id == media);
}

TEST_CASE("a file is found by number, name, path or record name", "[catalogue]") {
    World world;
    const auto photo = world.downloaded("IMG_0001.HEIC");
    world.downloaded("IMG_0002.HEIC");
    Copy copy;
    copy.media = photo;
    copy.place = Place::nas;
    copy.path = "2023/11/IMG_0001-2.HEIC";
    copy.proof = "read_back";
    world.evidence.add(copy);
    for (const std::string& what :
         {std::string("1"), std::string("IMG_0001.HEIC"), std::string("img_0001.heic"), (world.dir / "backup/IMG_0001.HEIC").string(),
          std::string("record-1"), std::string("2023/11/IMG_0001-2.HEIC"), std::string("/somewhere/else/IMG_0001.HEIC")}) {
        INFO(what);
        const auto found = world.catalogue.find(what);
        REQUIRE(found.size() == 1);
        CHECK(found[0].id == photo);
    }
    CHECK(world.catalogue.find("IMG_0003.HEIC").empty());
    CHECK(world.catalogue.find("").empty());
    CHECK(world.catalogue.find("/").empty());
}

TEST_CASE("the local copy follows the file through the working folders", "[catalogue]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.catalogue.set_local_path(photo, world.dir / "compress/a.jpg", world.now());
    CHECK(world.evidence.current(photo, Place::local)->path == world.dir / "compress/a.jpg");
    world.catalogue.set_local_path(photo, std::nullopt, world.now());
    CHECK_FALSE(world.catalogue.item(photo)->local_path);
    CHECK_FALSE(world.evidence.current(photo, Place::local));
    CHECK(world.evidence.of(photo).at(0).removed == world.now());
}

TEST_CASE("placeholders and files set aside are remembered", "[catalogue]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.catalogue.add_placeholder("2023/11/a.jpg", std::nullopt, {5}, world.now());
    world.catalogue.add_placeholder("2023/11/a.jpg", photo, {5}, world.now());
    CHECK(world.catalogue.is_placeholder("2023/11/a.jpg"));
    CHECK(world.catalogue.placeholders_of(photo) == std::vector<fs::path>{"2023/11/a.jpg"});
    world.catalogue.remove_placeholder("2023/11/a.jpg");
    CHECK_FALSE(world.catalogue.is_placeholder("2023/11/a.jpg"));

    world.catalogue.add_set_aside("incoming/x", "trash/x", {7}, "00", {"icloud.unknown", "text"}, world.now());
    const auto aside = world.catalogue.set_aside().at(0);
    CHECK(aside.path == "trash/x");
    world.catalogue.set_aside_removed(aside.id, world.now());
    CHECK(world.catalogue.set_aside().empty());
    CHECK(world.catalogue.set_aside(false).size() == 1);
}

}  // namespace mediaferry::media_db
