// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;

namespace {
CopyId pixel(World& world, MediaId media, const std::string& name, const std::string& proof = "staged") {
    Copy copy;
    copy.media = media;
    copy.place = Place::pixel;
    copy.path = name;
    copy.size = {100};
    copy.proof = proof;
    copy.written = world.now();
    return world.evidence.add(copy);
}
}  // namespace

TEST_CASE("a copy's proof grows, and the newest copy not removed is the current one", "[evidence]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    const auto first = pixel(world, photo, "a.jpg");
    world.evidence.proven(first, "delivered", world.now(), world.now(), R"({"version":"1"})");
    world.evidence.checked(first, world.now() + 1h);
    auto copy = *world.evidence.current(photo, Place::pixel);
    CHECK(copy.proof == "delivered");
    CHECK(copy.checked == world.now() + 1h);
    CHECK(copy.receipt == R"({"version":"1"})");
    world.evidence.removed(first, world.now());
    CHECK_FALSE(world.evidence.current(photo, Place::pixel));
    pixel(world, photo, "a-2.jpg");
    CHECK(world.evidence.current(photo, Place::pixel)->path == "a-2.jpg");
    CHECK(world.evidence.of(photo).size() == 3);  // with the local one
}

TEST_CASE("a name on the phone is never used twice, in no case of its letters, not even after its removal", "[evidence]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    world.evidence.removed(pixel(world, photo, "IMG.JPG"), world.now());
    CHECK(world.evidence.pixel_name_used("img.jpg"));
    CHECK_FALSE(world.evidence.pixel_copy_named("IMG.JPG"));
    CHECK_THROWS_AS(pixel(world, photo, "img.jpg"), Error);
}

TEST_CASE("what is on its way to the phone is listed oldest first, in pages, and its load is known", "[evidence]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    const auto a = pixel(world, photo, "a", "delivered");
    const auto b = pixel(world, photo, "b", "staged");
    const auto c = pixel(world, photo, "c", "delivered");
    pixel(world, photo, "d", "freed");
    const auto page = world.evidence.pixel_copies({"staged", "delivered"}, 2);
    REQUIRE(page.size() == 2);
    CHECK(page[0].id == a);
    CHECK(page[1].id == b);
    const auto next = world.evidence.pixel_copies({"staged", "delivered"}, 2, page[1].id);
    REQUIRE(next.size() == 1);
    CHECK(next[0].id == c);
    CHECK(world.evidence.pixel_undelivered().files == 1);
    CHECK(world.evidence.pixel_undelivered().bytes == Bytes{100});
    world.evidence.proven(b, "delivered", world.now(), world.now(), "");
    CHECK(world.evidence.pixel_undelivered().files == 0);
}

TEST_CASE("two names that a Samba server takes for one are one path", "[evidence]") {
    World world;
    Copy copy;
    copy.media = world.downloaded("a.jpg");
    copy.place = Place::nas;
    copy.path = "2023/11/IMG_1.JPG";
    copy.proof = "read_back";
    const auto id = world.evidence.add(copy);
    CHECK(world.evidence.at_path(Place::nas, "2023/11/img_1.jpg").at(0).id == id);
    CHECK(world.evidence.at_path(Place::library, "2023/11/IMG_1.JPG").empty());
    world.evidence.removed(id, world.now());
    CHECK(world.evidence.at_path(Place::nas, "2023/11/IMG_1.JPG").empty());
}

TEST_CASE("a receipt that is no JSON is refused", "[evidence]") {
    World world;
    const auto photo = world.downloaded("a.jpg");
    CHECK_THROWS_AS(world.evidence.proven(world.evidence.current(photo, Place::local)->id, "placed", {}, {}, "{not json"), Error);
}

TEST_CASE("the history of a file is its own and its asset's, not its sibling's", "[events]") {
    World world;
    const auto asset = world.listed("A", {"c1", "c2"});
    const auto still = world.downloaded("a.heic", asset);
    const auto movie = world.downloaded("a.mov", asset);
    world.finish(movie, "nas_archive");
    world.catalogue.mark_gone(asset, world.now());
    CHECK(world.told(still) == Words{"icloud_download taken_in", "icloud_download gone"});
    CHECK(world.told(movie) == Words{"icloud_download taken_in", "nas_archive done", "icloud_download gone"});
}

TEST_CASE("history that was tampered with shows where", "[events]") {
    World world;
    for (const char* name : {"a", "b", "c", "d"}) world.downloaded(name);
    REQUIRE(world.events.count() == 4);
    REQUIRE_FALSE(world.events.broken_at());
    const auto [change, shows_at] = GENERATE(table<std::string, std::int64_t>({
        {"UPDATE event SET detail = '{}' WHERE id = 2", 2},
        {"UPDATE event SET at = at + 1 WHERE id = 3", 3},
        {"UPDATE event SET media_id = 1 WHERE id = 4", 4},
        {"DELETE FROM event WHERE id = 2", 3},
        {"DELETE FROM event WHERE id = 1", 2},
        {"UPDATE event SET hash = (SELECT hash FROM event WHERE id = 1) WHERE id = 2", 2},
    }));
    world.db.impl().run(change);
    CHECK(world.events.broken_at() == shows_at);
    CHECK(Upkeep(world.db).check().size() == 1);
}

TEST_CASE("history that was written anew in one place, with a hash that fits, shows in the next", "[events]") {
    World world, other;
    world.events.add({0, world.now(), {}, {}, {}, "nas_archive", "copy_lost", R"({"path":"a"})"});
    world.events.add({0, world.now(), {}, {}, {}, "nas_archive", "read_again", "{}"});
    other.events.add({0, world.now(), {}, {}, {}, "nas_archive", "copy_lost", R"({"path":"b"})"});
    world.db.impl().run("UPDATE event SET detail = '" + other.db.impl().text("SELECT detail FROM event WHERE id = 1") + "', hash = '" +
                        other.db.impl().text("SELECT hash FROM event WHERE id = 1") + "' WHERE id = 1");
    CHECK(world.events.broken_at() == 2);
}

}  // namespace mediaferry::media_db
