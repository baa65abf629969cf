// SPDX-License-Identifier: GPL-3.0-or-later
// One canary, whoever comes at once and whoever died before: two runs of the house (pixel_sync, pixel_verify) make it.
#include <barrier>
#include <catch2/catch.hpp>
#include <exception>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/files/files.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"
#include "common/syncthing/canary.h"
#include "tests/support/house.h"
#include "tests/support/syncthing_pair.h"

namespace mediaferry {
namespace {

struct Outbox {
    test::House house;
    test::SyncthingPair pair{house.dir / "syncthing", house.settings.folders.pixel_sync};
    Outbox() { pair.tell(house.settings); }

    std::set<std::string> canaries() const {
        std::set<std::string> found;
        for (const auto& entry : fs::directory_iterator(house.settings.folders.pixel_sync))
            if (const auto name = entry.path().filename().string(); name.starts_with("mediaferry-canary")) found.insert(name);
        return found;
    }
    fs::path at(const std::string& name) const { return house.settings.folders.pixel_sync / name; }
    std::string ensured() {
        syncthing::Road road{house.settings};
        return syncthing::ensure_canary(house.db(), road, house.clock.now());
    }
    std::int64_t events() { return media_db::Events{house.db()}.count(); }
};

}  // namespace

TEST_CASE("runs that start at once make one canary, and each of them goes on", "[pixel_sync]") {
    Outbox outbox;
    constexpr int runs = 6;
    auto& house = outbox.house;
    const auto file = house.db().file();
    const auto now = house.clock.now();
    for (int times = 0; times < 8; ++times) {
        std::barrier together{runs};
        std::vector<std::string> names(runs), failures(runs);
        std::vector<std::thread> threads;
        for (int number = 0; number < runs; ++number) {
            threads.emplace_back([&, number] {
                try {
                    auto db = media_db::MediaDb::open(file);
                    syncthing::Road road{house.settings};
                    together.arrive_and_wait();
                    names[number] = syncthing::ensure_canary(db, road, now);
                } catch (const std::exception& error) {
                    failures[number] = error.what();
                }
            });
        }
        for (auto& thread : threads) thread.join();
        for (const auto& failure : failures) CHECK(failure.empty());
        REQUIRE(outbox.canaries().size() == 1);
        for (const auto& name : names) CHECK(name == *outbox.canaries().begin());
        // A house that has none yet: neither in its folder nor in media.db. Syncthing remembers the name, so the next is a new one.
        fs::remove(outbox.at(names[0]));
        media_db::Facts{house.db()}.forget("pixel.canary");
    }
}

TEST_CASE("a canary whose run died before it was written down is the canary", "[pixel_sync]") {
    Outbox outbox;
    auto& house = outbox.house;
    CHECK(outbox.ensured() == "mediaferry-canary.txt");

    SECTION("at the first start") {
        media_db::Facts{house.db()}.forget("pixel.canary");
        CHECK(outbox.ensured() == "mediaferry-canary.txt");
    }
    SECTION("at the end of an alarm, which ends with it") {
        syncthing::raise_canary_alarm(house.db(), "IMG_1.AAE", house.clock.now());
        fs::rename(outbox.at("mediaferry-canary.txt"), outbox.at("mediaferry-canary-2.txt"));
        house.clock.advance(std::chrono::seconds{5});
        const auto before = outbox.events();
        CHECK(outbox.ensured() == "mediaferry-canary-2.txt");
        CHECK_FALSE(syncthing::canary_alarm(house.db()));
        CHECK(syncthing::distrusted_since(house.db()) == house.clock.now());
        CHECK(outbox.events() == before + 1);
    }
    const auto before = outbox.events();
    outbox.ensured();
    CHECK(outbox.canaries().size() == 1);
    CHECK(outbox.events() == before);
}

}  // namespace mediaferry
