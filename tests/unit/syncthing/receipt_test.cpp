// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "tests/unit/syncthing/rows.h"

namespace mediaferry::syncthing {
namespace {

using namespace test;

}  // namespace

TEST_CASE("a receipt survives being stored, with everything it ever learned", "[syncthing]") {
    auto receipt = delivered_at_noon();
    receipt.delivery->weakness = "before_1_20";
    receipt.delivery->dwelt_at = kNoon + std::chrono::hours{48};
    receipt.freed = Freed{kFreed, kNoon + std::chrono::hours{72}, kNoon + std::chrono::hours{73}};
    receipt.held = Held{{"pixel.trashed", "the phone moved it"}, kNoon};
    receipt.kept = Kept{"dwelt", kNoon};
    const auto text = to_json(receipt);
    const auto again = receipt_from_json(text);
    CHECK(to_json(again) == text);
    CHECK(again.delivery->version == kSent);
    CHECK(again.delivery->sequence == 11);
    CHECK(again.freed->version == kFreed);
    CHECK(again.held->reason.code == "pixel.trashed");
    CHECK(again.modified == kTaken);
    CHECK(text.find("\"weak\":true") != std::string::npos);
}

TEST_CASE("a receipt of a staged file proves nothing yet", "[syncthing]") {
    const auto again = receipt_from_json(to_json(staged()));
    CHECK_FALSE(again.delivery);
    CHECK_FALSE(again.freed);
    CHECK_FALSE(again.kept);
}

TEST_CASE("what is no receipt is refused", "[syncthing]") {
    auto empty_version = delivered_at_noon();
    empty_version.delivery->version = {};
    const auto text = GENERATE_COPY(as<std::string>{}, "", "{}", "[]", "null",
                                    R"({"folder":"pixel","name":"a","size":-1,"modified":"x","sha256":""})", to_json(empty_version));
    CHECK_THROWS_AS(receipt_from_json(text), BadInput);
}

}  // namespace mediaferry::syncthing
