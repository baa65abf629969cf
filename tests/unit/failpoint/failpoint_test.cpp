// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <string_view>

#include "common/failpoint/failpoint.h"

#ifdef MEDIAFERRY_FAILPOINTS

using namespace mediaferry;

namespace {

int never_called() { return MF_AROUND("test.never", 1 + 1); }

bool is_listed(std::string_view name) {
    const auto all = failpoint::places();
    return std::any_of(all.begin(), all.end(), [&](const failpoint::Place& place) { return place.name == name; });
}

}  // namespace

TEST_CASE("every failpoint is listed before any of them was passed", "[failpoint]") {
    const auto unused = &never_called;
    CHECK(unused != nullptr);
    CHECK(is_listed("test.never.before"));
    CHECK(is_listed("test.never.after"));
    CHECK_FALSE(is_listed("test.never"));
}

TEST_CASE("a step between failpoints gives what it gave", "[failpoint]") {
    int number = 3;
    CHECK(MF_AROUND("test.value", number + 1) == 4);
    int& same = MF_AROUND("test.reference", (number));
    CHECK(&same == &number);
    MF_AROUND("test.void", static_cast<void>(number = 5));
    CHECK(number == 5);
    errno = EEXIST;
    MF_FAILPOINT("test.errno");
    CHECK(errno == EEXIST);
}

#endif
