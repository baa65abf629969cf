// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/order.h"

#include <catch2/catch.hpp>

using namespace mediaferry;
using stages::Answer;

TEST_CASE("an order arrives as it was given", "[compress]") {
    stages::Order order;
    order.task = stages::Order::Task::video;
    order.original = 5;
    order.result = 6;
    order.size = Bytes{1ULL << 40};
    order.sha256.bytes[3] = 7;
    order.extension = ".HEIC";
    order.container = "mp4";
    order.photo = {false, 77, 12.5, true, 0.91, 33, "keep", true, "reduce"};
    order.video = {false, "av1", 31, 1920, "slow", 0.97, 20, 40, 33, "base_layer"};
    order.from_copy = true;
    order.small = 7;
    order.small_size = Bytes{99};
    order.small_sha256.bytes[5] = 9;
    order.limits = {Bytes{123}, std::chrono::seconds{45}, Bytes{678}, false, true};
    const auto got = stages::order_from(stages::to_json(order));
    CHECK(got.task == order.task);
    CHECK(got.original == 5);
    CHECK(got.result == 6);
    CHECK(got.size == order.size);
    CHECK(got.sha256 == order.sha256);
    CHECK(got.extension == ".HEIC");
    CHECK(got.container == "mp4");
    CHECK(got.photo.quality == 77);
    CHECK(got.photo.lossless);
    CHECK(got.photo.floor == 0.91);
    CHECK(got.photo.min_quality == 33);
    CHECK(got.photo.max_megapixels == 12.5);
    CHECK(got.photo.png == "keep");
    CHECK(got.photo.jpeg_xl);
    CHECK(got.photo.heic == "reduce");
    CHECK(got.video.codec == "av1");
    CHECK(got.video.max_long_edge == 1920);
    CHECK(got.video.preset == "slow");
    CHECK(got.from_copy);
    CHECK(got.small == 7);
    CHECK(got.small_size == Bytes{99});
    CHECK(got.small_sha256 == order.small_sha256);
    CHECK(got.video.floor == 0.97);
    CHECK(got.video.min_crf == 20);
    CHECK(got.video.max_crf == 40);
    CHECK(got.video.efficient_saving_percent == 33);
    CHECK(got.video.dolby_vision == "base_layer");
    CHECK(got.limits.memory == Bytes{123});
    CHECK(got.limits.cpu == std::chrono::seconds{45});
    CHECK(got.limits.file == Bytes{678});
    CHECK_FALSE(got.limits.landlock);
    CHECK(got.limits.seccomp);
}

TEST_CASE("an order to restore needs no tier", "[compress]") {
    const std::string text = R"({"task": "restore", "original": 5, "result": 6, "size": 7, "sha256": ")" + std::string(64, 'a') +
                             R"(", "limits": {"memory": 1, "cpu": 2, "file": 3, "landlock": true, "seccomp": true}})";
    const auto got = stages::order_from(text);
    CHECK(got.task == stages::Order::Task::restore);
    CHECK(to_hex(got.sha256) == std::string(64, 'a'));
    CHECK(got.limits.file == Bytes{3});
    CHECK_THROWS_AS(stages::order_from(R"({"task": "erase"})"), BadInput);
}

TEST_CASE("an answer arrives as it was given, made harmless", "[compress]") {
    Answer made;
    made.outcome = Answer::Outcome::made;
    made.result = {std::nullopt, ".mp4", "hevc crf 26", 41.5, "FFmpeg 5.1", {}, 0, 0, {}};
    made.result.measures = {{"ssim_p5", 0.97}, {"No \n name", 1}};
    const auto got = stages::answer_from(stages::to_json(made));
    CHECK(got.result.measures == std::map<std::string, double>{{"ssim_p5", 0.97}});
    CHECK(got.outcome == Answer::Outcome::made);
    CHECK(got.result.how == "hevc crf 26");
    CHECK(got.result.psnr == 41.5);

    Answer broken;
    broken.outcome = Answer::Outcome::broken;
    broken.reason = {"photo.broken", "it says\x1b[31m\n" + std::string(5000, 'x')};
    const auto told = stages::answer_from(stages::to_json(broken));
    CHECK(told.reason.code == "photo.broken");
    CHECK_THAT(told.reason.text, Catch::StartsWith("it says?[31m?xx"));
    CHECK(told.reason.text.size() == 400);
}

TEST_CASE("what is no answer is refused", "[compress]") {
    const auto* text = GENERATE("", "{", "[]", "{\"outcome\":\"great\"}", "{\"outcome\":7}", "{\"outcome\":\"made\"}", "null");
    CHECK_THROWS_AS(stages::answer_from(text), BadInput);
}
