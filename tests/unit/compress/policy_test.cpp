// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/policy.h"

#include <catch2/catch.hpp>

#include "stages/compress/record.h"

using namespace mediaferry;
using media_db::MediaItem;
using stages::policy_of;

namespace {

config::Tier tier() { return {"medium", std::nullopt, {}, {}}; }

MediaItem item(MediaKind kind, ResourceKind resource = ResourceKind::original) {
    MediaItem one;
    one.kind = kind;
    one.resource = resource;
    return one;
}

}  // namespace

TEST_CASE("a policy is what the tier says of this kind of file, and nothing else", "[compress]") {
    const config::Compress settings;
    const auto photo = policy_of(settings, tier(), item(MediaKind::photo)), video = policy_of(settings, tier(), item(MediaKind::video));
    CHECK(photo.size() == 16);
    CHECK(photo != video);

    auto other = tier();
    other.name = "heavy";
    other.younger_than = std::chrono::hours{1};
    CHECK(policy_of(settings, other, item(MediaKind::photo)) == photo);
    other.video.quality += 1;
    CHECK(policy_of(settings, other, item(MediaKind::photo)) == photo);
    CHECK(policy_of(settings, other, item(MediaKind::video)) != video);
    other.photo.quality -= 1;
    CHECK(policy_of(settings, other, item(MediaKind::photo)) != photo);

    auto saving = tier();
    saving.minimum_saving_percent_video = 40;
    CHECK(policy_of(settings, saving, item(MediaKind::photo)) == photo);
    CHECK(policy_of(settings, saving, item(MediaKind::video)) != video);
}

TEST_CASE("what is kept whole has one policy whatever the tier says of others", "[compress]") {
    const config::Compress settings;
    auto keeps = tier();
    keeps.photo.keep = true;
    const auto whole = policy_of(settings, keeps, item(MediaKind::photo));
    CHECK(policy_of(settings, tier(), item(MediaKind::raw)) == whole);
    CHECK(policy_of(settings, tier(), item(MediaKind::video, ResourceKind::live_movie)) == whole);
    CHECK(policy_of(settings, tier(), item(MediaKind::photo)) != whole);
}

TEST_CASE("a tier's own least saving counts, else the section's", "[compress]") {
    config::Compress settings;
    settings.minimum_saving_percent = 5;
    auto one = tier();
    const auto [percent, video, photo_is, video_is] = GENERATE(table<std::optional<int>, std::optional<int>, int, int>(
        {{std::nullopt, std::nullopt, 5, 5}, {20, std::nullopt, 20, 20}, {20, 25, 20, 25}, {std::nullopt, 25, 5, 25}}));
    one.minimum_saving_percent = percent;
    one.minimum_saving_percent_video = video;
    CHECK(stages::least_saving(settings, one, MediaKind::photo).percent == photo_is);
    CHECK(stages::least_saving(settings, one, MediaKind::video).percent == video_is);
}

TEST_CASE("a small copy is worth it when it saves enough bytes and a large enough share", "[compress]") {
    const auto [before, after, met] = GENERATE(table<std::uint64_t, std::uint64_t, bool>(
        {{1'000'000, 900'000, true}, {1'000'000, 900'001, false}, {1'000'000, 1'000'000, false}, {1'000'000, 2'000'000, false}, {50'000, 1'000, false}}));
    CHECK(stages::LeastSaving{Bytes{64 << 10}, 10}.met(Bytes{before}, Bytes{after}) == met);
}

TEST_CASE("what was written down of a copy is read as it was written", "[compress]") {
    stages::Record record;
    record.tier = "heavy";
    record.tier_since = Timestamp{std::chrono::seconds{1'700'000'000}};
    record.policy = "0123456789abcdef";
    record.original.bytes[1] = 3;
    record.copy.bytes[2] = 4;
    record.before = Bytes{1000};
    record.after = Bytes{10};
    record.path = "2024/06/IMG_1.JPG";
    record.from_copy = true;
    record.at = Timestamp{std::chrono::seconds{1'700'000'001}};
    record.how = "jpeg q70";
    record.tools = "libjpeg-turbo 2.1.5";
    record.psnr = 40.25;
    record.cpu_seconds = 1.5;
    record.measures = {{"megapixels", 12.2}};
    const auto got = stages::record_from(stages::to_json(record));
    REQUIRE(got);
    CHECK(stages::to_json(*got) == stages::to_json(record));
    CHECK(got->from_copy);
    CHECK(got->tier_since == record.tier_since);
    CHECK(got->measures == record.measures);
    CHECK_FALSE(got->kept);
}

TEST_CASE("a record of before policies were written down belongs to none", "[compress]") {
    const std::string hash(64, 'a');
    const auto got = stages::record_from(R"({"tier":"light","original_sha256":")" + hash + R"(","sha256":")" + hash +
                                         R"(","bytes_before":10,"bytes_after":9,"path":"a.jpg","at":"2025-01-02T03:04:05Z","how":"jpeg q90"})");
    REQUIRE(got);
    CHECK(got->policy.empty());
    CHECK(to_iso(got->tier_since) == "2025-01-02T03:04:05Z");
    for (const auto* text : {"", "{}", "[]", "null", "{\"tier\":7}"}) CHECK_FALSE(stages::record_from(text));
}
