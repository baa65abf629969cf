// SPDX-License-Identifier: GPL-3.0-or-later
// Clips: what must be around the pictures afterwards, and which clips keep their bytes.

#include <sys/resource.h>

#include "tests/contract/compress/clips.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

std::string replaced(std::string bytes, const std::string& what, const std::string& with) {
    REQUIRE(bytes.find(what) != std::string::npos);
    for (auto at = bytes.find(what); at != std::string::npos; at = bytes.find(what, at + with.size())) bytes.replace(at, what.size(), with);
    return bytes;
}

/// The clip with one more box in its only sample description; its index is its last box, and every box around grows.
std::string described_with(std::string clip, const std::string& description, const std::string& box) {
    const auto moov = clip.rfind("moov");
    auto within = moov;
    for (const auto* name : {"moov", "trak", "mdia", "minf", "stbl", "stsd", description.c_str()}) {
        within = clip.find(name, within);
        REQUIRE(within != std::string::npos);
        std::uint32_t size = 0;
        for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(clip[within - 4 + i]);
        size += static_cast<std::uint32_t>(box.size());
        for (std::size_t i = 0; i < 4; ++i) clip[within - 4 + i] = static_cast<char>(size >> (24 - 8 * i));
    }
    return clip.insert(within + 4 + 78, box);
}

const std::vector<std::string> kAppleKeys{
    "location.ISO6709=+48.1371+011.5754+519.000/", "location.accuracy.horizontal=4.8", "make=Apple",       "model=iPhone-15", "software=17.4",
    "creationdate=2021-07-14T18:20:30+0200",       "content.identifier=ABC-123",       "live-photo.auto=1"};

std::string apple_words() {
    std::string words = "-movflags use_metadata_tags -metadata creation_time=2021-07-14T16:20:30Z -metadata:s creation_time=2021-07-14T16:20:31Z ";
    for (const auto& key : kAppleKeys) words += "-metadata com.apple.quicktime." + key + " ";
    return words;
}

/// How often the moment of the recording is told: for the container and each track.
std::size_t times_told(const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find("TAG:creation_time=2021-07-14T16:20:30"); at != std::string::npos;
         at = text.find("TAG:creation_time=2021-07-14T16:20:30", at + 1))
        ++count;
    return count;
}

}  // namespace

TEST_CASE("what a phone writes around a clip is around its small copy", "[compress][video]") {
    House house;
    const auto* codec = GENERATE("hevc", "av1");
    house.settings.compress = tier_of(codec);
    // Every fifth frame is missing and the others come early or late: a variable frame rate. Two sound tracks, in two languages.
    const auto content =
        film(house, "phone.mov",
             "-map 1:a -map 2:a -c:a aac -metadata:s:a:0 language=deu -metadata:s:a:1 language=eng "
             "-vf select=mod(n\\,5),settb=1/600,setpts=PTS+7*mod(N\\,3) -vsync vfr -enc_time_base:v 1:600 -video_track_timescale 600 " +
                 kX264 + apple_words());
    const auto clip = compressed(house, {{"IMG_0001.MOV", content}}).front();
    INFO(clip.metadata);
    REQUIRE(clip.kept().empty());
    const bool av1 = codec == std::string("av1");
    CHECK(clip.small.extension() == (av1 ? ".mp4" : ".MOV"));  // AV1 has no place in MOV
    const auto format = told(clip.small, "-show_entries format_tags:stream_tags:stream=codec_tag_string,codec_name");
    for (const auto& key : kAppleKeys) CHECK_THAT(format, Catch::Contains("TAG:com.apple.quicktime." + key));
    const auto before = told(clip.original, "-show_entries format_tags:stream_tags");
    REQUIRE(times_told(before) == 4);  // the container, the pictures, two sound tracks
    CHECK(times_told(format) == 4);
    REQUIRE_THAT(before, Catch::Contains("TAG:language=eng"));
    CHECK_THAT(format, Catch::Contains(av1 ? "codec_tag_string=av01" : "codec_tag_string=hvc1"));
    CHECK_THAT(format, Catch::Contains("TAG:language=eng"));
    CHECK(times(clip.small) == times(clip.original));
    CHECK(sound(clip.small) == sound(clip.original));
    CHECK(words(sound(clip.small)).size() == 2);
    const auto bytes = test::read(clip.small);
    CHECK(bytes.find("moov") < bytes.find("mdat"));  // it begins to play before all of it is there
    for (const auto* measure : {"ssim_p5", "ssim_mean", "probes", "quality"}) CHECK(clip.metadata.dump().find(measure) != std::string::npos);
}

TEST_CASE("every rotation stays, 120 pictures a second stay, and no pixel is turned", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    const auto fast = film(house, "fast.mov", kX264, "mandelbrot=size=320x180:rate=120");
    std::vector<std::pair<std::string, std::string>> clips{{"IMG_0120.MOV", fast}};
    film(house, "plain.mov", kX264);
    for (const auto* angle : {"90", "180", "270"}) {
        const auto path = (house.dir / (std::string(angle) + ".mov")).string();
        said_by({"ffmpeg", "-v", "error", "-i", (house.dir / "plain.mov").string(), "-c", "copy", "-metadata:s:v:0", std::string("rotate=") + angle,
                 "-y", path});
        clips.emplace_back("IMG_" + std::string(angle) + ".MOV", test::read(path));
    }
    for (const auto& clip : compressed(house, clips)) {
        INFO(clip.metadata);
        REQUIRE(clip.kept().empty());
        const auto* what = "-select_streams v -show_entries stream=width,height,avg_frame_rate:stream_side_data=rotation,displaymatrix";
        CHECK(told(clip.small, what) == told(clip.original, what));
        CHECK(times(clip.small) == times(clip.original));
    }
}

TEST_CASE("HDR10 keeps its numbers, HLG its curve, both their ten bits", "[compress][video]") {
    House house;
    house.settings.compress = tier_of(GENERATE("hevc", "av1"));
    const std::string colours = "-color_primaries bt2020 -colorspace bt2020nc ";
    const auto hdr10 = film(house, "hdr10.mp4",
                            kX265 + colours +
                                "-color_trc smpte2084 -x265-params log-level=error:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
                                "WP(15635,16450)L(10000000,1):max-cll=1000,400");
    const auto hlg = film(house, "hlg.mp4", kX265 + colours + "-color_trc arib-std-b67 -x265-params log-level=error");
    const auto made = compressed(house, {{"IMG_0001.MP4", hdr10}, {"IMG_0002.MP4", hlg}});
    for (const auto& clip : made) {
        INFO(clip.metadata);
        REQUIRE(clip.kept().empty());
        const auto* what = "-select_streams v -show_entries stream=pix_fmt,color_range,color_space,color_transfer,color_primaries";
        CHECK(told(clip.small, what) == told(clip.original, what));
    }
    // In the pictures' own stream, where a television looks, and in the container, where a phone does.
    const auto frame = told(made[0].small, "-select_streams v -read_intervals %+#1 -show_frames");
    CHECK_THAT(frame, Catch::Contains("max_content=1000") && Catch::Contains("max_average=400") && Catch::Contains("max_luminance="));
    const auto track = told(made[0].small, "-select_streams v -show_streams");
    CHECK_THAT(track, Catch::Contains("max_content=1000") && Catch::Contains("red_x=34000/50000") && Catch::Contains("min_luminance=1/10000"));
}

TEST_CASE("clips that would lose something keep their bytes, with the reason", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    const auto plain = film(house, "plain.mp4", "-map 1:a -c:a aac " + kX264 + "-movflags +faststart");
    const auto coloured =
        film(house, "dv.mp4", kX265 + "-color_primaries bt2020 -colorspace bt2020nc -color_trc arib-std-b67 -x265-params log-level=error");
    const auto timed = film(house, "tc.mov", kX264 + "-timecode 01:00:00:00");
    const auto few = film(house, "few.mkv", kX264);
    film(house, "long.mp4", replaced(kX264, "-t 1 ", "-g 30 -t 2 "));
    said_by({"ffmpeg", "-v", "error", "-ss", "0.5", "-i", (house.dir / "long.mp4").string(), "-c", "copy", "-y", (house.dir / "cut.mp4").string()});
    const auto cut = test::read(house.dir / "cut.mp4");
    auto lying = plain;
    lying.replace(lying.find("stts") + 12, 4, "\x7F\xFF\xFF\xFF");
    const std::vector<std::tuple<std::string, std::string, std::string>> clips{
        {"IMG_01.MP4", replaced(coloured, "colr", "dvvC"), "video.dolby_vision"},
        {"IMG_02.MP4", replaced(coloured, "colr", "vexu"), "video.description"},
        {"IMG_03.MOV", replaced(timed, "tmcd", "hint"), "video.tracks"},
        {"IMG_04.MP4", plain + std::string("\0\0\0\x0Csefd\1\2\3\4", 12), "video.tracks"},
        {"IMG_05.MP4", film(house, "i.mp4", kX264 + "-flags +ildct+ilme -x264opts tff=1"), "video.interlaced"},
        {"IMG_06.MP4", film(house, "422.mp4", replaced(kX264, "yuv420p", "yuv422p")), "video.pixels"},
        {"IMG_07.MP4", film(house, "12.mp4", replaced(kX265, "yuv420p10le", "yuv444p12le") + "-x265-params log-level=error"), "video.pixels"},
        {"IMG_08.MP4", film(house, "frag.mp4", kX264 + "-movflags frag_keyframe+empty_moov"), "video.fragmented"},
        {"IMG_09.MP4", plain.substr(0, plain.size() - 2000), "video.broken"},
        {"IMG_10.MP4", plain.substr(0, 400), "video.broken"},
        {"IMG_11.MKV", few, "video.container"},
        {"IMG_12.MKV", few.substr(0, few.size() - 2000), "video.container"},
        {"IMG_13.MP4", lying, "video.header"},
        {"IMG_14.MP4", replaced(replaced(plain, "mp4a", "apac"), "esds", "dapa"), "video.audio"},  // a phone's spatial sound
        {"IMG_15.MP4", cut, "video.edit_list"},
        {"IMG_16.MP4", replaced(coloured, "colr", "dvwC"), "video.dolby_vision"},
    };
    std::vector<std::pair<std::string, std::string>> contents;
    for (const auto& [name, content, code] : clips) contents.emplace_back(name, content);
    const auto made = compressed(house, contents);
    for (std::size_t i = 0; i < clips.size(); ++i) {
        INFO(std::get<0>(clips[i]) << " " << made[i].metadata);
        CHECK(made[i].kept() == std::get<2>(clips[i]));
        CHECK((test::read(made[i].small) == std::get<1>(clips[i])));  // in brackets: nobody wants to read a clip
    }
}

TEST_CASE("of a Dolby Vision clip that others show, too, the base layer is made smaller where the tier asks for that", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    const auto hlg =
        film(house, "hlg.mov", kX265 + "-color_primaries bt2020 -colorspace bt2020nc -color_trc arib-std-b67 -x265-params log-level=error");
    // Dolby Vision 8.4 as phones film it, 5 as only Dolby's own players show it: profile, level, layers; compatibility.
    const auto with = [&](int profile, int compatibility) {
        const std::uint16_t bits = static_cast<std::uint16_t>(profile << 9 | 1 << 3 | 5);
        std::string box{
            "\0\0\0\x20"
            "dvvC\1\0",
            10};
        box += {static_cast<char>(bits >> 8), static_cast<char>(bits), static_cast<char>(compatibility << 4)};
        return described_with(hlg, "hvc1", box + std::string(32 - box.size(), '\0'));
    };
    const std::vector<std::pair<std::string, std::string>> clips{{"IMG_1.MOV", with(8, 4)}, {"IMG_2.MOV", with(5, 0)}};
    for (const auto& clip : compressed(house, clips)) CHECK(clip.kept() == "video.dolby_vision");
    House asked;
    asked.settings.compress = tier_of("hevc");
    asked.settings.compress.tiers[0].video.dolby_vision = "base_layer";
    const auto made = compressed(asked, clips);
    INFO(made[0].metadata);
    REQUIRE(made[0].kept().empty());
    CHECK_THAT(made[0].metadata["how"].get<std::string>(), Catch::Contains("without its Dolby Vision"));
    CHECK(made[1].kept() == "video.dolby_vision");
    const auto* what = "-select_streams v -show_entries stream=pix_fmt,color_space,color_transfer,color_primaries";
    CHECK(told(made[0].small, what) == told(made[0].original, what));
    CHECK_THAT(told(made[0].original, "-show_streams"), Catch::Contains("dv_profile=8"));
    CHECK_THAT(told(made[0].small, "-show_streams"), !Catch::Contains("dv_profile"));
    CHECK(times(made[0].small) == times(made[0].original));
}

TEST_CASE("a clip that is small already is not made again", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    const auto efficient =
        film(house, "efficient.mp4", "-map 0:v -c:v libx265 -preset fast -crf 30 -tag:v hvc1 -pix_fmt yuv420p -t 1 -x265-params log-level=error");
    const auto lean = film(house, "lean.mp4", "-map 0:v -c:v libx264 -preset slow -crf 36 -pix_fmt yuv420p -t 1");
    const auto rich = film(house, "rich.mp4", kX264);
    auto& video = house.settings.compress.tiers[0].video;
    video.min_crf = video.max_crf = 8;  // finer than they are
    CHECK(compressed(house, {{"IMG_1.MP4", efficient}}).front().kept() == "video.efficient");
    CHECK(compressed(house, {{"IMG_2.MP4", lean}}).front().kept() == "compress.not_worth_it");
    video.floor = 0;  // no search: it grows past its original while it is encoded
    video.quality = 1;
    CHECK(compressed(house, {{"IMG_3.MP4", film(house, "lean2.mp4", "-map 0:v -c:v libx264 -preset slow -crf 36 -pix_fmt yuv420p -t 0.9")}})
              .front()
              .kept() == "compress.not_worth_it");
    video = tier_of("hevc").tiers[0].video;
    video.min_crf = video.max_crf = 45;
    video.floor = 0.995;
    CHECK(compressed(house, {{"IMG_4.MP4", rich}}).front().kept() == "video.floor");
}

TEST_CASE("the floor holds for the finished copy, not only for the samples it was chosen by", "[compress][video]") {
    House house;
    house.settings.compress = tier_of("hevc");
    auto& video = house.settings.compress.tiers[0].video;
    video.floor = 0.9;
    // Calm where the samples are taken, a storm of noise between the first and the second.
    const auto storm =
        film(house, "storm.mp4",
             "-map 0:v -vf noise=alls=14:allf=t:enable='between(t\\,8.5\\,11.5)' -c:v libx264 -preset ultrafast -crf 10 -g 15 -pix_fmt yuv420p -t 30",
             "testsrc=size=64x48:rate=10");
    video.min_crf = 28;
    video.max_crf = 30;
    const auto clip = compressed(house, {{"IMG_1.MP4", storm}}).front();
    INFO(clip.metadata);
    CHECK(clip.kept() == "video.floor");
    CHECK(clip.metadata.dump().find("ssim_p5") != std::string::npos);  // it was finished, and measured
}

#if !defined(__SANITIZE_ADDRESS__)  // what a sanitizer holds is not what a clip needs
TEST_CASE("a clip of 1080p is made smaller within 400 MiB", "[compress][video]") {
    House house;
    const auto [codec, bits] = GENERATE(table<std::string, std::string>({{"hevc", "yuv420p"}, {"hevc", "yuv420p10le"}, {"av1", "yuv420p10le"}}));
    house.settings.compress = tier_of(codec);
    auto& video = house.settings.compress.tiers[0].video;
    if (codec == "hevc") video.preset = "fast";
    video.floor = 0.5;
    video.min_crf = video.max_crf = 30;  // one try: what it costs is not asked here
    // As many pictures as an encoder holds at once, and more.
    const auto content = film(house, "large.mov", "-map 0:v -c:v libx264 -preset ultrafast -threads 1 -crf 10 -t 1 -pix_fmt " + bits,
                              "testsrc2=size=1920x1080:rate=30");
    const auto clip = compressed(house, {{"IMG_0001.MOV", content}}).front();
    INFO(clip.metadata);
    REQUIRE(clip.kept().empty());
    rusage children{};
    REQUIRE(::getrusage(RUSAGE_CHILDREN, &children) == 0);  // the largest of them: the codec program
    INFO(codec << " " << bits);
    CHECK(children.ru_maxrss > 150 << 10);  // KiB: it was one of them
    CHECK(children.ru_maxrss <= 400 << 10);
}
#endif
