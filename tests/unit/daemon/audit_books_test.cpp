// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_books.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/support/house.h"

using namespace mediaferry;

namespace {

std::int64_t violations_of_google(test::House& house, MediaId id) {
    daemon::Ledger ledger;
    const auto item = media_db::Catalogue(house.db()).item(id).value();
    daemon::AuditBooks{house.db(), house.settings, house.clock.now()}.file(daemon::AuditFacts::of(house.db(), item), ledger);
    const auto invariants = ledger.invariants();
    return std::ranges::find(invariants, "I3", &daemon::Invariant::name)->violations;
}

void rebuilt(test::House& house, MediaId id, bool claimed) {
    media_db::Events(house.db()).add(
        {0, house.clock.now(), id, {}, {}, "icloud_download", "rebuilt", std::string{R"({"claimed_at_google":)"} + (claimed ? "true}" : "false}")});
}

}  // namespace

TEST_CASE("At Google is what was proven, or what the archive's books remember after a rebuild", "[audit]") {
    test::House house;
    const auto id = house.downloaded("IMG_0001.JPG");
    CHECK(violations_of_google(house, id) == 0);
    media_db::Catalogue(house.db()).set_flags(id, true, {}, {}, {}, house.clock.now());
    CHECK(violations_of_google(house, id) == 1);
    rebuilt(house, id, false);
    CHECK(violations_of_google(house, id) == 1);
    rebuilt(house, id, true);
    CHECK(violations_of_google(house, id) == 0);

    media_db::Copy copy;  // seen on the phone since: now that counts, and it is not proven yet
    copy.media = id;
    copy.place = Place::pixel;
    copy.path = "IMG_0001.JPG";
    copy.sha256 = media_db::Catalogue(house.db()).item(id)->sha256;
    copy.size = Bytes{20'000};
    copy.proof = "delivered";
    copy.written = house.clock.now();
    media_db::Evidence(house.db()).add(copy);
    CHECK(violations_of_google(house, id) == 1);
}
