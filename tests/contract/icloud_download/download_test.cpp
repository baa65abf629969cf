// SPDX-License-Identifier: GPL-3.0-or-later
// What icloud_download makes of what icloudpd brings and of what iCloud lists.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/files/files.h"
#include "tests/support/icloud_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using test::IcloudHouse;
using test::noise;
using test::read;

namespace {

constexpr auto kStage = "icloud_download";
std::string jpeg(unsigned seed, std::size_t size = 20'000) { return "\xff\xd8\xff\xe1" + noise(size, seed); }

std::vector<media_db::MediaItem> named(IcloudHouse& house, const std::string& filename) { return media_db::Catalogue(house.db()).find(filename); }

AssetId asset_of(IcloudHouse& house, const std::string& key) {
    return media_db::Catalogue(house.db()).asset_named(house.settings.icloud.username, "PrimarySync", house.apple.asset(key).at("name"))->id;
}

/// Everything below a folder: name, size, modification time.
std::vector<std::string> tree(const fs::path& root) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (fs::is_regular_file(entry.path()))
            found.push_back(entry.path().lexically_relative(root).string() + " " + std::to_string(fs::file_size(entry.path())) + " " +
                            std::to_string(fs::last_write_time(entry.path())));
    std::sort(found.begin(), found.end());
    return found;
}

bool census_complete(IcloudHouse& house) { return nlohmann::json::parse(media_db::Facts(house.db()).get("census").value()).at("complete"); }

}  // namespace

TEST_CASE("What arrives whole is taken in, a placeholder stays, and a second run changes nothing", "[icloud_download]") {
    IcloudHouse house;
    const auto still = jpeg(1), movie = noise(30'000, 2), single = jpeg(3);
    house.apple.add("IMG_0001", {{"original", still}, {"live_movie", movie}}, 1);
    house.apple.add("IMG_0002", {{"original", single}}, 2);
    house.bring("2024/05/IMG_0001_QVVlbzc.JPG", still);
    house.bring("2024/05/IMG_0001_QVVlbzc.MOV", movie);
    house.bring("2024/05/IMG_0002_QVZwSmo.JPG", single);
    REQUIRE(house.run(kStage).exit_code == 0);

    const auto items = media_db::Catalogue(house.db()).items_of(asset_of(house, "IMG_0001"));
    REQUIRE(items.size() == 2);
    for (const auto& item : items) {
        CHECK(item.live_pair);
        CHECK(item.status == "downloaded");
        CHECK(item.local_path->parent_path() == house.folder("backup") / "2024" / "05");
        CHECK(read(*item.local_path) == (item.resource == ResourceKind::original ? still : movie));
        CHECK(Timestamp{std::chrono::seconds{fs::last_write_time(*item.local_path)}} == item.taken);
    }
    CHECK(named(house, "IMG_0001.MOV").size() == 1);
    REQUIRE(named(house, "IMG_0002.JPG").size() == 1);
    CHECK(read(*named(house, "IMG_0002.JPG")[0].local_path) == single);
    for (const auto* name : {"2024/05/IMG_0001_QVVlbzc.JPG", "2024/05/IMG_0001_QVVlbzc.MOV", "2024/05/IMG_0002_QVZwSmo.JPG"})
        CHECK(files::looks_like_placeholder(house.folder("incoming") / name));
    CHECK(fs::file_size(house.folder("incoming") / "2024/05/IMG_0001_QVVlbzc.MOV") == movie.size());
    CHECK(house.apple.downloads() == 0);

    const auto before = tree(house.dir / "media");
    const auto events = media_db::Events(house.db()).count();
    house.clock.advance(24h);
    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(tree(house.dir / "media") == before);
    CHECK(media_db::Events(house.db()).count() == events);
    CHECK(house.apple.downloads() == 0);
}

TEST_CASE("What arrives damaged is set aside and fetched anew by our own client", "[icloud_download]") {
    IcloudHouse house;
    const auto cut = jpeg(1), flipped = jpeg(2), page = jpeg(3), empty = jpeg(4);
    house.apple.add("cut", {{"original", cut}}, 1);
    house.apple.add("flipped", {{"original", flipped}}, 2);
    house.apple.add("page", {{"original", page}}, 3);
    house.apple.add("empty", {{"original", empty}}, 4);
    auto bad = flipped;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    house.bring("2024/05/cut_A.JPG", cut.substr(0, 5000));
    house.bring("2024/05/flipped_A.JPG", bad);
    house.bring("2024/05/page_A.JPG", "<!DOCTYPE html><html><body>Service unavailable</body></html>");
    house.bring("2024/05/empty_A.JPG", "");
    REQUIRE(house.run(kStage).exit_code == 0);

    CHECK(read(*named(house, "cut.JPG").at(0).local_path) == cut);
    CHECK(read(*named(house, "flipped.JPG").at(0).local_path) == flipped);
    CHECK(read(*named(house, "page.JPG").at(0).local_path) == page);
    CHECK(read(*named(house, "empty.JPG").at(0).local_path) == empty);
    std::map<std::string, std::string> reasons;
    for (const auto& one : media_db::Catalogue(house.db()).set_aside()) {
        reasons[one.found.filename().string()] = one.reason.code;
        CHECK(fs::exists(one.path));
        CHECK(files::looks_like_placeholder(house.folder("incoming") / one.found));
    }
    CHECK(reasons == std::map<std::string, std::string>{{"cut_A.JPG", "download.mismatch"},
                                                        {"flipped_A.JPG", "download.mismatch"},
                                                        {"page_A.JPG", "download.page"},
                                                        {"empty_A.JPG", "download.empty"}});
    CHECK(house.apple.downloads() == 4);

    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(media_db::Catalogue(house.db()).set_aside().size() == 4);
    CHECK(house.apple.downloads() == 4);
}

TEST_CASE("What was being set aside by a run that died is set aside once", "[icloud_download]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", jpeg(1)}});
    const auto bad = jpeg(1).substr(0, 5000);
    house.bring("2024/05/bad_A.JPG", bad);
    REQUIRE(house.run(kStage).exit_code == 0);
    media_db::Catalogue rows(house.db());
    const auto before = rows.set_aside().at(0);
    // The death was before the placeholder; icloudpd brings it again, unless it had not been moved yet.
    rows.remove_placeholder("2024/05/bad_A.JPG");
    fs::remove(house.folder("incoming") / "2024/05/bad_A.JPG");
    SECTION("between the row and the move") { fs::rename(before.path, house.folder("incoming") / "2024/05/bad_A.JPG"); }
    SECTION("between the move and the placeholder") {}
    house.clock.advance(24h);
    REQUIRE(house.run(kStage).exit_code == 0);
    REQUIRE(rows.set_aside().size() == 1);
    CHECK(rows.set_aside().at(0).path == before.path);
    CHECK(read(before.path) == bad);
    CHECK(tree(house.folder("trash")).size() == 1);
    CHECK(files::looks_like_placeholder(house.folder("incoming") / "2024/05/bad_A.JPG"));
}

TEST_CASE("What icloudpd never brings is fetched, and icloudpd is kept from fetching it later", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1), edit = jpeg(2), movie = noise(9'000, 3);
    house.apple.add("IMG_0001", {{"original", photo}, {"edited", edit}, {"edited_movie", movie}});
    house.icloudpd_says("Apple iCloud is temporary refusing to serve icloudpd");
    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(read(*named(house, "IMG_0001.JPG").at(0).local_path) == photo);
    CHECK(read(*named(house, "IMG_0001-adjusted.JPG").at(0).local_path) == edit);
    CHECK(read(*named(house, "IMG_0001-adjusted.MOV").at(0).local_path) == movie);
    CHECK(house.apple.downloads() == 3);
    CHECK(files::looks_like_placeholder(house.folder("incoming") / "2024/05/IMG_0001-adjusted.JPG"));
    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(house.apple.downloads() == 3);
}

TEST_CASE("A file that iCloud never gives needs a person in the end, and holds up no other", "[icloud_download]") {
    IcloudHouse house;
    house.settings.retry.attempts = 3;
    const auto raw = noise(9'000, 2);
    house.apple.add("raw", {{"original", jpeg(1)}, {"alternative", raw}}, 2);
    house.apple.add("older", {{"original", jpeg(3)}}, 1);
    house.apple.fault({{"checksum", files::digest_bytes(raw).apple_checksum}, {"status", 404}, {"times", 0}});
    CHECK(house.run(kStage).exit_code == 1);
    CHECK(named(house, "raw.JPG").size() == 1);
    CHECK(named(house, "older.JPG").size() == 1);
    const auto resource = [&] {
        for (const auto& one : media_db::Catalogue(house.db()).resources(asset_of(house, "raw")))
            if (one.kind == ResourceKind::alternative) return one;
        throw std::logic_error("no RAW listed");
    };
    CHECK(resource().state == "missing");
    CHECK(resource().reason->code == "icloud.url_expired");
    CHECK(resource().not_before > house.clock.now());
    for (int i = 0; i < 2; ++i) {
        house.clock.advance(24h);
        house.run(kStage);
    }
    CHECK(resource().state == "attention");
    const auto downloads = house.apple.downloads();
    house.clock.advance(24h);
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(house.apple.downloads() == downloads);

    // The person says: once more; and Apple has it again.
    house.apple.call("reset_faults");
    CHECK(media_db::Conveyor(house.db()).release(named(house, "raw.JPG").at(0).id, house.clock.now()));
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(resource().state == "taken");
}

TEST_CASE("One file that is answered with 503 starves no older one and is never given up", "[icloud_download]") {
    IcloudHouse house;
    house.settings.retry.attempts = 1;
    const auto newest = jpeg(1);
    house.apple.add("newest", {{"original", newest}}, 3);
    house.apple.add("middle", {{"original", jpeg(2)}}, 2);
    house.apple.add("oldest", {{"original", jpeg(3)}}, 1);
    house.apple.fault({{"checksum", files::digest_bytes(newest).apple_checksum}, {"status", 503}, {"times", 0}});
    house.run(kStage);
    CHECK(named(house, "middle.JPG").size() == 1);
    CHECK(named(house, "oldest.JPG").size() == 1);
    const auto waiting = media_db::Catalogue(house.db()).resources(asset_of(house, "newest")).at(0);
    CHECK(waiting.state == "missing");
    CHECK(waiting.not_before > house.clock.now());
}

TEST_CASE("iCloud turning away one download after the other ends the run", "[icloud_download]") {
    IcloudHouse house;
    for (int i = 1; i <= 6; ++i) house.apple.add("IMG_" + std::to_string(i), {{"original", jpeg(static_cast<unsigned>(i))}}, i);
    house.apple.fault({{"match", "cvws.icloud-content.com"}, {"status", 503}, {"times", 0}});
    CHECK(house.run(kStage).exit_code == 69);
    CHECK(house.apple.downloads() == 3);
}

TEST_CASE("Two assets on one master get a file each from one download", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1);
    house.apple.add("IMG_0001", {{"original", photo}});
    house.apple.add_described({{"key", "copy"}, {"same_master_as", "IMG_0001"}, {"filename", "IMG_0001.JPG"}, {"date", 1714651200000}}, {});
    house.bring("2024/05/IMG_0001_A.JPG", photo);
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto one = media_db::Catalogue(house.db()).items_of(asset_of(house, "IMG_0001"));
    const auto two = media_db::Catalogue(house.db()).items_of(asset_of(house, "copy"));
    REQUIRE(one.size() == 1);
    REQUIRE(two.size() == 1);
    CHECK(*one[0].local_path != *two[0].local_path);
    CHECK(read(*one[0].local_path) == photo);
    CHECK(read(*two[0].local_path) == photo);
    CHECK(house.apple.downloads() == 0);
}

TEST_CASE("A second asset on a master whose file rotted at home is fetched", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1);
    house.apple.add("IMG_0001", {{"original", photo}});
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto first = named(house, "IMG_0001.JPG").at(0);
    auto rotten = photo;
    rotten[rotten.size() / 2] = static_cast<char>(rotten[rotten.size() / 2] ^ 1);
    test::write(*first.local_path, rotten);
    house.apple.add_described({{"key", "copy"}, {"same_master_as", "IMG_0001"}, {"filename", "IMG_0001.JPG"}, {"date", 1714651200000}}, {});
    house.clock.advance(24h);
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto second = media_db::Catalogue(house.db()).items_of(asset_of(house, "copy")).at(0);
    CHECK(second.sha256 == first.sha256);
    CHECK(read(*second.local_path) == photo);
    CHECK(house.apple.downloads() == 2);
}

TEST_CASE("A file of another size than iCloud lists for its checksum is nobody's", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1);
    const nlohmann::json claimed{{"original", {{"claimed_size", photo.size() + 1}}}};
    house.apple.add_described({{"key", "IMG_0001"}, {"filename", "IMG_0001.JPG"}, {"date", 1714651200000}, {"resources", claimed}},
                              {{"original", photo}});
    house.bring("2024/05/IMG_0001_A.JPG", photo);
    house.run(kStage);
    CHECK(named(house, "IMG_0001.JPG").empty());
    REQUIRE(media_db::Catalogue(house.db()).set_aside().size() == 1);
    CHECK(media_db::Catalogue(house.db()).set_aside().at(0).reason.code == "download.mismatch");
}

TEST_CASE("Names in any script come in whole and safe", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1), other = jpeg(2);
    house.apple.add_described({{"key", "a"}, {"filename", "café 😀 a:b.JPG"}, {"date", 1714651200000}}, {{"original", photo}});
    house.apple.add_described({{"key", "b"}, {"filename", "../../etc/写真.JPG"}, {"date", 1714651200000}}, {{"original", other}});
    house.bring("2024/05/café 😀 a_b_A.JPG", photo);
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto a = media_db::Catalogue(house.db()).items_of(asset_of(house, "a")).at(0),
               b = media_db::Catalogue(house.db()).items_of(asset_of(house, "b")).at(0);
    CHECK(a.filename.starts_with("café 😀 a"));
    CHECK(read(*a.local_path) == photo);
    CHECK(read(*b.local_path) == other);
    CHECK(b.local_path->parent_path() == house.folder("backup") / "2024" / "05");
}

TEST_CASE("An incomplete listing unlists nothing and condemns nothing", "[icloud_download]") {
    IcloudHouse house;
    house.apple.add("stays", {{"original", jpeg(1)}});
    house.apple.add("goes", {{"original", jpeg(2)}});
    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(census_complete(house));

    house.clock.advance(24h);
    house.apple.call("delete", {{"asset", "goes"}});
    house.apple.call("knob", {{"count_offset", 1}});
    house.bring("2024/05/unknown.JPG", jpeg(9));
    house.run(kStage);
    CHECK_FALSE(census_complete(house));
    CHECK(media_db::Catalogue(house.db()).asset(asset_of(house, "goes"))->listed);
    CHECK(read(house.folder("incoming") / "2024/05/unknown.JPG") == jpeg(9));
    CHECK(media_db::Catalogue(house.db()).set_aside().empty());

    house.apple.call("knob", {{"count_offset", 0}});
    house.clock.advance(24h);
    house.run(kStage);
    CHECK(census_complete(house));
    CHECK(media_db::Catalogue(house.db()).asset(asset_of(house, "goes"))->gone);
    CHECK_FALSE(media_db::Catalogue(house.db()).asset(asset_of(house, "stays"))->gone);
    CHECK(media_db::Catalogue(house.db()).set_aside().size() == 1);
}

TEST_CASE("What the listing drops is asked about by name until iCloud answers", "[icloud_download]") {
    IcloudHouse house;
    house.apple.add("IMG_0001", {{"original", jpeg(1)}});
    house.apple.add("IMG_0002", {{"original", jpeg(2)}});
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto row = [&] { return *media_db::Catalogue(house.db()).asset(asset_of(house, "IMG_0001")); };

    house.clock.advance(24h);
    house.apple.call("hide", {{"asset", "IMG_0001"}});
    house.apple.fault({{"match", "records/lookup"}, {"status", 503}, {"times", 0}});
    CHECK(house.run(kStage).exit_code == 69);
    CHECK_FALSE(row().gone);
    house.apple.call("reset_faults");
    house.clock.advance(24h);
    CHECK(house.run(kStage).exit_code == 0);
    CHECK_FALSE(row().gone);
    CHECK(row().hold->code == "icloud.hidden");

    house.apple.call("hide", {{"asset", "IMG_0001"}, {"hidden", false}});
    house.clock.advance(24h);
    CHECK(house.run(kStage).exit_code == 0);
    CHECK(row().listed);
    CHECK_FALSE(row().hold);
}

TEST_CASE("A run that died between any two steps of taking a file in is finished by the next", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1);
    house.apple.add("IMG_0001", {{"original", photo}});
    house.bring("2024/05/IMG_0001_A.JPG", photo);

    SECTION("the original is placed, its row is not written") { test::write(house.folder("backup") / "2024/05/IMG_0001.JPG", photo); }
    SECTION("the row is written, the arrival still lies there") {
        REQUIRE(house.run(kStage).exit_code == 0);
        fs::remove(house.folder("incoming") / "2024/05/IMG_0001_A.JPG");
        test::write(house.folder("incoming") / "2024/05/IMG_0001_A.JPG", photo);
    }
    SECTION("the placeholder is written down, the arrival still lies there") {
        media_db::Catalogue(house.db()).add_placeholder("2024/05/IMG_0001_A.JPG", std::nullopt, Bytes{photo.size()}, house.clock.now());
    }
    SECTION("another photo of that name is here, the original is placed, its row is not written") {
        house.downloaded("IMG_0001.JPG", {.content = jpeg(7)});
        test::write(house.folder("backup") / "2024/05/IMG_0001.JPG", photo);
    }
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto items = media_db::Catalogue(house.db()).items_of(asset_of(house, "IMG_0001"));
    REQUIRE(items.size() == 1);
    CHECK(items[0].local_path == house.folder("backup") / "2024/05/IMG_0001.JPG");
    CHECK(read(*items[0].local_path) == photo);
    CHECK(tree(house.folder("backup") / "2024").size() == 1);
    CHECK(files::looks_like_placeholder(house.folder("incoming") / "2024/05/IMG_0001_A.JPG"));
    CHECK(house.apple.downloads() == 0);
}

TEST_CASE("An original that was lost at home is put back when its bytes arrive again", "[icloud_download]") {
    IcloudHouse house;
    const auto photo = jpeg(1);
    house.apple.add("IMG_0001", {{"original", photo}});
    house.bring("2024/05/IMG_0001_A.JPG", photo);
    REQUIRE(house.run(kStage).exit_code == 0);
    const auto item = named(house, "IMG_0001.JPG").at(0);
    fs::remove(*item.local_path);
    fs::remove(house.folder("incoming") / "2024/05/IMG_0001_A.JPG");
    REQUIRE(house.run(kStage).exit_code == 0);
    CHECK(read(*item.local_path) == photo);
    CHECK(named(house, "IMG_0001.JPG").size() == 1);
}

TEST_CASE("A placeholder that is missing is put back before icloudpd looks", "[icloud_download]") {
    IcloudHouse house;
    const auto brought = jpeg(1), fetched = jpeg(2);
    house.apple.add("IMG_0001", {{"original", brought}});
    house.apple.add("IMG_0002", {{"original", fetched}});
    house.bring("2024/05/IMG_0001_A.JPG", brought);
    REQUIRE(house.run(kStage).exit_code == 0);
    media_db::Catalogue rows{house.db()};
    std::vector<fs::path> places;
    for (const auto* name : {"IMG_0001.JPG", "IMG_0002.JPG"}) {
        const auto standing = rows.placeholders_of(named(house, name).at(0).id);
        REQUIRE(standing.size() == 1);
        places.push_back(standing[0]);
    }
    SECTION("the power went before the placeholder") {}
    SECTION("the power went between the photo's row and the placeholder's, of what we fetched ourselves") { rows.remove_placeholder(places[1]); }
    for (const auto& place : places) {
        fs::remove(house.folder("incoming") / place);
        house.bring(place.string(), jpeg(9));  // if icloudpd finds the place free, this is set aside
    }
    REQUIRE(house.run(kStage).exit_code == 0);
    for (const auto& place : places) CHECK(files::looks_like_placeholder(house.folder("incoming") / place));
    CHECK(rows.set_aside().empty());
}
