// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "stages/compress/codec/video/carried.h"
#include "stages/compress/codec/video/header_boxes.h"
#include "stages/compress/codec/video/index.h"

using namespace mediaferry;
using namespace mediaferry::stages;
using mov::Box;

namespace {

std::string be(std::uint64_t value, std::size_t size = 4) {
    std::string bytes;
    mov::add_number(bytes, size, value);
    return bytes;
}
std::string zeros(std::size_t count) { return std::string(count, '\0'); }

Box movie_head(bool wide, std::uint64_t created, std::uint64_t duration) {
    const std::size_t time = wide ? 8 : 4;
    return {"mvhd", be(wide ? 1U << 24 : 0) + be(created, time) + be(created + 1, time) + be(600) + be(duration, time) + zeros(80), {}};
}
Box track_head(bool wide, std::uint32_t id, std::uint64_t duration, std::uint32_t width) {
    const std::size_t time = wide ? 8 : 4;
    return {"tkhd",
            be(wide ? 1U << 24 : 0) + be(5, time) + be(6, time) + be(id) + be(0) + be(duration, time) + zeros(52) + be(width) + be(width / 2),
            {}};
}
Box media_head(bool wide, std::uint64_t created, std::uint64_t duration, std::uint16_t language) {
    const std::size_t time = wide ? 8 : 4;
    return {
        "mdhd", be(wide ? 1U << 24 : 0) + be(created, time) + be(created, time) + be(90000) + be(duration, time) + be(language, 2) + be(0, 2), {}};
}

struct File {
    std::string samples = std::string(100, 's'), handler = "meta", more_in_table, after;
    std::uint32_t reference = 1;
};

std::string why_not(const File& file) {
    const auto box = [](const std::string& type, const std::string& payload) { return Box{type, payload, {}}.bytes(); };
    const auto stbl = box("stsd", be(0) + be(1) + box("mebx", zeros(8))) + box("stts", be(0) + be(1) + be(1) + be(600)) +
                      box("stsc", be(0) + be(1) + be(1) + be(1) + be(1)) + box("stsz", be(0) + be(0) + be(1) + be(file.samples.size())) +
                      box("stco", be(0) + be(1) + be(8)) + file.more_in_table;
    const auto minf = box("dinf", box("dref", be(0) + be(1) + box("alis", be(file.reference)))) + box("stbl", stbl);
    const auto mdia = media_head(false, 1, 600, 0).bytes() + box("hdlr", be(0) + "mhlr" + file.handler + zeros(13)) + box("minf", minf);
    const auto bytes = box("mdat", file.samples) +
                       box("moov", movie_head(false, 1, 600).bytes() + box("trak", track_head(false, 1, 600, 0).bytes() + box("mdia", mdia))) +
                       file.after;
    const av::ByteSource source{bytes.size(), [&](std::uint64_t at, char* to, std::size_t most) {
                                    const auto count = std::min<std::size_t>(most, bytes.size() - static_cast<std::size_t>(at));
                                    std::memcpy(to, bytes.data() + at, count);
                                    return count;
                                }};
    return mov::not_carried(source, mov::read_header(source));
}

}  // namespace

TEST_CASE("what a small copy can carry past libav, and what it cannot", "[video]") {
    CHECK(why_not({}).empty());
    CHECK(why_not({.handler = "tmcd"}).empty());
    CHECK(why_not({.handler = "hint"}).find("hint") != std::string::npos);
    CHECK(why_not({.handler = "auxv"}).find("auxv") != std::string::npos);
    CHECK(why_not({.reference = 0}).find("lies elsewhere") != std::string::npos);
    CHECK(why_not({.more_in_table = Box{"saio", zeros(12), {}}.bytes()}).find("lies elsewhere") != std::string::npos);
    CHECK(why_not({.samples = std::string((64 << 20) + 1, 's')}).find("64 MiB") != std::string::npos);
    CHECK(why_not({.after = Box{"sefd", "x", {}}.bytes()}).find("sefd") != std::string::npos);
    CHECK(why_not({.after = Box{"uuid", std::string(16, 'x'), {}}.bytes()}).find("uuid") != std::string::npos);
    CHECK(why_not({.after = Box{"uuid", "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC<x/>", {}}.bytes()}).empty());
}

TEST_CASE("headers keep what the original says, in the width that each has", "[video]") {
    const bool wide = GENERATE(false, true), made_wide = GENERATE(false, true);
    const auto movie = mov::movie_header(movie_head(wide, 1000, 77), movie_head(made_wide, 0, 88));
    CHECK(movie.bytes() == movie_head(wide, 1000, 88).bytes());
    CHECK(mov::track_header(track_head(wide, 7, 77, 1920), track_head(made_wide, 7, 88, 960), false).bytes() ==
          track_head(wide, 7, 88, 1920).bytes());
    CHECK(mov::track_header(track_head(wide, 7, 77, 1920), track_head(made_wide, 7, 88, 960), true).bytes() == track_head(wide, 7, 88, 960).bytes());
    CHECK(mov::media_header(media_head(wide, 1000, 77, 0x10B5), media_head(made_wide, 0, 88, 0x55C4)).bytes() ==
          media_head(made_wide, 1000, 88, 0x10B5).bytes());
}

TEST_CASE("a name that QuickTime counts ends with a zero in an MP4 file", "[video]") {
    const Box quicktime{"hdlr", be(0) + "mhlrvide" + "appl" + zeros(8) + "\4Anna", {}};
    const Box mp4{"hdlr", be(0) + be(0) + "vide" + "appl" + zeros(8) + "Anna" + zeros(1), {}};
    CHECK(mov::as_mp4({"moov", {}, {{"mdia", {}, {quicktime}}}}).bytes() == Box{"moov", {}, {{"mdia", {}, {mp4}}}}.bytes());
    CHECK(mov::as_mp4(mp4).bytes() == mp4.bytes());
    const Box lying{"hdlr",
                    be(0) + "mhlrvide" + "appl" + zeros(8) +
                        "\x7F"
                        "Anna",
                    {}};
    CHECK(mov::as_mp4(lying).payload.size() == lying.payload.size());
}

TEST_CASE("a chunk lies where its index says beyond 4 GiB, too, and is moved across that line", "[video]") {
    const auto table = [](const std::string& type, std::size_t size, std::vector<std::uint64_t> at) {
        std::string payload = be(0) + be(at.size());
        for (const auto one : at) payload += be(one, size);
        return Box{type, payload, {}};
    };
    const auto stbl_of = [](const Box& places) {
        return Box{"stbl",
                   {},
                   {{"stsd", be(0) + be(1) + Box{"mebx", zeros(8), {}}.bytes(), {}},
                    {"stts", be(0) + be(1) + be(3) + be(600), {}},
                    {"stsc", be(0) + be(1) + be(1) + be(1) + be(1), {}},
                    {"stsz", be(0) + be(12) + be(3), {}},
                    places}};
    };
    const auto trak_of = [&](const Box& places) {
        const Box dinf{"dinf", Box{"dref", be(0) + be(1) + Box{"alis", be(1), {}}.bytes(), {}}.bytes(), {}};
        const Box hdlr{"hdlr", be(0) + "mhlrmeta" + zeros(13), {}};
        return Box{
            "trak", {}, {track_head(false, 1, 600, 0), {"mdia", {}, {media_head(false, 1, 600, 0), hdlr, {"minf", {}, {dinf, stbl_of(places)}}}}}};
    };

    // A file of 5 GiB that nobody has to write: one box of samples, then the index.
    constexpr std::uint64_t kSamples = 5ULL << 30;
    const auto head = be(1) + "mdat" + be(kSamples, 8);
    const std::vector<std::uint64_t> places{16, (1ULL << 32) - 6, kSamples - 12};
    const auto index = Box{"moov", {}, {movie_head(false, 1, 600), trak_of(table("co64", 8, places))}}.bytes();
    const av::ByteSource large{kSamples + index.size(), [&](std::uint64_t at, char* to, std::size_t most) {
                                   const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, kSamples + index.size() - at));
                                   for (std::size_t i = 0; i < count; ++i, ++at)
                                       to[i] = at < head.size() ? head[at] : at >= kSamples ? index[at - kSamples] : '\0';
                                   return count;
                               }};
    const auto header = mov::read_header(large);
    REQUIRE(header.tracks.size() == 1);
    REQUIRE(header.tracks[0].chunks.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK((header.tracks[0].chunks[i].at == places[i] && header.tracks[0].chunks[i].size == 12));

    const auto moved = [&](Box trak, bool wide, std::uint64_t by) {
        mov::place_chunks(trak, wide, [&](std::size_t, std::uint64_t at) { return at + by; });
        return trak.bytes();
    };
    const auto narrow = trak_of(table("stco", 4, {16, 0xFFFFFF00, 40}));
    CHECK(moved(narrow, true, 0x200) == trak_of(table("co64", 8, {0x210, 0x1'0000'0100, 0x228})).bytes());
    CHECK(moved(trak_of(table("stco", 4, {16, 28, 40})), false, 0x200) == trak_of(table("stco", 4, {0x210, 0x21C, 0x228})).bytes());
    const auto wide = trak_of(table("co64", 8, places));
    CHECK(moved(wide, false, 0x200) == trak_of(table("co64", 8, {0x210, (1ULL << 32) + 0x1FA, kSamples + 0x1F4})).bytes());
}
