// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <cstring>

#include "stages/compress/codec/video/header_gate.h"

using namespace mediaferry;
using namespace mediaferry::stages;

namespace {

std::string be(std::uint64_t value, std::size_t size = 4) {
    std::string bytes;
    mov::add_number(bytes, size, value);
    return bytes;
}
std::string box(const std::string& type, const std::string& payload) { return mov::Box{type, payload, {}}.bytes(); }

struct Lie {
    std::uint32_t stts = 3, ctts = 3, samples = 3, duration = 3000, traks = 1, chunk_samples = 3;
    std::uint64_t chunk_at = 8;
    bool fragmented = false;
};

/// 300 bytes of samples in one chunk, and an index that says what is wished.
std::string clip_of(const Lie& lie) {
    std::string sizes;
    for (std::uint32_t i = 0; i < std::min(lie.samples, 3U); ++i) sizes += be(100);
    const auto stbl = box("stsd", be(0) + be(1) + box("avc1", std::string(78, '\0'))) + box("stts", be(0) + be(1) + be(lie.stts) + be(1000)) +
                      box("ctts", be(0) + be(1) + be(lie.ctts) + be(0)) + box("stsc", be(0) + be(1) + be(1) + be(lie.chunk_samples) + be(1)) +
                      box("stsz", be(0) + be(0) + be(lie.samples) + sizes) + box("stco", be(0) + be(1) + be(lie.chunk_at));
    const auto mdia = box("mdhd", be(0) + be(0) + be(0) + be(1000) + be(lie.duration) + be(0)) +
                      box("hdlr", be(0) + be(0) + "vide" + std::string(13, '\0')) + box("minf", box("stbl", stbl));
    std::string moov = box("mvhd", be(0) + be(0) + be(0) + be(600) + be(600) + std::string(80, '\0'));
    for (std::uint32_t i = 0; i < lie.traks; ++i)
        moov += box("trak", box("tkhd", be(0) + be(0) + be(0) + be(i + 1) + std::string(68, '\0')) + box("mdia", mdia));
    if (lie.fragmented) moov += box("mvex", "");
    return box("mdat", std::string(300, 'x')) + box("moov", moov);
}

av::ByteSource source_of(const std::string& bytes) {
    return {bytes.size(), [&bytes](std::uint64_t at, char* to, std::size_t most) {
                const auto count = std::min<std::size_t>(most, at < bytes.size() ? bytes.size() - static_cast<std::size_t>(at) : 0);
                std::memcpy(to, bytes.data() + at, count);
                return count;
            }};
}

std::string refused(const std::string& bytes) {
    try {
        mov::read_header(source_of(bytes));
        return "";
    } catch (const BadInput& error) {
        return error.reason().code;
    }
}

}  // namespace

TEST_CASE("an index that is true is read: tracks, samples, where they lie", "[video]") {
    const auto bytes = clip_of({});
    const auto header = mov::read_header(source_of(bytes));
    REQUIRE(header.tracks.size() == 1);
    CHECK(header.timescale == 600);
    CHECK(header.tracks[0].handler == "vide");
    CHECK(header.tracks[0].kind == "avc1");
    CHECK(header.tracks[0].samples == 3);
    CHECK(header.tracks[0].bytes == 300);
    CHECK(header.tracks[0].seconds == 3);
    REQUIRE(header.tracks[0].chunks.size() == 1);
    CHECK(header.tracks[0].chunks[0].at == 8);
    CHECK_FALSE(header.fragmented);
    CHECK(header.movie.moov.bytes() == bytes.substr(308));
    CHECK(mov::read_header(source_of(clip_of({.fragmented = true}))).fragmented);
}

TEST_CASE("an index that cannot be true is refused before any library believes it", "[video]") {
    CHECK(refused(clip_of({.stts = 0x80000000U})) == "video.header");
    CHECK(refused(clip_of({.ctts = 4})) == "video.header");
    CHECK(refused(clip_of({.samples = 0xFFFFFFF0U})) == "video.header");
    CHECK(refused(clip_of({.duration = 25 * 3600 * 1000})) == "video.header");
    CHECK(refused(clip_of({.traks = 17})) == "video.header");
    CHECK(refused(clip_of({.chunk_samples = 4})) == "video.header");
    CHECK(refused(clip_of({.chunk_samples = 2})) == "video.header");
    CHECK(refused(clip_of({.chunk_at = 100'000})) == "video.broken");
}

TEST_CASE("whatever of a clip is missing or turned, it is refused or read, never more", "[video]") {
    const auto whole = clip_of({});
    for (std::size_t length = 0; length < whole.size(); ++length) CHECK_FALSE(refused(whole.substr(0, length)).empty());
    for (std::size_t at = 300; at < whole.size(); ++at)
        for (const char bits : {'\x01', '\x80', '\xFF'}) {
            auto turned = whole;
            turned[at] = static_cast<char>(turned[at] ^ bits);
            refused(turned);  // returns
        }
    CHECK(refused("RIFFxxxxAVI and so on") == "video.container");
    CHECK(refused("\x1A\x45\xDF\xA3 a Matroska file begins like this") == "video.container");
}
