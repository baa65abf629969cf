// SPDX-License-Identifier: GPL-3.0-or-later
// What is asked a million times is served by an index.
#include <regex>

#include "tests/unit/media_db/world.h"

namespace mediaferry::media_db {

using namespace std::chrono_literals;

namespace {

/// Everything a stage, the daemon and `status` ask and write, once each, so that every prepared statement is known.
void use_everything(World& world) {
    const auto asset = world.listed("A", {"c1", "c2"});
    auto file = world.file("IMG_0001.HEIC", asset);
    file.resource = world.catalogue.resources(asset)[0].id;
    const auto photo = world.catalogue.take_in(file, world.now(), world.run);
    const auto other = world.downloaded("b.jpg");
    world.catalogue.take_in(file, world.now(), world.run);
    world.catalogue.see("me@example.com", "PrimarySync", {world.seen("A", {"c1", "c3"}, "t2")}, world.now());
    world.catalogue.finish_census("me@example.com", "PrimarySync", world.now() + 1h);
    world.catalogue.mark_listed(asset);
    world.catalogue.resources_with("c1");
    world.catalogue.resource_failed(world.catalogue.resources(asset).back().id, {"x", "y"}, world.now(), true);
    world.catalogue.missing_resources(world.now(), 10);
    world.catalogue.missing_count();
    world.catalogue.next_missing_due();
    world.catalogue.listed_assets();
    world.catalogue.items_of(asset);
    world.catalogue.item_with_content(file.sha256);
    world.catalogue.find("nothing/of/this/name");
    world.catalogue.set_local_path(photo, fs::path("/x/y"), world.now());
    world.catalogue.set_compressed(photo, {1}, "{}", world.now(), world.now());
    world.catalogue.set_flags(photo, true, true, true, true, world.now());
    world.catalogue.add_placeholder("p", photo, {1}, world.now());
    world.catalogue.is_placeholder("p");
    world.catalogue.placeholders_of(photo);
    world.catalogue.placeholder_owner("p");
    world.catalogue.remove_placeholder("p");
    world.catalogue.set_filed(asset, "t", world.now());
    world.catalogue.filed_assets();
    world.catalogue.set_hold(asset, Reason{"x", "y"});

    world.end(photo, "nas_archive", waits("x", world.now()));
    world.conveyor.claim("nas_archive", world.run, world.now(), 10);
    world.conveyor.sweep("nas_archive", {}, "x", world.now());
    world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 10);
    world.conveyor.put_back(world.run);
    world.conveyor.ready("nas_archive", world.now(), 10);
    world.conveyor.ready_count("nas_archive", world.now());
    world.conveyor.next_due("nas_archive");
    world.end(other, "nas_archive", person("x"));
    world.conveyor.attention(10);
    world.conveyor.release(other, world.now());
    world.conveyor.release_all(world.now());
    world.finish(photo, "nas_archive");
    world.conveyor.redo(photo, "nas_archive", world.now());
    for (const char* stage : {"nas_archive", "pixel_sync", "pixel_verify", "processing", "compress"}) world.finish(photo, stage);
    world.catalogue.reopen_aged(world.now());

    Copy copy;
    copy.media = photo;
    copy.place = Place::pixel;
    copy.path = "p";
    copy.proof = "staged";
    const auto id = world.evidence.add(copy);
    world.evidence.current(photo, Place::pixel);
    world.evidence.of(photo);
    world.evidence.proven(id, "delivered", world.now(), world.now(), "");
    world.evidence.checked(id, world.now());
    world.evidence.pixel_name_used("p");
    world.evidence.pixel_copies({"staged", "delivered"}, 5);
    world.evidence.pixel_copy_named("p");
    world.evidence.pixel_undelivered();
    world.evidence.at_path(Place::nas, "p");
    world.evidence.nas_copies("read_back", world.now(), 10);
    world.evidence.removed(id, world.now());
    world.catalogue.set_local_path(photo, std::nullopt, world.now());
    world.catalogue.set_deleted(asset, world.now());
    world.events.of(photo);
    world.events.count();

    Runs runs(world.db);
    const auto run = runs.begin("nas_archive", 1, 1, std::nullopt, world.now());
    runs.progress(run, {});
    runs.open("nas_archive");
    runs.latest("nas_archive");
    runs.latest_finished("nas_archive");
    runs.failures_in_a_row("nas_archive");
    runs.end(run, 0, std::nullopt, world.now());

    const Reports reports(world.db);
    reports.stages();
    reports.by_status();
    reports.waiting(5);
    reports.proofs();
    reports.assets();
    reports.resource_attention(5);
}

}  // namespace

TEST_CASE("no statement that is kept reads a whole table", "[queries]") {
    World world;
    use_everything(world);
    std::vector<std::string> statements;
    for (const auto& [sql, statement] : world.db.impl().statements) statements.push_back(sql);
    REQUIRE(statements.size() > 60);
    // `m`, `s`, … are the aliases that the statements use. A partial index that holds only what is asked for may be read in full.
    const std::regex scan(
        "SCAN (media|step|resource|copy|event|asset|run|m|s|r|c|a|o|t)\\b(?!.*INDEX (asset_listed|asset_filed|asset_deleted|asset_gone|asset_held))");
    for (const auto& sql : statements) {
        Query plan(world.db, "EXPLAIN QUERY PLAN " + sql, Keep::once);
        while (plan.next()) {
            const std::string line = plan.text(3);
            INFO(sql << "\n" << line);
            // max(id) and "last row" walk the table from its end and stop at the first row.
            if (sql.find("max(id)") != std::string::npos || sql.find("ORDER BY id DESC LIMIT 1") != std::string::npos) continue;
            CHECK_FALSE(std::regex_search(line, scan));
        }
    }
}

TEST_CASE("claims come in the order of the index, without sorting", "[queries]") {
    World world;
    world.downloaded("a.jpg");
    world.conveyor.claim("nas_archive", world.run, world.now(), 1);
    world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 1);
    world.catalogue.missing_resources(world.now(), 1);
    world.conveyor.attention(1);
    int seen = 0;
    for (const auto& [sql, statement] : world.db.impl().statements) {
        if (sql.find("ORDER BY s.not_before") == std::string::npos && sql.find("ORDER BY r.not_before") == std::string::npos &&
            sql.find("ORDER BY s.finished_at") == std::string::npos)
            continue;
        ++seen;
        Query plan(world.db, "EXPLAIN QUERY PLAN " + sql, Keep::once);
        while (plan.next()) {
            INFO(sql << "\n" << plan.text(3));
            CHECK(plan.text(3).find("TEMP B-TREE") == std::string::npos);
        }
    }
    CHECK(seen == 4);
}

TEST_CASE("a hundred thousand files are claimed, worked and counted", "[queries]") {
    constexpr int kFiles = 100000;
    World world;
    {
        Transaction transaction(world.db);
        world.db.impl().run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(kFiles) + R"()
            INSERT INTO media (filename, icloud_id, created_date, local_path, status, initial_size, current_size, last_updated, kind, sha256, apple_checksum, taken_at)
            SELECT 'IMG_' || i || '.HEIC', 'R' || i, '2023-11-14', '/b/' || i, 'downloaded', 1000, 1000, '2023-11-14', 'photo', printf('%064x', i), 'a' || i, 1700000000 + i FROM n)");
        Facts(world.db).forget("house");
        world.conveyor.set_house(house());
        transaction.commit();
    }
    CHECK(world.conveyor.ready_count("nas_archive", world.now()) == kFiles);
    const auto claims = world.conveyor.claim("nas_archive", world.run, world.now(), 500);
    REQUIRE(claims.size() == 500);
    CHECK(claims[0].item.filename == "IMG_100000.HEIC");
    CHECK(claims[499].item.filename == "IMG_99501.HEIC");
    Transaction transaction(world.db);
    for (const auto& claim : claims) world.conveyor.record(claim, {}, world.run, world.now());
    transaction.commit();
    CHECK(world.conveyor.claim_assets("pixel_sync", world.run, world.now(), 500).size() == 500);
    CHECK(world.conveyor.ready_count("nas_archive", world.now()) == kFiles - 500);
    CHECK(Reports(world.db).stages().at("nas_archive").done == 500);
    CHECK(world.catalogue.find("img_77777.heic").size() == 1);
    CHECK(Upkeep(world.db).check().empty());
}

}  // namespace mediaferry::media_db
