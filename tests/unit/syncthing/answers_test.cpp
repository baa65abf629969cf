// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/syncthing/answers.h"

namespace mediaferry::syncthing {
namespace {

/// As 1.19.2 gave it for a file that the phone deleted and the send-only server kept.
constexpr auto kDeletedByPhone119 =
    R"({"availability":[{"id":"6HHS5NV-U2MH72B-JQEZDT5-7WFNPYW-XQ7XX7T-LTZ4GFI-GYUNWZQ-7NX5NQA","fromTemporary":false}],
 "global":{"deleted":true,"ignored":false,"invalid":false,"localFlags":0,"modified":"2026-11-20T19:03:24.465843757Z","modifiedBy":"6HHS5NV","mustRescan":false,
  "name":"a \u0026 b.jpg","noPermissions":true,"numBlocks":0,"sequence":2,"size":0,"type":"FILE_INFO_TYPE_FILE","version":["WL4VHS7:1795201403","6HHS5NV:1795201404"]},
 "local":{"deleted":false,"ignored":false,"invalid":false,"localFlags":0,"modified":"2026-11-20T20:03:23.465+01:00","modifiedBy":"WL4VHS7","mustRescan":false,
  "name":"a \u0026 b.jpg","noPermissions":true,"numBlocks":1,"sequence":1,"size":1,"type":"FILE_INFO_TYPE_FILE","version":["WL4VHS7:1795201403"]},
 "mtime":{"err":null,"value":{"real":"0001-01-01T00:00:00Z","virtual":"0001-01-01T00:00:00Z"}}})";

/// As 2.1.3 gives it: blocksHash, platform, no mtime; and a file that the server itself does not have.
constexpr auto kNotHere21 = R"({"availability":[],
 "global":{"name":"new.jpg","type":"FILE_INFO_TYPE_FILE","size":10,"modified":"2026-11-20T17:01:33.93446791Z","permissions":"0644","noPermissions":false,"deleted":false,
  "invalid":false,"ignored":false,"mustRescan":false,"localFlags":0,"modifiedBy":"INRS4UI","version":["INRS4UI:1795194093"],"sequence":11,"numBlocks":1,
  "blocksHash":"W9ds==","previousBlocksHash":null,"platform":{"darwin":null}},
 "local":{"name":"","type":"FILE_INFO_TYPE_FILE","size":0,"modified":"0001-01-01T00:00:00Z","permissions":"0","deleted":false,"invalid":false,"ignored":false,
  "mustRescan":false,"localFlags":0,"modifiedBy":"","version":[],"sequence":0,"numBlocks":0,"blocksHash":null,"previousBlocksHash":null,"platform":{}}})";

}  // namespace

TEST_CASE("db/file of 1.19 is read with names unescaped, times in any zone and vectors in any order", "[syncthing]") {
    const auto answer = file_answer(kDeletedByPhone119);
    REQUIRE(answer.availability.size() == 1);
    CHECK_FALSE(answer.availability.front().from_temporary);
    CHECK(answer.global.deleted);
    CHECK(answer.global.name == "a & b.jpg");
    CHECK(answer.global.modified_by == "6HHS5NV");
    CHECK(answer.global.version.counters.at("6HHS5NV") == 1795201404);
    CHECK(answer.local.modified == Moment{*from_iso("2026-11-20T19:03:23Z"), 465'000'000});
    CHECK(answer.local.size == 1);
}

TEST_CASE("db/file of 2.x: an absent entry has no name, which is not a deletion", "[syncthing]") {
    const auto answer = file_answer(kNotHere21);
    CHECK_FALSE(answer.local.present());
    CHECK_FALSE(answer.local.deleted);
    CHECK(answer.global.present());
    CHECK(answer.global.modified == Moment{*from_iso("2026-11-20T17:01:33Z"), 934'467'910});
}

TEST_CASE("availability may be null", "[syncthing]") {
    std::string text = kNotHere21;
    text.replace(text.find("[]"), 2, "null");
    CHECK(file_answer(text).availability.empty());
}

TEST_CASE("hostile answers end in an exception, never in a value", "[syncthing]") {
    const std::string good = kDeletedByPhone119;
    const auto changed = [&](const std::string& from, const std::string& to) {
        auto text = good;
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    const auto text =
        GENERATE_COPY(as<std::string>{}, "", "null", "[]", "{}", "<html>", good.substr(0, 300), changed("\"deleted\":true", "\"deleted\":\"no\""),
                      changed("\"size\":0", "\"size\":-1"), changed("\"size\":0", "\"size\":1.5"), changed("WL4VHS7:1795201403", "WL4VHS7"),
                      changed("\"version\":[\"WL4VHS7:1795201403\",\"6HHS5NV:1795201404\"]", "\"version\":{\"a\":1}"),
                      changed("\"fromTemporary\":false", "\"fromTemporary\":0"));
    CHECK_THROWS_AS(file_answer(text), Unavailable);
}

TEST_CASE("every other answer refuses another shape too", "[syncthing]") {
    const auto text =
        GENERATE(as<std::string>{}, "", "{", "[1]", "\"x\"", "{\"connections\":[1]}", "[{}]", "{\"state\":1}", "{\"myID\":null}", "{\"a\":1}");
    CHECK_THROWS_AS(folder_configs(text), Unavailable);
    CHECK_THROWS_AS(device_configs(text), Unavailable);
    CHECK_THROWS_AS(connections(text), Unavailable);
    CHECK_THROWS_AS(completion(text), Unavailable);
    CHECK_THROWS_AS(folder_status(text), Unavailable);
    CHECK_THROWS_AS(server_status(text), Unavailable);
    CHECK_THROWS_AS(need_page(text), Unavailable);
    CHECK_THROWS_AS(last_seen(text), Unavailable);
}

TEST_CASE("completion of 1.19 has no remoteState", "[syncthing]") {
    CHECK(completion(R"({"completion":100,"globalBytes":1,"globalItems":1,"needBytes":0,"needDeletes":0,"needItems":0,"sequence":1})")
              .remote_state.empty());
    CHECK(completion(R"({"completion":100,"needItems":2,"needDeletes":0,"sequence":7,"remoteState":"notSharing"})").remote_state == "notSharing");
}

TEST_CASE("a device that was never seen has no time", "[syncthing]") {
    const auto seen = last_seen(R"({"A":{"lastSeen":"2026-11-20T19:03:23Z","lastConnectionDurationS":0},"B":{"lastSeen":"1970-01-01T00:00:00Z"}})");
    CHECK(seen.size() == 1);
    CHECK(seen.contains("A"));
}

TEST_CASE("moments keep every nanosecond and survive their text", "[syncthing]") {
    const auto text = GENERATE(as<std::string>{}, "2026-11-20T17:01:33.93446791Z", "2026-11-20T17:01:33Z", "2017-01-01T00:00:00.000000001Z");
    const auto moment = moment_from_text(text);
    REQUIRE(moment);
    CHECK(moment_from_text(to_text(*moment)) == moment);
    CHECK_FALSE(moment_from_text("2026-11-20T17:01:33.1234567890Z"));
    CHECK_FALSE(moment_from_text("2026-11-20T17:01:33.Z"));
    CHECK_FALSE(moment_from_text("yesterday"));
}

}  // namespace mediaferry::syncthing
