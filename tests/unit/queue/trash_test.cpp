// SPDX-License-Identifier: GPL-3.0-or-later
// A real archive, a real media.db.
#include "common/queue/trash.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "common/archive/known.h"
#include "common/errors/errors.h"
#include "common/media_db/evidence.h"
#include "common/queue/transfer.h"
#include "tests/support/house.h"

using namespace mediaferry;
using namespace mediaferry::queue;

namespace {

void write_file(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path.string(), std::ios::binary) << content;
}

struct TrashHouse {
    test::House house;
    std::optional<archive::Archive> archive;
    std::optional<Trash> trash;

    TrashHouse() {
        fs::create_directories(house.nas());
        house.settings.archive.root = house.nas();
        archive::Archive::initialise(house.settings.archive, house.clock.now());
        archive.emplace(archive::open_known(house.db(), house.settings.archive, house.clock.now()));
        trash.emplace(house.db(), *archive, "_Trash");
    }
    std::optional<Reason> take(const std::string& path, const std::string& content) {
        const auto digests = files::digest_bytes(content);
        return trash->take(path, digests.sha256, digests.size, house.clock.now());
    }
    std::vector<media_db::Trashed> lying() { return media_db::Queue(house.db()).trashed(); }
    void counts_as_copy(MediaId item, const std::string& path, const std::string& content) {
        const auto digests = files::digest_bytes(content);
        media_db::Copy copy;
        copy.media = item;
        copy.place = Place::nas;
        copy.path = path;
        copy.sha256 = digests.sha256;
        copy.size = digests.size;
        copy.proof = "read_back";
        copy.written = house.clock.now();
        copy.proven = copy.checked = house.clock.now();
        media_db::Evidence(house.db()).add(copy);
    }
};

std::string code(const std::optional<Reason>& reason) { return reason ? reason->code : ""; }

}  // namespace

TEST_CASE("a file goes to the trash by its name alone and comes back to where it was", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "2020/01/a.jpg", "a");
    struct stat before {
    }, after{};
    ::stat((at.house.nas() / "2020/01/a.jpg").c_str(), &before);
    CHECK(code(at.take("2020/01/a.jpg", "a")).empty());
    CHECK_FALSE(fs::exists(at.house.nas() / "2020/01/a.jpg"));
    const auto lying = at.lying();
    REQUIRE(lying.size() == 1);
    CHECK(lying[0].path == fs::path("_Trash") / to_compact(at.house.clock.now()) / "2020/01/a.jpg");
    CHECK(lying[0].original == "2020/01/a.jpg");
    ::stat((at.house.nas() / lying[0].path).c_str(), &after);
    CHECK(before.st_ino == after.st_ino);
    CHECK(code(at.trash->put_back(lying[0], at.house.clock.now())).empty());
    ::stat((at.house.nas() / "2020/01/a.jpg").c_str(), &after);
    CHECK(before.st_ino == after.st_ino);
    CHECK(at.lying().empty());
}

TEST_CASE("two files of one name in one second both keep their place in the trash", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "a.jpg", "first");
    CHECK(code(at.take("a.jpg", "first")).empty());
    write_file(at.house.nas() / "a.jpg", "second");
    CHECK(code(at.take("a.jpg", "second")).empty());
    REQUIRE(at.lying().size() == 2);
    CHECK(files::digest_file(at.house.nas() / at.lying()[0].path) == files::digest_bytes("first"));
    CHECK(files::digest_file(at.house.nas() / at.lying()[1].path) == files::digest_bytes("second"));
}

TEST_CASE("a file that a killed run had noted and not yet moved goes to the trash under a name of its own", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "a.jpg", "a");
    const auto noted = fs::path("_Trash") / to_compact(at.house.clock.now()) / "a.jpg";
    media_db::Queue(at.house.db()).add_trashed({0, noted, "a.jpg", files::digest_bytes("a").sha256, {1}, at.house.clock.now()});
    CHECK(code(at.take("a.jpg", "a")).empty());
    CHECK_FALSE(fs::exists(at.house.nas() / "a.jpg"));
    CHECK_FALSE(fs::exists(at.house.nas() / noted));
    REQUIRE(at.lying().size() == 2);
    CHECK(fs::exists(at.house.nas() / at.lying()[1].path));
}

TEST_CASE("what lies under the old name now is not overwritten by what comes back", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "a.jpg", "old");
    CHECK(code(at.take("a.jpg", "old")).empty());
    write_file(at.house.nas() / "a.jpg", "new");
    CHECK(code(at.trash->put_back(at.lying()[0], at.house.clock.now())) == "queue.name_taken");
    CHECK(files::digest_file(at.house.nas() / "a.jpg") == files::digest_bytes("new"));
    CHECK(at.lying().size() == 1);
}

TEST_CASE("a copy that media.db counts on is not moved", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "2024/06/IMG.JPG", "photo");
    test::Sample sample;
    sample.content = "photo";
    at.counts_as_copy(at.house.downloaded("IMG.JPG", sample), "2024/06/IMG.JPG", "photo");
    CHECK(code(at.take("2024/06/IMG.JPG", "photo")) == "queue.archived");
    CHECK(fs::exists(at.house.nas() / "2024/06/IMG.JPG"));
    CHECK(at.lying().empty());
}

TEST_CASE("the trash keeps the last copy of a photo of the house and gives up what lies on the NAS elsewhere", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "scans/a.jpg", "photo");
    CHECK(code(at.take("scans/a.jpg", "photo")).empty());
    const auto lying = at.lying();
    test::Sample sample;
    sample.content = "photo";
    const auto item = at.house.downloaded("IMG.JPG", sample);
    CHECK(code(at.trash->empty(lying[0], at.house.clock.now())) == "queue.last_copy");
    at.counts_as_copy(item, "2024/06/IMG.JPG", "photo");
    CHECK(code(at.trash->empty(lying[0], at.house.clock.now())) == "queue.last_copy");  // media.db says so, the NAS has it not
    CHECK(fs::exists(at.house.nas() / lying[0].path));
    write_file(at.house.nas() / "2024/06/IMG.JPG", "photo");
    CHECK(code(at.trash->empty(lying[0], at.house.clock.now())).empty());
    CHECK_FALSE(fs::exists(at.house.nas() / lying[0].path));
    CHECK(fs::exists(at.house.nas() / "_Trash"));
    CHECK(at.lying().empty());
}

TEST_CASE("a file that is not the one that was moved stays in the trash", "[queue]") {
    TrashHouse at;
    write_file(at.house.nas() / "a.jpg", "old");
    CHECK(code(at.take("a.jpg", "old")).empty());
    const auto lying = at.lying();
    write_file(at.house.nas() / lying[0].path, "longer than it was");
    CHECK(code(at.trash->empty(lying[0], at.house.clock.now())) == "queue.changed");
    CHECK(fs::exists(at.house.nas() / lying[0].path));
}

TEST_CASE("a file that changes while it is read has no hash", "[queue]") {
    test::TempDir dir;
    write_file(dir / "IMG_1.JPG", std::string(3 << 20, 'a'));
    const auto tree = files::Tree::open(dir.path());
    CHECK(digest_here(tree, "IMG_1.JPG", {}) == files::digest_bytes(std::string(3 << 20, 'a')).sha256);
    int blocks = 0;
    const auto somebody_writes = [&] {
        if (++blocks == 2) std::ofstream((dir / "IMG_1.JPG").string(), std::ios::binary | std::ios::app) << "more";
        return false;
    };
    try {
        digest_here(tree, "IMG_1.JPG", somebody_writes);
        FAIL("it was given a hash");
    } catch (const TransientError& error) {
        CHECK(error.code() == "file.changed");
    }
}
