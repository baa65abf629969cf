// SPDX-License-Identifier: GPL-3.0-or-later
// What `mediaferry queue` moved to the archive's trash.
#include <catch2/catch.hpp>

#include "common/archive/archive.h"
#include "common/archive/known.h"
#include "common/files/files.h"
#include "common/media_db/queue.h"
#include "common/queue/trash.h"
#include "tests/support/house.h"

using namespace mediaferry;

namespace {

struct HouseWithTrash : test::House {
    HouseWithTrash() {
        fs::create_directories(nas());
        settings.archive.root = nas();
        archive::Archive::initialise(settings.archive, clock.now());
    }
    /// A file of somebody's own, moved to the trash now; where it lies.
    fs::path moved_to_trash(const std::string& name, const std::string& content) {
        test::write(nas() / name, content);
        const auto archive = archive::open_known(db(), settings.archive, clock.now());
        const auto digests = files::digest_bytes(content);
        REQUIRE_FALSE(queue::Trash(db(), archive, settings.archive.trash).take(name, digests.sha256, digests.size, clock.now()));
        return nas() / media_db::Queue(db()).trashed().back().path;
    }
};

}  // namespace

TEST_CASE("the archive's trash is emptied after thirty days of what the queue moved there, and of nothing else", "[cleanup]") {
    HouseWithTrash house;
    const auto old = house.moved_to_trash("2020/01/old.jpg", "old");
    const auto by_hand = test::write(old.parent_path() / "put here by a person.jpg", "mine");
    house.clock.advance(std::chrono::hours{24 * 20});
    const auto young = house.moved_to_trash("2020/01/young.jpg", "young");
    house.run("cleanup");
    CHECK(fs::exists(old));
    house.clock.advance(std::chrono::hours{24 * 11});
    house.run("cleanup");
    CHECK_FALSE(fs::exists(old));
    CHECK(fs::exists(by_hand));
    CHECK(fs::exists(young));
}

TEST_CASE("the trash keeps what is the only copy of a photo of the house on the NAS", "[cleanup]") {
    HouseWithTrash house;
    const auto path = house.moved_to_trash("scans/a.jpg", "a photo");
    test::Sample sample;
    sample.content = "a photo";
    house.downloaded("IMG_1.JPG", sample);
    house.clock.advance(std::chrono::hours{24 * 31});
    house.run("cleanup");
    CHECK(fs::exists(path));
}

TEST_CASE("the trash is kept as long as the config says", "[cleanup]") {
    HouseWithTrash house;
    const auto path = house.moved_to_trash("scans/a.jpg", "a");
    house.settings.workflow.trash_kept = std::chrono::hours{24 * 90};
    house.clock.advance(std::chrono::hours{24 * 89});
    house.run("cleanup");
    CHECK(fs::exists(path));
    house.settings.workflow.trash_kept = std::chrono::hours{24 * 88};
    house.run("cleanup");
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("with the NAS away, or the queue at work, the trash waits", "[cleanup]") {
    HouseWithTrash house;
    const auto path = house.moved_to_trash("a.jpg", "a");
    house.clock.advance(std::chrono::hours{24 * 31});
    fs::rename(house.nas() / archive::kMarkerName, house.dir / "marker");
    house.run("cleanup");
    CHECK(fs::exists(path));
    fs::rename(house.dir / "marker", house.nas() / archive::kMarkerName);
    {
        const auto at_work = files::Lock::try_take(queue::lock_file(house.settings.state_directory()));
        house.run("cleanup");
        CHECK(fs::exists(path));
    }
    house.run("cleanup");
    CHECK_FALSE(fs::exists(path));
}
