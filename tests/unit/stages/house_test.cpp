// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/house.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

using namespace mediaferry;
using stages::effective_after;
using stages::find_stage;
using stages::house;

namespace {
using Names = std::vector<std::string_view>;
}

TEST_CASE("the house has the nine stages of its design, in order", "[house]") {
    Names names;
    for (const auto& step : house()) names.push_back(step.stage);
    CHECK(names ==
          Names{"icloud_download", "pixel_sync", "pixel_verify", "nas_archive", "processing", "compress", "icloud_mark", "icloud_delete", "cleanup"});
}

TEST_CASE("a stage comes after stages before it only", "[house]") {
    std::set<std::string_view> before;
    for (const auto& step : house()) {
        for (const auto name : step.after) CHECK(before.contains(name));
        before.insert(step.stage);
    }
}

TEST_CASE("a stage is found by name and by number", "[house]") {
    CHECK(find_stage("4") == find_stage("nas_archive"));
    CHECK(stages::number_of(*find_stage("cleanup")) == 9);
    for (const auto* wrong : {"", "0", "10", "nas", "4x", "-1"}) CHECK(find_stage(wrong) == nullptr);
}

TEST_CASE("a stage that is off is passed over by those after it", "[house]") {
    const auto without = [](std::set<std::string_view> off) { return [off](std::string_view name) { return !off.contains(name); }; };
    CHECK(effective_after(*find_stage("processing"), without({})) == Names{"nas_archive", "pixel_verify"});
    CHECK(effective_after(*find_stage("processing"), without({"pixel_sync", "pixel_verify"})) == Names{"icloud_download", "nas_archive"});
    CHECK(effective_after(*find_stage("processing"), without({"pixel_sync", "pixel_verify", "nas_archive"})) == Names{"icloud_download"});
    CHECK(effective_after(*find_stage("icloud_mark"), without({"processing", "compress"})) == Names{"nas_archive", "pixel_verify"});
}

TEST_CASE("the README shows the stage table as the code has it", "[house]") {
    std::ifstream file(SOURCE_ROOT "/README.md");
    std::ostringstream text;
    text << file.rdbuf();
    for (const auto& step : house()) {
        std::string after;
        for (const auto name : step.after) after += (after.empty() ? "" : ", ") + std::string(name);
        const auto row = "| " + std::to_string(stages::number_of(step)) + " | `" + std::string(step.stage) + "` | " + after + " | " +
                         std::string(step.does) + " | " + (step.status.empty() ? "" : "`" + std::string(step.status) + "`") + " |";
        CHECK_THAT(text.str(), Catch::Contains(row));
    }
}
