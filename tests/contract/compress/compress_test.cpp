// SPDX-License-Identifier: GPL-3.0-or-later
// Real codecs on files made here.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/archive/archive.h"
#include "common/files/files.h"
#include "tests/support/house.h"
#include "tests/support/tool.h"

using namespace mediaferry;
using mediaferry::pipeline::StepStatus;
using mediaferry::test::House;
using mediaferry::test::said_by;
using namespace std::chrono_literals;

namespace {

std::string photo(const House& house, const std::string& name, const std::vector<std::string>& exif = {}) {
    const auto path = (house.dir / name).string();
    said_by({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "mandelbrot=size=1200x900:rate=1", "-frames:v", "1", "-q:v", "2", "-y", path});
    if (!exif.empty()) {
        std::vector<std::string> argv{"exiftool", "-q", "-overwrite_original"};
        argv.insert(argv.end(), exif.begin(), exif.end());
        argv.push_back(path);
        said_by(argv);
    }
    return test::read(path);
}

std::string clip(const House& house, const std::string& name, const std::vector<std::string>& more = {}) {
    const auto path = (house.dir / name).string();
    std::vector<std::string> argv{"ffmpeg",
                                  "-v",
                                  "error",
                                  "-f",
                                  "lavfi",
                                  "-i",
                                  "testsrc2=size=640x360:rate=30,noise=alls=20",
                                  "-f",
                                  "lavfi",
                                  "-i",
                                  "sine=440",
                                  "-t",
                                  "1",
                                  "-c:v",
                                  "libx264",
                                  "-preset",
                                  "ultrafast",
                                  "-crf",
                                  "12",
                                  "-pix_fmt",
                                  "yuv420p",
                                  "-c:a",
                                  "aac",
                                  "-movflags",
                                  "use_metadata_tags",
                                  "-metadata",
                                  "com.apple.quicktime.make=Apple",
                                  "-metadata",
                                  "com.apple.quicktime.content.identifier=ABC-123",
                                  "-metadata",
                                  "creation_time=2021-07-14T16:20:30Z"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.insert(argv.end(), {"-y", path});
    said_by(argv);
    return test::read(path);
}

config::Compress heavy_only() {
    config::Compress settings;
    settings.tiers = {{"heavy", std::nullopt, {false, 70, {}, false, 0.8}, {false, "hevc", 30, {}, "ultrafast"}}};
    settings.tiers[0].video.floor = 0.8;  // of clips that are mostly noise
    settings.minimum_saving = Bytes{1000};
    settings.idle = false;
    return settings;
}

nlohmann::json metadata(House& house, MediaId id) { return nlohmann::json::parse(house.item(id).compression_metadata); }
fs::path small(House& house, MediaId id) { return house.settings.folders.library / house.copy(id, Place::library).value().path; }

MediaId ready(House& house, const std::string& name, const std::string& content, MediaKind kind) {
    test::Sample sample;
    sample.content = content;
    sample.kind = kind;
    sample.folder = "compress";
    const auto id = house.downloaded(name, sample);
    house.done_up_to(id, "processing");
    return id;
}

}  // namespace

TEST_CASE("a JPEG gets smaller, looks alike and keeps all its metadata", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    const auto content = photo(
        house, "a.jpg",
        {"-Orientation#=6", "-Make=Apple", "-GPSLatitude=48.1", "-GPSLatitudeRef=N", "-XMP:Rating=5", "-IPTC:Keywords=summer", "-Comment=hello"});
    const auto id = ready(house, "IMG_0001.JPG", content, MediaKind::photo);

    REQUIRE(house.run("compress").exit_code == 0);

    INFO(house.item(id).compression_metadata);
    CHECK(house.status(id, "compress") == StepStatus::done);
    CHECK(house.item(id).status == "compressed");
    CHECK(fs::file_size(small(house, id)) < content.size());
    CHECK(house.item(id).current_size.count == fs::file_size(small(house, id)));
    CHECK(house.item(id).size.count == content.size());
    CHECK(metadata(house, id)["psnr"].get<double>() > 30);
    CHECK(house.copy(id, Place::library)->proof == "decoded");
    // The original is untouched, and every tag of it is in the small copy.
    CHECK(test::read(*house.item(id).local_path) == content);
    const auto tags = [&](const std::string& path) {
        return said_by({"exiftool", "-a", "-G1", "-EXIF:all", "-XMP:all", "-IPTC:all", "-File:Comment", path});
    };
    CHECK(tags(small(house, id).string()) == tags(house.item(id).local_path->string()));
    CHECK(tags(small(house, id).string()).find("Rotate 90 CW") != std::string::npos);
}

TEST_CASE("a second run encodes nothing", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    const auto id = ready(house, "IMG_0001.JPG", photo(house, "a.jpg"), MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    const auto before = files::digest_file(small(house, id));
    const auto at = fs::last_write_time(small(house, id));
    REQUIRE(house.run("compress").exit_code == 0);
    CHECK(house.progress().done == 0);
    CHECK(files::digest_file(small(house, id)) == before);
    CHECK(fs::last_write_time(small(house, id)) == at);
}

TEST_CASE("what cannot be made smaller without loss keeps its bytes, with the reason", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    const auto whole = photo(house, "a.jpg");
    const auto [name, content, kind, code] = GENERATE_COPY(table<std::string, std::string, MediaKind, std::string>({
        {"IMG_1.PNG", "\x89PNG\r\n\x1a\n" + test::noise(9000, 3), MediaKind::photo, "photo.broken"},
        {"IMG_2.DNG", test::noise(9000, 4), MediaKind::raw, "compress.kind"},
        {"IMG_3.AAE", "<plist/>", MediaKind::sidecar, "compress.kind"},
        {"IMG_4.JPG", whole.substr(0, whole.size() / 2), MediaKind::photo, "photo.broken"},
        {"IMG_6.MOV", test::noise(9000, 5), MediaKind::video, "video.container"},
    }));
    const auto id = ready(house, name, content, kind);
    REQUIRE(house.run("compress").exit_code == 0);
    CHECK(house.status(id, "compress") == StepStatus::done);
    CHECK(metadata(house, id)["kept"]["code"] == code);
    CHECK(test::read(small(house, id)) == content);
    CHECK(house.item(id).current_size == house.item(id).size);
}

TEST_CASE("what lies behind a picture lies behind its small copy", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    if (GENERATE(false, true)) house.settings.compress.tiers[0].photo.max_megapixels = 0.5;
    const auto id = ready(house, "IMG_0001.JPG", photo(house, "a.jpg") + "MotionPhoto_Data and a movie", MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    INFO(house.item(id).compression_metadata);
    REQUIRE_FALSE(metadata(house, id).contains("kept"));
    CHECK_THAT(test::read(small(house, id)), Catch::EndsWith("\xFF\xD9MotionPhoto_Data and a movie"));
}

TEST_CASE("a photo at full size never becomes pixels: coarser steps, or only better packed", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    const auto content = photo(house, "a.jpg");
    const auto coarser = ready(house, "IMG_0001.JPG", content, MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    INFO(house.item(coarser).compression_metadata);
    CHECK_THAT(metadata(house, coarser)["how"].get<std::string>(), Catch::StartsWith("jpeg q"));
    CHECK(metadata(house, coarser)["measures"]["ssim_p5"] >= 0.8);
    CHECK(metadata(house, coarser)["measures"]["quality"] <= 70);
    CHECK_THAT(metadata(house, coarser)["tools"].get<std::string>(), Catch::StartsWith("libjpeg-turbo "));

    house.settings.compress.minimum_saving_percent = 0;
    house.settings.compress.tiers[0].photo.lossless = true;
    const auto packed = ready(house, "IMG_0002.JPG", content + "another", MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    INFO(house.item(packed).compression_metadata);
    CHECK(metadata(house, packed)["how"] == "jpeg repacked");
    CHECK(fs::file_size(small(house, packed)) > fs::file_size(small(house, coarser)));
    const auto pixels = [&](const fs::path& file) { return said_by({"ffmpeg", "-v", "error", "-i", file.string(), "-f", "md5", "-"}); };
    CHECK(pixels(small(house, packed)) == pixels(*house.item(packed).local_path));
}

TEST_CASE("a photo that would keep its decoder busy for ever keeps its bytes", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    auto bomb = photo(house, "a.jpg");
    const auto frame = bomb.find("\xFF\xC0");
    REQUIRE(frame != std::string::npos);
    bomb.replace(frame + 5, 4, "\x27\x10\x27\x10");  // 10,000 x 10,000 in the bytes of 1200 x 900
    const auto id = ready(house, "IMG_0001.JPG", bomb.substr(0, 200'000) + "\xFF\xD9", MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    CHECK(metadata(house, id)["kept"]["code"] == "photo.size");

    const auto flat = photo(house, "b.jpg");
    const auto scan = flat.substr(flat.find("\xFF\xDA"), flat.size() - 2 - flat.find("\xFF\xDA"));
    const auto many = ready(
        house, "IMG_0002.JPG",
        flat.substr(0, flat.size() - 2) +
            [&] {
                std::string scans;
                for (int i = 0; i < 70; ++i) scans += scan.substr(0, 500);
                return scans;
            }() +
            "\xFF\xD9",
        MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    CHECK(metadata(house, many)["kept"]["code"] == "photo.exotic");
}

TEST_CASE("a clip gets smaller and keeps sound, rotation, dates and Apple's keys", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    house.settings.compress.tiers[0].video.max_long_edge = 480;
    auto content = clip(house, "plain.mov");
    said_by({"ffmpeg", "-v", "error", "-i", (house.dir / "plain.mov").string(), "-c", "copy", "-map_metadata", "0", "-movflags", "use_metadata_tags",
             "-metadata", "creation_time=2021-07-14T16:20:30Z", "-metadata:s:v:0", "rotate=90", "-y", (house.dir / "rotated.mov").string()});
    content = test::read(house.dir / "rotated.mov");
    const auto id = ready(house, "IMG_0002.MOV", content, MediaKind::video);

    REQUIRE(house.run("compress").exit_code == 0);

    INFO(house.item(id).compression_metadata);
    REQUIRE_FALSE(metadata(house, id).contains("kept"));
    CHECK(fs::file_size(small(house, id)) < content.size());
    const auto told = said_by({"ffprobe", "-v", "error", "-show_format", "-show_streams", small(house, id).string()});
    for (const auto* expected :
         {"codec_tag_string=hvc1", "width=480", "rotation=90", "TAG:com.apple.quicktime.make=Apple",
          "TAG:com.apple.quicktime.content.identifier=ABC-123", "TAG:creation_time=2021-07-14T16:20:30.000000Z", "codec_name=aac"})
        CHECK_THAT(told, Catch::Contains(expected));
}

TEST_CASE("a clip whose sound is damaged keeps its bytes, although its pictures are whole", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    house.settings.compress.tiers[0].video.quality = 22;
    const auto whole = clip(house, "fast.mp4", {"-movflags", "+faststart"});
    const auto cut = ready(house, "IMG_0003.MP4", whole.substr(0, whole.size() - 20), MediaKind::video);
    const auto damaged = ready(house, "IMG_0005.MP4", whole.substr(0, whole.size() - 200) + std::string(200, 'Z'), MediaKind::video);
    const auto good = ready(house, "IMG_0004.MP4", whole, MediaKind::video);
    REQUIRE(house.run("compress").exit_code == 0);
    INFO(house.item(good).compression_metadata);
    CHECK(metadata(house, cut)["kept"]["code"] == "video.broken");
    CHECK(metadata(house, damaged).contains("kept"));
    CHECK_FALSE(metadata(house, good).contains("kept"));
}

TEST_CASE("an original that is not what arrived needs a person", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    const auto id = ready(house, "IMG_0001.JPG", photo(house, "a.jpg"), MediaKind::photo);
    auto rotten = test::read(*house.item(id).local_path);
    rotten[rotten.size() / 2] ^= 1;
    test::write(*house.item(id).local_path, rotten);
    CHECK(house.run("compress").exit_code == 1);
    CHECK(house.status(id, "compress") == StepStatus::attention);
    CHECK(house.reason(id, "compress") == "local.changed");
    CHECK_FALSE(house.copy(id, Place::library));
}

TEST_CASE("a file that ages is made again from its original and replaces its older copy", "[compress]") {
    House house;
    house.settings.compress = heavy_only();
    house.settings.compress.tiers.insert(house.settings.compress.tiers.begin(),
                                         {"light", std::chrono::hours{24 * 365 * 10}, {false, 95, {}, false, 0.98}, {}});
    const auto content = photo(house, "a.jpg");
    const auto id = ready(house, "IMG_0001.JPG", content, MediaKind::photo);
    REQUIRE(house.run("compress").exit_code == 0);
    const auto light = fs::file_size(small(house, id));
    const auto where = small(house, id);

    house.clock.advance(std::chrono::hours{24 * 365 * 10});
    REQUIRE(house.run("compress").exit_code == 0);

    CHECK(metadata(house, id)["tier"] == "heavy");
    CHECK(metadata(house, id)["original_sha256"] == to_hex(house.item(id).sha256));
    CHECK(small(house, id) == where);
    CHECK(fs::file_size(where) < light);
}
