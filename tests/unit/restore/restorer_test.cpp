// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/restore/drill.h"
#include "common/restore/restorer.h"
#include "tests/unit/restore/archived_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using restore::Restored;
using test::ArchivedHouse;
using test::noise;
using test::read;
using test::Sample;

namespace {

struct Home : ArchivedHouse {
    fs::path to = dir / "restored";

    std::vector<Restored> restore(const std::vector<MediaId>& ids, bool with_nas = true, restore::Wish wish = {}) {
        wish.to = to;
        auto* const nas = with_nas ? &*archive : nullptr;
        restore::Sources sources{db(), settings, clock, nas, dir / "scratch", {}};
        restore::Restorer restorer{db(), settings, nas, sources, wish, {}};
        std::vector<media_db::MediaItem> items;
        for (const auto id : ids) items.push_back(item(id));
        return restorer.photo(items);
    }
};

}  // namespace

TEST_CASE("a live pair comes back together, with its names and times", "[restore]") {
    Home home;
    Sample still{.content = noise(3000, 1)}, movie{.content = noise(4000, 2), .kind = MediaKind::video, .resource = ResourceKind::live_movie};
    const auto asset = home.asset("LIVE", "IMG_1.HEIC");
    still.asset = movie.asset = asset;
    const auto a = home.archived("IMG_1.HEIC", still), b = home.archived("IMG_1.MOV", movie);
    home.release(a);
    home.release(b);
    const auto result = home.restore({a, b});
    CHECK(result[0].how == Restored::How::written);
    CHECK(result[0].from == "the NAS");
    CHECK(home.below(home.to) == std::vector<std::string>{"2024/06/IMG_1.HEIC", "2024/06/IMG_1.MOV"});
    CHECK(read(home.to / "2024/06/IMG_1.MOV") == movie.content);
    CHECK(fs::last_write_time(home.to / "2024/06/IMG_1.MOV") == still.taken.time_since_epoch().count());
}

TEST_CASE("a second restore changes nothing; other files there are left, the pair is numbered beside them", "[restore]") {
    Home home;
    const auto photo = home.archived("IMG_1.JPG");
    test::write(home.to / "2024/06/IMG_1.JPG", "somebody else's");
    CHECK(home.restore({photo})[0].path == fs::path("2024/06/IMG_1-2.JPG"));
    const auto before = fs::last_write_time(home.to / "2024/06/IMG_1-2.JPG");
    CHECK(home.restore({photo})[0].how == Restored::How::there);
    CHECK(home.below(home.to) == std::vector<std::string>{"2024/06/IMG_1-2.JPG", "2024/06/IMG_1.JPG"});
    CHECK(read(home.to / "2024/06/IMG_1.JPG") == "somebody else's");
    CHECK(fs::last_write_time(home.to / "2024/06/IMG_1-2.JPG") == before);
}

TEST_CASE("what an interrupted restore left is met again and does not stay", "[restore]") {
    Home home;
    const auto photo = home.archived("IMG_1.JPG");
    const auto part = ".mediaferry-" + to_hex(home.item(photo).sha256).substr(0, 16) + ".part";
    test::write(home.to / "2024/06" / part, "half of it");
    home.restore({photo});
    CHECK(home.below(home.to) == std::vector<std::string>{"2024/06/IMG_1.JPG"});
}

TEST_CASE("with the NAS away, or its copy rotten, what is at home is taken", "[restore]") {
    Home home;
    const auto photo = home.archived("IMG_1.JPG");
    const bool away = GENERATE(true, false);
    if (!away) home.rot(home.on_nas(photo));
    const auto result = home.restore({photo}, !away);
    CHECK(result[0].from == "the original at home");
    CHECK(read(home.to / "2024/06/IMG_1.JPG") == Sample{}.content);
}

TEST_CASE("a file without any right copy is told, and no wrong one is written", "[restore]") {
    Home home;
    const auto photo = home.archived("IMG_1.JPG");
    home.rot(home.on_nas(photo));
    home.rot(*home.item(photo).local_path);
    const auto result = home.restore({photo});
    CHECK(result[0].how == Restored::How::failed);
    CHECK(result[0].reason->code == "restore.no_source");
    CHECK(home.below(home.to).empty());
}

TEST_CASE("a rehearsed restore writes nothing", "[restore]") {
    Home home;
    const auto photo = home.archived("IMG_1.JPG");
    restore::Wish wish;
    wish.dry_run = true;
    CHECK(home.restore({photo}, true, wish)[0].how == Restored::How::would);
    CHECK_FALSE(fs::exists(home.to));
}

TEST_CASE("small copies come back as they were made, or not at all", "[restore]") {
    Home home;
    const auto photo = home.archived("IMG_1.HEIC");
    const auto content = noise(800, 7);
    const auto digests = files::digest_bytes(content);
    test::write(home.folder("library") / "2024/06/IMG_1.jpg", content);
    media_db::Copy copy;
    copy.media = photo;
    copy.place = Place::library;
    copy.path = "2024/06/IMG_1.jpg";
    copy.sha256 = digests.sha256;
    copy.size = digests.size;
    copy.proof = "decoded";
    copy.written = home.clock.now();
    media_db::Evidence(home.db()).add(copy);
    restore::Wish wish;
    wish.small_copies = true;
    SECTION("as they were") {
        home.restore({photo}, true, wish);
        CHECK(read(home.to / "2024/06/IMG_1.jpg") == content);
    }
    SECTION("rotten") {
        home.rot(home.folder("library") / "2024/06/IMG_1.jpg");
        CHECK(home.restore({photo}, true, wish)[0].reason->code == "restore.damaged");
        CHECK(home.below(home.to).empty());
    }
}

TEST_CASE("a drill restores what it draws from the NAS alone, leaves nothing behind and is remembered", "[drill]") {
    Home home;
    for (unsigned i = 0; i < 6; ++i) home.archived("IMG_" + std::to_string(i) + ".JPG", {.content = noise(1000, i)});
    const auto ground = home.dir / "drill";
    CHECK_FALSE(restore::drill_nudge(home.db(), home.settings, home.clock.now()).empty());
    const auto passed = restore::drill(home.db(), home.settings, home.clock, *home.archive, 4, 11, ground, {});
    CHECK(passed.passed());
    CHECK(passed.files == 4);
    CHECK_FALSE(fs::exists(ground));
    CHECK(restore::last_good_drill(home.db()) == home.clock.now());
    CHECK(restore::drill_nudge(home.db(), home.settings, home.clock.now() + 89 * 24h).empty());
    CHECK_FALSE(restore::drill_nudge(home.db(), home.settings, home.clock.now() + 91 * 24h).empty());
}

TEST_CASE("a drill finds a rotten copy although the original at home is good, and does not count as a good one", "[drill]") {
    Home home;
    const auto photo = home.archived("IMG_1.JPG");
    home.rot(home.on_nas(photo));
    const auto failed = restore::drill(home.db(), home.settings, home.clock, *home.archive, 5, 1, home.dir / "drill", {});
    CHECK(failed.files == 1);
    CHECK(failed.bad.size() == 1);
    CHECK_FALSE(restore::last_good_drill(home.db()));
    CHECK_FALSE(fs::exists(home.dir / "drill"));
}
