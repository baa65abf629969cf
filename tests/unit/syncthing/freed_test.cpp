// SPDX-License-Identifier: GPL-3.0-or-later
// facts/syncthing.md D.3 to D.5: which deletion on the phone is a receipt, and which only looks like one.
#include <catch2/catch.hpp>

#include "tests/unit/syncthing/rows.h"

namespace mediaferry::syncthing {
namespace {

using namespace test;
using namespace std::chrono_literals;

const Timestamp kLater = kNoon + 80h;

std::optional<Freed> judged(const FileAnswer& answer, const Receipt& receipt = delivered_at_noon()) { return freed(answer, receipt, kPhone, kLater); }

std::optional<Reason> doubted(const std::vector<OnPhone>& made, Timestamp deleted = kNoon + 72h, std::chrono::seconds dwell = 48h,
                              Timestamp distrusted = {}) {
    const auto receipt = delivered_at_noon();
    return doubt(*freed(deleted_by_phone(deleted), receipt, kPhone, kLater), receipt, made, dwell, distrusted);
}

}  // namespace

TEST_CASE("freed: the phone itself deleted exactly what was delivered", "[syncthing]") {
    const auto receipt = judged(deleted_by_phone());
    REQUIRE(receipt);
    CHECK(receipt->version == kFreed);
    CHECK(receipt->at == kLater);
    CHECK(receipt->phone_time == kNoon + 72h);
    CHECK_FALSE(doubted({}));
}

TEST_CASE("not freed: no delivery to this phone was proven before", "[syncthing]") {
    CHECK_FALSE(judged(deleted_by_phone(), staged()));
    auto receipt = delivered_at_noon();
    receipt.delivery->device = kOther;
    CHECK_FALSE(judged(deleted_by_phone(), receipt));
}

TEST_CASE("not freed: the file is alive, or its deletion does not count", "[syncthing]") {
    CHECK_FALSE(judged(arrived()));
    auto answer = deleted_by_phone();
    answer.global.invalid = true;
    CHECK_FALSE(judged(answer));
    answer = deleted_by_phone();
    answer.global.name = "";
    CHECK_FALSE(judged(answer));
}

TEST_CASE("not freed: somebody else than the phone deleted it", "[syncthing]") {
    auto answer = deleted_by_phone();
    answer.global.modified_by = GENERATE(as<std::string>{}, "SRVAAAA", "OTHAAAA", "");
    CHECK_FALSE(judged(answer));
}

TEST_CASE("not freed: the name was used again for another photo while the phone was away", "[syncthing]") {
    // 2.1.3 says: global deleted by P, [S:796,P:799], nothing needed, completion 100; local is the new photo, [S:813].
    auto answer = deleted_by_phone();
    answer.local = entry({{{"SRVAAAA", 813}}});
    auto receipt = delivered_at_noon();
    CHECK_FALSE(judged(answer, receipt));
    receipt.delivery->version = {{{"SRVAAAA", 813}}};
    CHECK_FALSE(judged(answer, receipt));
}

TEST_CASE("not freed: our own copy is no longer the proven one", "[syncthing]") {
    auto answer = deleted_by_phone();
    answer.local.deleted = true;
    CHECK_FALSE(judged(answer));
    answer = deleted_by_phone();
    answer.local.invalid = true;
    CHECK_FALSE(judged(answer));
    answer = deleted_by_phone();
    answer.local = {};
    CHECK_FALSE(judged(answer));
    answer = deleted_by_phone();
    answer.local.version = kFreed;
    CHECK_FALSE(judged(answer));
}

TEST_CASE("not freed after the phone came back with a new index: the vector it adopted is not the proven one", "[syncthing]") {
    auto answer = deleted_by_phone();
    answer.global.version = {{{"PHNAAAA", 900}}};
    answer.local.version = {{{"PHNAAAA", 850}}};
    CHECK_FALSE(judged(answer));
}

TEST_CASE("doubted: moved to Android's trash", "[syncthing]") {
    const auto reason = doubted({{".trashed-1764230400-IMG_1-1.HEIC", 10}});
    REQUIRE(reason);
    CHECK(reason->code == "pixel.trashed");
    CHECK_FALSE(doubted({{".trashed-1764230400-IMG_2-2.HEIC", 99}}));
    CHECK_FALSE(doubted({{".trashed--IMG_1-1.HEIC", 99}, {".trashed-x-IMG_1-1.HEIC", 99}}));
}

TEST_CASE("doubted: a file of the same size appeared elsewhere in the folder", "[syncthing]") {
    CHECK(doubted({{"album/IMG_1-1.HEIC", 10}})->code == "pixel.moved_on_phone");
    CHECK_FALSE(doubted({{"album/IMG_1-1.HEIC", 11}}));
}

TEST_CASE("doubted: deleted sooner after its arrival than a day, or than a shorter dwell", "[syncthing]") {
    CHECK(doubted({}, kNoon + 23h)->code == "pixel.freed_too_soon");
    CHECK_FALSE(doubted({}, kNoon + 24h));
    CHECK(doubted({}, kNoon + 59min, 1h)->code == "pixel.freed_too_soon");
    CHECK_FALSE(doubted({}, kNoon + 1h, 1h));
    CHECK_FALSE(doubted({}, kNoon - 5s, 0s));
}

TEST_CASE("doubted: a phone whose clock runs ahead does not make the deletion older", "[syncthing]") {
    const auto receipt = delivered_at_noon();
    const auto seen_early = freed(deleted_by_phone(kNoon + 100h), receipt, kPhone, kNoon + 1h);
    CHECK(doubt(*seen_early, receipt, {}, 48h, {})->code == "pixel.freed_too_soon");
}

TEST_CASE("doubted: delivered before the phone's Syncthing was reset", "[syncthing]") {
    CHECK(doubted({}, kNoon + 72h, 48h, kNoon + 1s)->code == "pixel.proof_stale");
    CHECK_FALSE(doubted({}, kNoon + 72h, 48h, kNoon));
}

TEST_CASE("what the phone made and deleted is told apart from what others did", "[syncthing]") {
    auto made = entry({{{"PHNAAAA", 1}}}, "PHNAAAA");
    made.name = "IMG_20261120.jpg";
    auto directory = made;
    directory.name = "album";
    directory.is_file = false;
    auto other = made;
    other.modified_by = "OTHAAAA";
    const std::vector<FileEntry> need{made, directory, other, deleted_by_phone().global};
    REQUIRE(made_on_phone(need, kPhone).size() == 1);
    CHECK(made_on_phone(need, kPhone).front().name == "IMG_20261120.jpg");
    CHECK(deleted_on_phone(need, kPhone) == std::vector<std::string>{"IMG_1-1.HEIC"});
    CHECK(deleted_on_phone(need, kOther).empty());
}

TEST_CASE("Google Photos owns photos and videos, no sidecars", "[syncthing]") {
    CHECK(google_can_own(MediaKind::photo));
    CHECK(google_can_own(MediaKind::raw));
    CHECK(google_can_own(MediaKind::video));
    CHECK_FALSE(google_can_own(MediaKind::sidecar));
    CHECK_FALSE(google_can_own(MediaKind::other));
}

}  // namespace mediaferry::syncthing
