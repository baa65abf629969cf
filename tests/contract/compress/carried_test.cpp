// SPDX-License-Identifier: GPL-3.0-or-later
// What libav has no place for: the timed metadata of a phone's clip, its keys with their types, chapters, time code. exiftool reads it before and
// after.

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/contract/compress/clips.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

std::string be(std::uint64_t value, std::size_t size = 4) {
    std::string bytes;
    for (std::size_t i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}
std::string box(const std::string& type, const std::string& payload) { return be(payload.size() + 8) + type + payload; }
std::string zeros(std::size_t count) { return std::string(count, '\0'); }

/// A clip whose index is its last box, so that one can be added without moving anything.
struct Parts {
    std::string front, moov;
    explicit Parts(const std::string& clip) {
        const auto at = clip.rfind("moov") - 4;
        front = clip.substr(0, at);
        moov = clip.substr(at + 8);
    }
    std::string joined() const { return front + box("moov", moov); }
};

constexpr std::uint32_t kSummer = 3'708'866'430;  // seconds since 1904: 2021-07-10

/// Five measurements of how bright it was, as an iPhone writes them: a track of boxed metadata that describes track 1.
std::string with_timed_metadata(const std::string& clip) {
    Parts parts{clip};
    std::string samples;
    for (unsigned i = 0; i < 5; ++i) samples += be(12) + be(1) + be(1000 + i);  // size, key, value
    const auto at = parts.front.size() + 8;
    parts.front += box("mdat", samples);
    const auto keys = box("keys", box(be(1), box("keyd", "mdtacom.apple.quicktime.scene-illuminance") + box("dtyp", be(0) + be(77))));
    const auto stbl = box("stsd", be(0) + be(1) + box("mebx", zeros(6) + be(1, 2) + keys)) + box("stts", be(0) + be(1) + be(5) + be(120)) +
                      box("stsc", be(0) + be(2) + be(1) + be(3) + be(1) + be(2) + be(2) + be(1)) + box("stsz", be(0) + be(12) + be(5)) +
                      box("stco", be(0) + be(2) + be(at) + be(at + 36));
    const auto minf = box("minf", box("gmhd", box("gmin", be(0) + be(0x40, 2) + be(0x8000, 2) + be(0x8000, 2) + be(0x8000, 2) + be(0))) +
                                      box("hdlr", be(0) + "dhlralis" + "appl" + zeros(8) + "\x17" + "Core Media Data Handler") +
                                      box("dinf", box("dref", be(0) + be(1) + box("alis", be(1)))) + box("stbl", stbl));
    const auto mdia = box("mdia", box("mdhd", be(0) + be(kSummer) + be(kSummer + 1) + be(600) + be(600) + be(0x55C4, 2) + be(0, 2)) +
                                      box("hdlr", be(0) + "mhlrmeta" + "appl" + zeros(8) + "\x13" + "Core Media Metadata") + minf);
    const auto tkhd = box("tkhd", be(0xF) + be(kSummer) + be(kSummer + 1) + be(7) + be(0) + be(1000) + zeros(16) + be(0x10000) + zeros(12) +
                                      be(0x10000) + zeros(12) + be(0x40000000) + zeros(8));
    parts.moov += box("trak", tkhd + box("tref", box("cdsc", be(1))) + mdia);
    return parts.joined();
}

/// Keys as an iPhone writes them: in QuickTime's "meta", which has no version, one of them a number and no text.
std::string with_keys(const std::string& clip) {
    Parts parts{clip};
    const auto key = [](const std::string& name) { return box("mdta", "com.apple.quicktime." + name); };
    const auto item = [](unsigned index, unsigned type, const std::string& value) { return box(be(index), box("data", be(type) + be(0) + value)); };
    parts.moov += box("meta", box("hdlr", zeros(8) + "mdta" + zeros(13)) +
                                  box("keys", be(0) + be(2) + key("make") + key("camera.focal_length.35mm_equivalent")) +
                                  box("ilst", item(1, 1, "Apple") + item(2, 21, be(26))));
    parts.moov += box("udta", box("\xA9"
                                  "xyz",
                                  be(16, 2) + be(0x15C7, 2) + "+48.137+011.575/") +
                                  be(0));
    return parts.joined();
}

/// What exiftool finds in a clip and in every sample of its metadata, but for what the pictures' new coding and the file's new size change.
std::multiset<std::string> all_of(const fs::path& file) {
    static const std::set<std::string> other{"FileName",         "FileSize",        "FileModifyDate", "FileAccessDate",   "FileInodeChangeDate",
                                             "Directory",        "FilePermissions", "MediaDataSize",  "MediaDataOffset",  "AvgBitrate",
                                             "CompressorID",     "CompressorName",  "VendorID",       "PixelAspectRatio", "HEVCConfigurationVersion",
                                             "CompatibleBrands", "AverageBitrate",  "MaxBitrate"};
    std::multiset<std::string> found;
    std::istringstream lines{said_by({"exiftool", "-ee", "-a", "-G3:1", "-s", "-n", file.string()})};
    for (std::string line; std::getline(lines, line);) {
        const auto name = words(line.substr(line.find(']') + 1)).at(0);
        if (!other.contains(name)) found.insert(line);
    }
    return found;
}

std::string lost(const std::multiset<std::string>& before, const std::multiset<std::string>& after) {
    std::string text;
    for (const auto& line : before)
        if (before.count(line) > after.count(line)) text += line + "\n";
    return text;
}

}  // namespace

TEST_CASE("the timed metadata of a phone's clip, and keys that are no text, are in its small copy", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    const auto plain = film(house, "plain.mov", "-map 1:a -c:a aac -metadata:s:a language=deu " + kX264);
    const auto clip = compressed(house, {{"IMG_0001.MOV", with_keys(with_timed_metadata(plain))}}).front();
    INFO(clip.metadata);
    REQUIRE(clip.kept().empty());
    CHECK(fs::file_size(clip.small) < fs::file_size(clip.original) / 2);
    const auto before = all_of(clip.original);
    CHECK(std::ranges::count_if(before, [](const auto& line) { return line.find("SceneIlluminance") != std::string::npos; }) == 5);
    CHECK(std::ranges::any_of(before, [](const auto& line) { return line.find("FocalLength") != std::string::npos; }));
    CHECK(lost(before, all_of(clip.small)) == "");
    CHECK(times(clip.small) == times(clip.original));
    CHECK(sound(clip.small) == sound(clip.original));
    const auto bytes = test::read(clip.small);
    CHECK(bytes.find("moov") < bytes.find("mdat"));  // it begins to play before all of it is there
}

TEST_CASE("in an MP4 file, too, where AV1 has its place", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("av1");
    const auto plain = film(house, "plain.mov", "-map 1:a -c:a aac " + kX264);
    const auto clip = compressed(house, {{"IMG_0001.MOV", with_keys(with_timed_metadata(plain))}}).front();
    INFO(clip.metadata);
    REQUIRE(clip.kept().empty());
    CHECK(clip.small.extension() == ".mp4");
    std::string missing;
    const auto after = all_of(clip.small);
    for (const auto* name : {"SceneIlluminance", "Make", "FocalLength", "GPSCoordinates"})
        if (std::ranges::none_of(after, [&](const auto& line) { return line.find(name) != std::string::npos; })) missing += std::string(name) + " ";
    CHECK(missing == "");
    CHECK(std::ranges::count_if(after, [](const auto& line) { return line.find("SceneIlluminance") != std::string::npos; }) == 5);
}

TEST_CASE("time code, chapters and XMP stay", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    const auto chapters = (house.dir / "chapters").string();
    test::write(
        chapters,
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=Anna\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=Otto\n");
    const auto with_chapters = "-f ffmetadata -i " + chapters + " -map_metadata 3 " + kX264;
    film(house, "xmp.mp4", with_chapters);
    said_by({"exiftool", "-q", "-overwrite_original", "-XMP:Rating=5", (house.dir / "xmp.mp4").string()});
    const auto made = compressed(house, {{"IMG_0001.MOV", film(house, "tc.mov", with_chapters + "-timecode 01:00:00:00")},
                                         {"IMG_0002.MP4", test::read(house.dir / "xmp.mp4")}});
    for (const auto& clip : made) {
        INFO(clip.metadata);
        REQUIRE(clip.kept().empty());
        CHECK(told(clip.small, "-show_chapters") == told(clip.original, "-show_chapters"));
        CHECK_THAT(told(clip.small, "-show_chapters"), Catch::Contains("Otto"));
        CHECK(lost(all_of(clip.original), all_of(clip.small)) == "");
    }
    const auto* code = "-show_entries stream_tags=timecode";
    CHECK_THAT(told(made[0].original, code), Catch::Contains("01:00:00:00"));
    CHECK(told(made[0].small, code) == told(made[0].original, code));
    CHECK_THAT(said_by({"exiftool", "-XMP:Rating", made[1].small.string()}), Catch::Contains("5"));
}
