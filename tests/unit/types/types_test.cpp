// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/types/bytes.h"
#include "common/types/kinds.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"
#include "common/types/utf8.h"

using namespace mediaferry;
using namespace std::chrono_literals;

TEST_CASE("an amount of bytes reads well", "[types]") {
    const auto [count, text] = GENERATE(table<std::uint64_t, std::string>({{0, "0 B"},
                                                                           {1023, "1023 B"},
                                                                           {1024, "1.0 KiB"},
                                                                           {1536, "1.5 KiB"},
                                                                           {1048575, "1.0 MiB"},
                                                                           {20ULL << 20, "20.0 MiB"},
                                                                           {4ULL << 30, "4.0 GiB"}}));
    CHECK(to_text(Bytes{count}) == text);
}

TEST_CASE("times are written in UTC and read in every common form", "[types]") {
    const Timestamp at{1736951422s};
    CHECK(to_iso(at) == "2025-01-15T14:30:22Z");
    CHECK(to_compact(at) == "20250115_143022");
    const auto* text = GENERATE("2025-01-15T14:30:22Z", "2025-01-15 14:30:22", "2025-01-15T14:30:22.123456Z", "2025-01-15T15:30:22+01:00",
                                "2025-01-15T09:00:22-0530");
    CHECK(from_iso(text) == at);
}

TEST_CASE("what is no time is refused", "[types]") {
    const auto* text =
        GENERATE("", "2025", "2025-13-01", "2025-02-30T00:00:00Z", "2025-01-15T25:00:00Z", "2025-01-15T14:30", "2025-01-15T14:30:22X", "yesterday");
    CHECK_FALSE(from_iso(text));
}

TEST_CASE("dates before 1970 work", "[types]") {
    CHECK(to_iso(Timestamp{-1s}) == "1969-12-31T23:59:59Z");
    CHECK(from_iso("1969-12-31T23:59:59Z") == Timestamp{-1s});
}

TEST_CASE("durations read well", "[types]") {
    CHECK(to_text(45'200ms) == "45.2s");
    CHECK(to_text(200'000ms) == "3m 20s");
    CHECK(to_text(std::chrono::milliseconds{27h}) == "1d 3h");
}

TEST_CASE("a SHA-256 survives its text form, and nothing else passes for one", "[types]") {
    Sha256 hash;
    for (std::size_t i = 0; i < hash.bytes.size(); ++i) hash.bytes[i] = static_cast<std::uint8_t>(i * 7 + 3);
    CHECK(sha256_from_hex(to_hex(hash)) == hash);
    CHECK_FALSE(sha256_from_hex(to_hex(hash).substr(1)));
    CHECK_FALSE(sha256_from_hex(std::string(64, 'g')));
    CHECK_FALSE(sha256_from_hex(std::string(64, 'A')));
}

TEST_CASE("every word for a kind is read back as that kind", "[types]") {
    for (const auto* word : {"original", "alternative", "live_movie", "sidecar", "edited", "edited_movie"}) {
        REQUIRE(resource_kind_from_text(word));
        CHECK(to_text(*resource_kind_from_text(word)) == word);
    }
    for (const auto* word : {"photo", "raw", "video", "sidecar", "other"}) CHECK(to_text(media_kind_from_text(word).value()) == word);
    for (const auto* word : {"local", "pixel", "nas", "library"}) CHECK(to_text(place_from_text(word).value()) == word);
    CHECK_FALSE(place_from_text("cloud"));
}

TEST_CASE("UTF-8 is told from what only looks like it", "[types]") {
    for (const std::string good : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
        CHECK(is_utf8(good));
    for (const std::string bad : {"\x80", "a\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE2\x82", "\xED\xA0\x80", "\xF0\x80\x80\xAF", "\xF4\x90\x80\x80",
                                  "\xF5\x80\x80\x80", "\xFF", "\xE2\x28\xA1"})
        CHECK_FALSE(is_utf8(bad));
    CHECK(utf8_length("a\xE2\x82\xAC", 1) == 3);
}
