// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/archive/settle.h"
#include "tests/unit/restore/archived_house.h"

using namespace mediaferry;
using namespace std::chrono_literals;
using pipeline::StepStatus;
using test::ArchivedHouse;
using test::noise;
using test::read;
using test::Sample;

namespace {

/// What the phone was given, still in the outbox.
void stage_for_phone(ArchivedHouse& house, MediaId id, const std::string& content) {
    test::write(house.folder("pixel_sync") / "out.jpg", content);
    media_db::Copy copy;
    copy.media = id;
    copy.place = Place::pixel;
    copy.path = "out.jpg";
    copy.sha256 = house.item(id).sha256;
    copy.size = house.item(id).size;
    copy.proof = "staged";
    copy.written = house.clock.now();
    media_db::Evidence(house.db()).add(copy);
}

CopyId shelve(ArchivedHouse& house, MediaId id, const std::string& content, const std::string& name) {
    test::write(house.folder("library") / "2024" / "06" / name, content);
    const auto digests = files::digest_bytes(content);
    media_db::Copy copy;
    copy.media = id;
    copy.place = Place::library;
    copy.path = fs::path("2024") / "06" / name;
    copy.sha256 = digests.sha256;
    copy.size = digests.size;
    copy.proof = "decoded";
    copy.written = house.clock.now();
    return media_db::Evidence(house.db()).add(copy);
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__)  // the codec program is asked: the sanitizers' own runtime does not live behind its walls
TEST_CASE("a rotten copy on the NAS is healed from a JPEG XL at home that gives the original back", "[heal]") {
    ArchivedHouse house;
    house.settings.compress.memory = Bytes{256 << 20};
    Sample sample;
    sample.content = read(fs::path{SOURCE_ROOT} / "tests/data/packed.jpg");
    auto packed = read(fs::path{SOURCE_ROOT} / "tests/data/reversible.jxl");
    const std::string is = GENERATE(as<std::string>(), "the photo's", "cut short", "another photo's");
    const bool wrong = is != "the photo's";
    if (is == "cut short") packed.resize(packed.size() - 9);
    if (is == "another photo's") sample.content[sample.content.size() / 2] ^= 1;
    const auto photo = house.archived("IMG_1.JPG", sample);
    shelve(house, photo, packed, "IMG_1.jxl");
    house.release(photo);
    const auto on_nas = house.on_nas(photo);
    house.rot(on_nas);
    const auto result = house.scrub();
    CHECK(result.unhealed() == (wrong ? 1 : 0));
    CHECK((read(on_nas) == sample.content) == !wrong);
    if (!wrong) CHECK(result.findings.at(0).healed->from == "the library at home");
    CHECK(house.below(house.dir / "scratch").empty());
}
#endif

TEST_CASE("a rotten copy on the NAS is healed from the original at home, and kept aside", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto file = house.on_nas(photo);
    house.rot(file);
    const auto rotten = read(file);
    const auto result = house.scrub();
    CHECK(result.unhealed() == 0);
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].reason.code == "nas.damaged");
    CHECK(result.findings[0].healed->from == "the original at home");
    CHECK(house.on_nas(photo) == file);
    CHECK(read(file) == Sample{}.content);
    CHECK(read(house.nas() / *result.findings[0].healed->aside) == rotten);
    CHECK(result.findings[0].healed->aside->string().starts_with(".mediaferry/damaged/"));
    CHECK(house.told(photo, "copy_lost"));
    CHECK(house.told(photo, "healed"));
    CHECK(house.item(photo).synced_nas);
    CHECK(house.status(photo, "nas_archive") == StepStatus::done);
    CHECK(house.scrub().findings.empty());
}

TEST_CASE("a healed copy has to settle anew before anything is deleted on its word", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    house.clock.advance(48h);
    CHECK(house.scrub().findings.empty());
    REQUIRE(house.copy(photo, Place::nas)->proof == "settled");
    house.rot(house.on_nas(photo));
    house.scrub();
    const auto copy = house.copy(photo, Place::nas).value();
    CHECK(copy.proof == "read_back");
    CHECK(copy.proven == house.clock.now());
    const auto reason = archive::prove_again(*house.archive, house.db(), house.item(photo), copy, house.clock.now(), 24h, 24h * 7);
    REQUIRE(reason);
    CHECK(reason->code == "nas.settling");
}

TEST_CASE("a copy is never healed from one that is not proven, and then nothing is touched", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    house.rot(house.on_nas(photo));
    house.rot(*house.item(photo).local_path);
    const auto file = house.on_nas(photo);
    const auto rotten = read(file), at_home = read(*house.item(photo).local_path);
    const auto result = house.scrub();
    CHECK(result.healed == 0);
    CHECK(result.unhealed() == 2);
    CHECK(result.findings[0].not_healed->code == "heal.no_source");
    CHECK(read(file) == rotten);
    CHECK(read(*house.item(photo).local_path) == at_home);
    CHECK_FALSE(fs::exists(house.nas() / ".mediaferry" / "damaged"));
    CHECK_FALSE(house.item(photo).synced_nas);
}

TEST_CASE("a copy that is gone from the NAS is healed from what was laid out for the phone", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto file = house.on_nas(photo);
    house.release(photo);
    fs::remove(file);
    SECTION("when that is the right content") {
        stage_for_phone(house, photo, Sample{}.content);
        const auto result = house.scrub();
        CHECK(result.unhealed() == 0);
        CHECK(result.findings.at(0).healed->from == "the phone's outbox");
        CHECK(read(file) == Sample{}.content);
    }
    SECTION("and not when it is other content") {
        stage_for_phone(house, photo, noise(20'000, 99));
        CHECK(house.scrub().unhealed() == 1);
        CHECK_FALSE(fs::exists(file));
        house.clock.advance(24h);
        CHECK(house.scrub().unhealed() == 1);  // it is not forgotten
    }
}

TEST_CASE("whichever places rot at once, the next one that is whole heals them, and nothing that rotted is copied anywhere", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto content = Sample{}.content;
    shelve(house, photo, content, "IMG_1.JPG");
    stage_for_phone(house, photo, content);
    const auto original = *house.item(photo).local_path;
    const std::vector<std::pair<fs::path, std::string>> in_turn{{original, "the original at home"},
                                                                {house.folder("library") / "2024/06/IMG_1.JPG", "the library at home"},
                                                                {house.folder("pixel_sync") / "out.jpg", "the phone's outbox"}};
    for (std::size_t rotten = 0; rotten <= in_turn.size(); ++rotten) {
        INFO(rotten);
        const bool lost = rotten == in_turn.size();
        const auto on_nas = house.on_nas(photo);
        house.rot(on_nas);
        for (std::size_t i = 0; i < rotten; ++i) house.rot(in_turn[i].first);
        const auto result = house.scrub();
        const auto at_nas = std::ranges::find(result.findings, "nas", &restore::Finding::place);
        REQUIRE(at_nas != result.findings.end());
        if (lost) {
            CHECK(at_nas->not_healed->code == "heal.no_source");
            CHECK(result.healed == 0);
            for (const auto& [path, words] : in_turn) CHECK(read(path) != content);
            break;
        }
        REQUIRE(at_nas->healed);
        CHECK(at_nas->healed->from == in_turn[rotten].second);
        CHECK(result.unhealed() == 0);
        CHECK(read(house.on_nas(photo)) == content);
        CHECK(read(original) == content);
        CHECK(read(in_turn[1].first) == content);
    }
}

TEST_CASE("without healing a rotten copy is told, stops counting, and lies where it lay", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto file = house.on_nas(photo);
    house.rot(file);
    const auto before = house.below(house.nas());
    CHECK(house.scrub(false).unhealed() == 1);
    CHECK(house.below(house.nas()) == before);
    CHECK_FALSE(house.item(photo).synced_nas);
    CHECK_FALSE(house.copy(photo, Place::nas));
    CHECK(house.scrub().healed == 1);
    CHECK(read(house.on_nas(photo)) == Sample{}.content);
    CHECK(house.on_nas(photo) == file);
}

TEST_CASE("each place that has rotted is told in one scrub, also where nothing heals the first of them", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto original = *house.item(photo).local_path;
    shelve(house, photo, noise(5'000, 5), "IMG_1.JPG");
    house.rot(original);
    house.rot(house.folder("library") / "2024" / "06" / "IMG_1.JPG");
    const bool lost = GENERATE(true, false);
    const bool heal = GENERATE(true, false);
    if (lost) house.rot(house.on_nas(photo));
    const auto result = house.scrub(heal);
    std::vector<std::string> places;
    for (const auto& one : result.findings) places.push_back(one.place);
    CHECK(places == (lost ? std::vector<std::string>{"nas", "local", "library"} : std::vector<std::string>{"local", "library"}));
    CHECK(result.unhealed() == (lost ? 3 : heal ? 0 : 2));
}

TEST_CASE("a photo that has nothing left is healed from the copy that another photo of the same bytes has on the NAS", "[heal]") {
    ArchivedHouse house;
    const auto one = house.archived("IMG_1.JPG");
    const auto other = house.archived("IMG_1.JPG");
    REQUIRE(house.on_nas(one) == house.on_nas(other));
    house.rot(house.on_nas(one));
    house.rot(*house.item(other).local_path);
    const auto result = house.scrub();
    CHECK(result.unhealed() == 0);
    for (const auto photo : {one, other}) {
        CHECK(read(house.on_nas(photo)) == Sample{}.content);
        CHECK(read(*house.item(photo).local_path) == Sample{}.content);
    }
    CHECK(house.scrub().findings.empty());
}

TEST_CASE("a rotten original at home is healed from the NAS, and kept aside", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto path = *house.item(photo).local_path;
    house.rot(path);
    const auto rotten = read(path);
    const auto result = house.scrub();
    REQUIRE(result.findings.size() == 1);
    CHECK(result.findings[0].place == "local");
    INFO(result.findings[0].reason.text << (result.findings[0].not_healed ? result.findings[0].not_healed->text : ""));
    REQUIRE(result.findings[0].healed);
    CHECK(result.findings[0].healed->from == "the NAS");
    CHECK(read(path) == Sample{}.content);
    CHECK(fs::last_write_time(path) == Sample{}.taken.time_since_epoch().count());
    CHECK(read(*result.findings[0].healed->aside) == rotten);
    CHECK(media_db::Catalogue(house.db()).set_aside().size() == 1);
    CHECK(house.told(photo, "healed"));
}

TEST_CASE("a missing original is brought home, but not to a disk that is not mounted", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    const auto path = *house.item(photo).local_path;
    SECTION("its folder is there") {
        fs::remove(path);
        CHECK(house.scrub().healed == 1);
        CHECK(read(path) == Sample{}.content);
    }
    SECTION("its folder is gone too") {
        fs::remove_all(path.parent_path());
        const auto result = house.scrub();
        CHECK(result.healed == 0);
        CHECK(result.findings.at(0).not_healed->code == "heal.unmounted");
        CHECK_FALSE(fs::exists(path));
    }
}

TEST_CASE("a rotten small copy is made again by compress, the original's bytes are brought back", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    house.done_up_to(photo, "compress");
    SECTION("made smaller") {
        shelve(house, photo, noise(5'000, 5), "IMG_1.JPG");
        house.rot(house.folder("library") / "2024/06/IMG_1.JPG");
        CHECK(house.scrub().unhealed() == 0);
        CHECK_FALSE(house.copy(photo, Place::library));
        CHECK(house.status(photo, "compress") == StepStatus::pending);
        CHECK_FALSE(fs::exists(house.folder("library") / "2024/06/IMG_1.JPG"));
    }
    SECTION("kept as it is") {
        shelve(house, photo, Sample{}.content, "IMG_1.JPG");
        house.rot(house.folder("library") / "2024/06/IMG_1.JPG");
        CHECK(house.scrub().unhealed() == 0);
        CHECK(read(house.folder("library") / "2024/06/IMG_1.JPG") == Sample{}.content);
        CHECK(house.status(photo, "compress") == StepStatus::done);
    }
}

TEST_CASE("what another run archives at this moment is left to it", "[heal]") {
    ArchivedHouse house;
    const auto photo = house.archived("IMG_1.JPG");
    house.rot(house.on_nas(photo));
    house.scrub(false);
    const auto other = media_db::Runs(house.db()).begin("nas_archive", 1, ::getpid(), std::nullopt, house.clock.now());
    REQUIRE(media_db::Conveyor(house.db()).claim_item("nas_archive", photo, other, house.clock.now()));
    const auto result = house.scrub();
    CHECK(result.findings.at(0).not_healed->code == "heal.busy");
    CHECK(house.status(photo, "nas_archive") == StepStatus::running);
    CHECK(media_db::Evidence(house.db()).of(photo).size() == 2);  // the original at home, and the lost copy
}

TEST_CASE("the files that were not read for longest are read first", "[heal]") {
    ArchivedHouse house;
    const auto old = house.archived("IMG_1.JPG", {.content = noise(1000, 1)});
    house.clock.advance(240h);
    const auto fresh = house.archived("IMG_2.JPG", {.content = noise(1000, 2)});
    SECTION("by share") {
        CHECK(house.scrub(true, 50).read == 1);
        CHECK(house.copy(old, Place::nas)->checked == house.clock.now());
    }
    SECTION("by age") {
        const auto result = house.scrub(true, 100, 120h);
        CHECK(result.read == 1);
        CHECK(result.archived == 2);
        CHECK(house.copy(old, Place::nas)->checked == house.clock.now());
    }
    CHECK(house.copy(fresh, Place::nas)->checked == house.clock.now());  // on its way there
}
