// SPDX-License-Identifier: GPL-3.0-or-later
// Files that somebody writes to while the queue carries them. A real archive.
#include "common/queue/transfer.h"

#include <catch2/catch.hpp>

#include "common/archive/known.h"
#include "tests/support/house.h"

using namespace mediaferry;

namespace {

struct Carrying {
    test::House house;
    fs::path here = house.folder("here");
    std::optional<archive::Archive> archive;
    std::optional<archive_index::Index> index;

    Carrying() {
        fs::create_directories(here);
        fs::create_directories(house.nas());
        house.settings.archive.root = house.nas();
        archive::Archive::initialise(house.settings.archive, house.clock.now());
        archive.emplace(archive::open_known(house.db(), house.settings.archive, house.clock.now()));
        index.emplace(archive_index::Index::open(house.folder("index.db")));
    }

    /// The code of the trouble when `meddle` happens once, in the middle.
    template <class Carry>
    std::string trouble(Carry&& carry, std::function<void()> meddle) {
        const auto local = files::Tree::open(here);
        const auto once = [&] {
            if (meddle) std::exchange(meddle, nullptr)();
        };
        const queue::Sides sides{local, *archive, *index, {}, [&](Bytes) { once(); }};
        try {
            carry(sides);
        } catch (const TransientError& error) {
            return error.code();
        }
        return "";
    }
};

const std::string kBytes = test::noise(3 << 20, 1);

}  // namespace

TEST_CASE("a file of the archive that is written to while it is pulled does not come", "[queue]") {
    Carrying at;
    const auto there = test::write(at.house.nas() / "2020/clip.mov", kBytes);
    test::write(at.house.nas() / "2020/beside.jpg", "nobody touches this one");
    const auto pull = [&](const queue::Sides& sides) {
        const auto pulled = queue::pull(sides, {"2020/clip.mov", "2020/beside.jpg"});
        CHECK_FALSE(pulled[1].failed);
        CHECK(test::read(at.here / "2020/beside.jpg") == "nobody touches this one");
        fs::remove(at.here / "2020/beside.jpg");
        if (pulled[0].failed) std::rethrow_exception(pulled[0].failed);
        CHECK_FALSE(pulled[0].reason);
    };
    std::function<void()> meddle;
    SECTION("at its end") {
        meddle = [&] { test::write(there, kBytes + "more"); };
    }
    SECTION("where it was read already") {
        meddle = [&] { test::write(there, "?" + kBytes.substr(1)); };
    }
    CHECK(at.trouble(pull, meddle) == "file.changed");
    CHECK_FALSE(fs::exists(at.here / "2020/clip.mov"));

    CHECK(at.trouble(pull, {}).empty());  // now that nobody does
    CHECK(test::read(at.here / "2020/clip.mov") == test::read(there));
}

TEST_CASE("of several that are pulled each counts by itself", "[queue]") {
    Carrying at;
    for (const char* name : {"2020/rotten.jpg", "2020/taken.jpg", "2020/good.jpg", "2021/good.jpg"}) test::write(at.house.nas() / name, kBytes);
    test::write(at.here / "2020/taken.jpg", "a person's");
    const auto status = *at.archive->tree().status("2020/rotten.jpg");
    archive_index::Index::Change change{*at.index};
    at.index->put({"2020/rotten.jpg", {kBytes.size()}, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_ino,
                   files::digest_bytes("what it was").sha256, at.house.clock.now(), at.house.clock.now(), archive_index::Class::foreign});
    change.commit();

    const auto local = files::Tree::open(at.here);
    const auto pulled = queue::pull({local, *at.archive, *at.index, {}, {}}, {"2020/rotten.jpg", "2020/taken.jpg", "2020/gone.jpg", "2020/good.jpg", "2021/good.jpg"});
    CHECK_THROWS_AS(std::rethrow_exception(pulled.at(0).failed), TransientError);
    CHECK(pulled.at(1).reason.value().code == "queue.differs");
    CHECK(pulled.at(2).reason.value().code == "queue.gone");
    for (const std::size_t good : {3, 4}) CHECK((!pulled.at(good).failed && !pulled.at(good).reason));
    CHECK(test::read(at.here / "2020/good.jpg") == kBytes);
    CHECK(test::read(at.here / "2021/good.jpg") == kBytes);
    CHECK(test::read(at.here / "2020/taken.jpg") == "a person's");
    CHECK(std::distance(fs::recursive_directory_iterator{at.here}, {}) == 5);  // no unfinished one stays
}

TEST_CASE("a file here that is written to while it is pushed does not get to the archive", "[queue]") {
    Carrying at;
    const auto here = test::write(at.here / "2020/clip.mov", kBytes);
    test::write(at.here / "2020/beside.jpg", "nobody touches this one");
    const auto push = [&](const queue::Sides& sides) {
        const auto pushed = queue::push(sides, {"2020/clip.mov", "2020/beside.jpg"}, at.house.clock.now());
        CHECK_FALSE(pushed[1].failed);
        CHECK_FALSE(pushed[1].reason);
        if (pushed[0].failed) std::rethrow_exception(pushed[0].failed);
        CHECK(pushed[0].row);
    };

    CHECK(at.trouble(push, [&] { test::write(here, kBytes.substr(0, kBytes.size() - 1) + "?"); }) == "file.changed");
    CHECK_FALSE(fs::exists(at.house.nas() / "2020/clip.mov"));
    CHECK(test::read(at.house.nas() / "2020/beside.jpg") == "nobody touches this one");

    CHECK(at.trouble(push, {}).empty());
    CHECK(test::read(at.house.nas() / "2020/clip.mov") == test::read(here));
}

TEST_CASE("the hash of a file that is written to while it is read is nobody's", "[queue]") {
    Carrying at;
    const auto here = test::write(at.here / "clip.mov", kBytes);
    bool meddled = false;
    const auto digest = [&](const queue::Sides& sides) {
        queue::digest_here(sides.local, "clip.mov", [&] {
            if (!std::exchange(meddled, true)) test::write(here, kBytes + "more");
            return false;
        });
    };
    CHECK(at.trouble(digest, {}) == "file.changed");
    CHECK(at.trouble(digest, {}).empty());
}
