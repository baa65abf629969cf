// SPDX-License-Identifier: GPL-3.0-or-later
#include <barrier>
#include <catch2/catch.hpp>
#include <exception>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/reports.h"
#include "daemon/commands/db_commands.h"
#include "tests/support/temp_dir.h"

namespace mediaferry {

TEST_CASE("backups that are asked for in one second each come whole, under names of their own", "[db]") {
    test::TempDir dir;
    config::Settings settings;
    settings.database = dir / "media.db";
    media_db::MediaDb::open(settings.database);
    constexpr int people = 5;
    std::barrier together{people};
    std::vector<std::string> failures(people);
    std::vector<std::thread> threads;
    for (int number = 0; number < people; ++number) {
        threads.emplace_back([&, number] {
            std::ostringstream out, err;
            for (int times = 0; times < 4; ++times) {
                together.arrive_and_wait();
                try {
                    daemon::db_backup(settings, {}, false, Timestamp{std::chrono::seconds{1'700'000'000}}, out, err);
                } catch (const std::exception& error) {
                    failures[number] += error.what();
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& failure : failures) CHECK(failure == "");
    std::set<fs::path> made;
    for (const auto& entry : fs::directory_iterator(settings.state_directory() / "backups")) made.insert(entry.path());
    CHECK(made.size() == 4 * people);
    for (const auto& file : made) {
        CHECK(file.extension() == ".db");
        auto copy = media_db::MediaDb::open(file, media_db::Access::read_only);
        CHECK(media_db::Upkeep(copy).check().empty());
    }
}

}  // namespace mediaferry
