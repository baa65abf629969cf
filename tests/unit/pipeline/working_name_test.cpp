// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/pipeline/working_name.h"

using namespace mediaferry;
using pipeline::own_name;
using pipeline::working_name;

namespace {
const Timestamp kHandled = *from_iso("2025-01-15T14:30:22Z");
}

TEST_CASE("A working name tells the stage and when it handled the file", "[pipeline]") {
    CHECK(working_name(2, "pixel_sync", kHandled, "IMG_1234.jpg") == "step02_pixel_sync_20250115_143022_IMG_1234.jpg");
    CHECK(working_name(11, "later", kHandled, "IMG_1234.jpg") == "step11_later_20250115_143022_IMG_1234.jpg");
}

TEST_CASE("The next stage replaces the prefix of the one before", "[pipeline]") {
    const auto before = working_name(2, "pixel_sync", kHandled, "IMG_1234.jpg");
    CHECK(working_name(5, "processing", kHandled + std::chrono::hours{1}, before) == "step05_processing_20250115_153022_IMG_1234.jpg");
}

TEST_CASE("Only the documented prefix is taken off a name", "[pipeline]") {
    const auto [name, own] = GENERATE(table<std::string, std::string>({
        {"step02_pixel_sync_20250115_143022_IMG_1234.jpg", "IMG_1234.jpg"},
        {"step05_processing_20250115_143022_20240101_000000_x.jpg", "20240101_000000_x.jpg"},
        {"step02_pixel_sync_20250115_143022_", "step02_pixel_sync_20250115_143022_"},
        {"step02_20250115_143022_IMG.jpg", "step02_20250115_143022_IMG.jpg"},
        {"step2_pixel_sync_20250115_143022_IMG.jpg", "step2_pixel_sync_20250115_143022_IMG.jpg"},
        {"step02_Dance_20250115_143022_IMG.jpg", "step02_Dance_20250115_143022_IMG.jpg"},
        {"stepdance.mov", "stepdance.mov"},
        {"IMG_1234.jpg", "IMG_1234.jpg"},
        {"", ""},
    }));
    CHECK(own_name(name) == own);
}
