// SPDX-License-Identifier: GPL-3.0-or-later
// Files that come back: into the next tier, under another policy, with the NAS away. What is made again, from what, and what is not.
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/archive/archive.h"
#include "common/archive/known.h"
#include "common/files/files.h"
#include "tests/support/house.h"
#include "tests/support/tool.h"

using namespace mediaferry;
using mediaferry::pipeline::StepStatus;
using mediaferry::test::House;
using namespace std::chrono_literals;

namespace {

constexpr auto kTenYears = std::chrono::hours{24 * 365 * 10};

/// A house with two tiers, light for ten years, then heavy, and codec programs that are counted.
struct AgeingHouse : House {
    AgeingHouse() {
        auto& compress = settings.compress;
        compress.tiers = {{"light", kTenYears, {false, 95, {}, false, 0.98}, {}}, {"heavy", std::nullopt, {false, 60, {}, false, 0.8}, {}}};
        compress.tiers[0].video = compress.tiers[1].video = {false, "hevc", 30, {}, "ultrafast"};
        compress.minimum_saving = Bytes{1000};
        const auto real = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "mediaferry";
        for (const std::string name : {"jpeg-codec", "photo-codec", "video-codec"}) {
            const auto script = test::write(dir / "codecs" / name, "#!/bin/sh\n[ \"$1\" = --check ] || echo started >> " + starts().string() +
                                                                       "\nexec " + (real / name).string() + " \"$@\"\n");
            fs::permissions(script, fs::owner_all);
        }
        ::setenv("MEDIAFERRY_CODECS_DIR", (dir / "codecs").c_str(), 1);
    }
    ~AgeingHouse() { ::unsetenv("MEDIAFERRY_CODECS_DIR"); }
    AgeingHouse(const AgeingHouse&) = delete;
    AgeingHouse& operator=(const AgeingHouse&) = delete;

    fs::path starts() const { return dir / "starts"; }
    /// Codec programs started since the last question.
    long decoded() {
        std::ifstream file(starts().string());
        const auto lines = std::count(std::istreambuf_iterator<char>(file), {}, '\n');
        fs::remove(starts());
        return lines;
    }

    /// A file made by a real program, in the stage's queue.
    MediaId add(const std::string& name, const std::vector<std::string>& ffmpeg, MediaKind kind = MediaKind::photo) {
        const auto path = dir / name;
        std::vector<std::string> argv{"ffmpeg", "-v", "error"};
        argv.insert(argv.end(), ffmpeg.begin(), ffmpeg.end());
        argv.insert(argv.end(), {"-y", path.string()});
        test::said_by(argv);
        test::Sample sample;
        sample.content = test::read(path);
        sample.kind = kind;
        sample.folder = "compress";
        const auto id = downloaded(name, sample);
        done_up_to(id, "processing");
        return id;
    }
    MediaId photo() { return add("IMG_0001.JPG", {"-f", "lavfi", "-i", "mandelbrot=size=900x700:rate=1", "-frames:v", "1", "-q:v", "2"}); }

    /// As after a deletion from iCloud: the NAS has the original, this machine does not.
    void archive_and_release(MediaId id) {
        archive::Archive::initialise(settings.archive, clock.now());
        auto nas = archive::open_known(db(), settings.archive, clock.now());
        const auto file = item(id);
        const files::Descriptor source{::open(file.local_path->c_str(), O_RDONLY | O_CLOEXEC)};
        const auto stored = nas.store({source.get(), file.filename, file.sha256, file.size, file.taken, {}});
        media_db::Copy copy;
        copy.media = id;
        copy.place = Place::nas;
        copy.path = stored.path;
        copy.sha256 = file.sha256;
        copy.size = file.size;
        copy.proof = "settled";
        copy.written = clock.now();
        media_db::Evidence(db()).add(copy);
        fs::remove(*file.local_path);
        media_db::Catalogue(db()).set_local_path(id, std::nullopt, clock.now());
    }
    void nas_goes() { fs::rename(nas(), dir / "nas elsewhere"); }
    void nas_comes() { fs::rename(dir / "nas elsewhere", nas()); }

    nlohmann::json record(MediaId id) { return nlohmann::json::parse(item(id).compression_metadata); }
    fs::path shelf(MediaId id) { return settings.folders.library / copy(id, Place::library).value().path; }
    int compress() { return run("compress").exit_code; }
};

timespec modified(const fs::path& file) { return files::status_of(file)->st_mtim; }

}  // namespace

TEST_CASE("a file that ages is made again from the NAS original", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    house.archive_and_release(id);
    const auto light = fs::file_size(house.shelf(id));
    house.clock.advance(kTenYears);
    REQUIRE(house.compress() == 0);
    CHECK(house.record(id)["tier"] == "heavy");
    CHECK(house.record(id)["from"] == "original");
    CHECK(fs::file_size(house.shelf(id)) < light);
}

TEST_CASE("while the NAS is away a file whose original is there waits, with the reason", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    house.archive_and_release(id);
    const auto before = files::digest_file(house.shelf(id));
    house.clock.advance(kTenYears);
    house.nas_goes();
    house.decoded();
    CHECK(house.compress() == 0);
    CHECK(house.status(id, "compress") == StepStatus::pending);
    CHECK(house.reason(id, "compress") == "nas.unmounted");
    CHECK(house.decoded() == 0);
    CHECK(files::digest_file(house.shelf(id)) == before);
    house.nas_comes();
    house.clock.advance(2h);
    CHECK(house.compress() == 0);
    CHECK(house.record(id)["tier"] == "heavy");
}

TEST_CASE("or goes on from its small copy, where the config says so, until the NAS is back", "[compress]") {
    AgeingHouse house;
    house.settings.compress.when_archive_is_away = config::ArchiveAway::copy;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    house.archive_and_release(id);
    const auto light = fs::file_size(house.shelf(id));
    house.clock.advance(kTenYears);
    house.nas_goes();
    REQUIRE(house.compress() == 0);
    INFO(house.item(id).compression_metadata);
    CHECK(house.record(id)["from"] == "copy");
    CHECK(house.record(id)["original_sha256"] == to_hex(house.item(id).sha256));
    CHECK(fs::file_size(house.shelf(id)) < light);
    const auto second_generation = files::digest_file(house.shelf(id));

    house.decoded();
    house.clock.advance(73h);
    REQUIRE(house.compress() == 0);  // still away: looked for, nothing decoded, nothing changed
    CHECK(house.decoded() == 0);
    CHECK(files::digest_file(house.shelf(id)) == second_generation);

    house.nas_comes();
    house.clock.advance(73h);
    REQUIRE(house.compress() == 0);
    CHECK(house.record(id)["from"] == "original");
    CHECK_FALSE(files::digest_file(house.shelf(id)) == second_generation);
}

TEST_CASE("what took an older copy's place just before its run died is entered, and made no second time", "[compress]") {
    AgeingHouse house;
    house.settings.compress.when_archive_is_away = config::ArchiveAway::copy;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    house.archive_and_release(id);
    const auto before = house.record(id);
    const auto older = house.copy(id, Place::library).value();
    const auto older_bytes = test::read(house.shelf(id));
    house.clock.advance(kTenYears);
    house.nas_goes();
    REQUIRE(house.compress() == 0);
    auto made = house.record(id);
    REQUIRE(made["sha256"] != before["sha256"]);
    house.decoded();

    // As the death left it: the new copy lies there, the rows tell of the older one and of what was about to happen.
    media_db::Evidence evidence{house.db()};
    evidence.removed(house.copy(id, Place::library).value().id, house.clock.now());
    evidence.add(older);
    bool edited = false;
    int files = 1;
    SECTION("and nothing else") {}
    SECTION("and somebody edited it since") {
        test::write(house.shelf(id), "edited");
        edited = true;
    }
    SECTION("and the older one, of another extension, was still there") {
        const auto renamed = fs::path(made["path"].get<std::string>()).replace_extension(".jxl");
        fs::rename(house.shelf(id), house.settings.folders.library / renamed);
        made["path"] = renamed.string();
        test::write(house.settings.folders.library / older.path, older_bytes);
        SECTION("as we put it there") {}
        SECTION("edited since") {
            test::write(house.settings.folders.library / older.path, "edited");
            files = 2;
        }
    }
    auto rows = before;
    rows["intention"] = made;
    media_db::Catalogue(house.db()).set_compression_record(id, rows.dump(), std::nullopt, house.clock.now());
    media_db::Conveyor(house.db()).redo(id, "compress", house.clock.now());
    house.clock.advance(1h);
    CHECK(house.compress() == 0);
    CHECK(house.record(id)["sha256"] == (edited ? before : made)["sha256"]);
    CHECK(to_hex(house.copy(id, Place::library).value().sha256) == house.record(id)["sha256"]);
    CHECK(house.record(id).contains("intention") == edited);
    CHECK(std::distance(fs::recursive_directory_iterator(house.settings.folders.library), {}) == 2 + files);  // year, month
    CHECK(house.decoded() == 0);
}

TEST_CASE("what another photo of the same content took over before its own run came back is made anew", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    const auto twin = house.add("IMG_0002.JPG", {"-i", (house.dir / "IMG_0001.JPG").string(), "-c", "copy"});
    REQUIRE(house.compress() == 0);
    const auto of_twin = house.record(twin);
    auto rows = house.record(id);
    fs::remove(house.shelf(id));  // as after the older copy made way, and before the row
    rows["intention"] = of_twin;
    media_db::Catalogue(house.db()).set_compression_record(id, rows.dump(), std::nullopt, house.clock.now());
    media_db::Conveyor(house.db()).redo(id, "compress", house.clock.now());
    house.clock.advance(1h);
    CHECK(house.compress() == 0);
    CHECK(house.step(id, "compress").status == StepStatus::done);
    CHECK_FALSE(house.record(id).contains("intention"));
    CHECK(house.record(id)["path"] != of_twin["path"]);
    CHECK(house.record(twin) == of_twin);
    CHECK(fs::exists(house.shelf(id)));
}

TEST_CASE("the last whole copy at home makes way for a small one only once the NAS's was read", "[compress]") {
    AgeingHouse house;
    house.settings.compress.when_archive_is_away = config::ArchiveAway::copy;
    house.settings.compress.tiers[0].photo.keep = true;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    house.archive_and_release(id);
    house.clock.advance(kTenYears);
    house.nas_goes();
    REQUIRE(house.compress() == 0);
    CHECK(house.reason(id, "compress") == "nas.unmounted");
    CHECK(files::digest_file(house.shelf(id)).sha256 == house.item(id).sha256);
}

TEST_CASE("what one policy made, or decided to keep, is not looked at again until the policy changes", "[compress]") {
    AgeingHouse house;
    if (GENERATE(false, true)) house.settings.compress.minimum_saving = Bytes{1ULL << 30};  // not worth it: kept
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    CHECK(house.decoded() == 1);
    const auto before = files::digest_file(house.shelf(id));
    const auto at = modified(house.shelf(id));
    const auto again = [&] {
        media_db::Conveyor(house.db()).redo(id, "compress", house.clock.now());
        REQUIRE(house.compress() == 0);
        CHECK(house.status(id, "compress") == StepStatus::done);
        return house.decoded();
    };
    CHECK(again() == 0);
    CHECK(files::digest_file(house.shelf(id)) == before);
    CHECK(modified(house.shelf(id)).tv_nsec == at.tv_nsec);

    // A tier with the same rules is the same policy; other rules are another one.
    house.settings.compress.tiers[1].photo = house.settings.compress.tiers[0].photo;
    house.clock.advance(kTenYears);
    REQUIRE(house.compress() == 0);
    CHECK(house.record(id)["tier"] == "heavy");
    CHECK(house.decoded() == 0);
    house.settings.compress.tiers[1].photo.quality = 50;
    CHECK(again() == 1);
    // And what was lost or damaged is made anew.
    fs::remove(house.shelf(id));
    CHECK(again() == 1);
    CHECK(fs::exists(house.shelf(id)));
}

TEST_CASE("a codec that came to no end is tried again when a person asks", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    const auto script = house.dir / "codecs" / "jpeg-codec";
    const auto whole = test::read(script);
    test::write(script, whole.substr(0, whole.find("\nexec")) + "\n[ \"$1\" = --check ] || kill -SEGV $$" + whole.substr(whole.find("\nexec")));
    REQUIRE(house.compress() == 0);
    REQUIRE(house.record(id)["kept"]["code"] == "codec.crashed");
    test::write(script, whole);
    media_db::Conveyor(house.db()).redo(id, "compress", house.clock.now());
    REQUIRE(house.compress() == 0);
    CHECK_FALSE(house.record(id).contains("kept"));
}

TEST_CASE("a replaced copy keeps mode, times to the nanosecond and attributes; other links keep the older bytes", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    const auto file = house.shelf(id);
    const auto older = test::read(file);
    fs::permissions(file, fs::owner_read | fs::owner_write | fs::group_read);
    const bool attributes = ::setxattr(file.c_str(), "user.note", "mine", 4, 0) == 0;
    const timespec times[2] = {{1'600'000'000, 123'456'789}, {1'500'000'000, 987'654'321}};
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
    fs::create_hard_link(file, house.dir / "a link of the user's");

    house.clock.advance(kTenYears);
    REQUIRE(house.compress() == 0);

    CHECK(house.shelf(id) == file);
    CHECK(fs::file_size(file) < older.size());
    CHECK((files::status_of(file)->st_mode & 07777) == 0640);
    CHECK(modified(file).tv_sec == 1'500'000'000);
    CHECK(modified(file).tv_nsec == 987'654'321);
    char note[8] = {};
    if (attributes) CHECK(::getxattr(file.c_str(), "user.note", note, sizeof note) == 4);
    CHECK(test::read(house.dir / "a link of the user's") == older);
}

TEST_CASE("a copy in the library that somebody edited is never replaced", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    const auto file = house.shelf(id);
    auto edited = test::read(file);
    edited[edited.size() / 2] ^= 1;  // as many bytes as before
    test::write(file, edited);
    house.clock.advance(kTenYears);
    REQUIRE(house.compress() == 0);
    CHECK(test::read(file) == edited);
    CHECK_FALSE(house.shelf(id) == file);
    CHECK(house.record(id)["tier"] == "heavy");
}

TEST_CASE("a small copy of another extension takes the place of the older one, which goes last", "[compress]") {
    AgeingHouse house;
    house.settings.compress.tiers[1].video = {false, "av1", 50, {}, "12", 0};
    const auto id = house.add("IMG_0002.MOV",
                              {"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15,noise=alls=30", "-t", "1", "-c:v", "libx264", "-preset",
                               "ultrafast", "-crf", "8", "-pix_fmt", "yuv420p"},
                              MediaKind::video);
    REQUIRE(house.compress() == 0);
    const auto older = house.shelf(id);
    CHECK(older.extension() == ".MOV");
    house.clock.advance(kTenYears);
    REQUIRE(house.compress() == 0);
    INFO(house.item(id).compression_metadata);
    CHECK(house.shelf(id).extension() == ".mp4");
    CHECK(fs::exists(house.shelf(id)));
    CHECK_FALSE(fs::exists(older));
}

TEST_CASE("a file does not change its tier twice within compress.tier_change_every", "[compress]") {
    AgeingHouse house;
    const auto id = house.photo();
    house.settings.compress.tiers[0].younger_than = house.clock.now() - house.item(id).taken + 24h;
    REQUIRE(house.compress() == 0);
    house.clock.advance(48h);
    REQUIRE(house.compress() == 0);
    CHECK(house.record(id)["tier"] == "light");
    house.clock.advance(std::chrono::hours{24 * 90});
    REQUIRE(house.compress() == 0);
    CHECK(house.record(id)["tier"] == "heavy");
}

TEST_CASE("each tier asks for its own least saving", "[compress]") {
    AgeingHouse house;
    house.settings.compress.tiers[0].minimum_saving_percent = 99;
    const auto id = house.photo();
    REQUIRE(house.compress() == 0);
    CHECK(house.record(id)["kept"]["code"] == "compress.not_worth_it");
    CHECK(house.record(id)["cpu_seconds"].get<double>() > 0);
    CHECK(house.record(id)["measures"]["megapixels"] == 0.63);
    house.clock.advance(kTenYears);
    REQUIRE(house.compress() == 0);
    CHECK_FALSE(house.record(id).contains("kept"));
}
