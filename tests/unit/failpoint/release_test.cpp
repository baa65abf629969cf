// SPDX-License-Identifier: GPL-3.0-or-later
// What a release build makes of the same words: the bare step, and not a letter of the name. Checked as this compiles.
#undef MEDIAFERRY_FAILPOINTS
#include <catch2/catch.hpp>
#include <string_view>

#include "common/failpoint/failpoint.h"

#define TEXT_OF_(...) #__VA_ARGS__
#define TEXT_OF(...) TEXT_OF_(__VA_ARGS__)

static_assert(std::string_view{TEXT_OF(MF_AROUND("secret.name", ::fsync(3)))} == "(::fsync(3))");
static_assert(std::string_view{TEXT_OF(MF_FAILPOINT("secret.name"))}.find("secret") == std::string_view::npos);
static_assert(std::string_view{TEXT_OF(MF_COMMIT("secret.name"))}.find("secret") == std::string_view::npos);

TEST_CASE("without failpoints a step is its bare call", "[failpoint]") {
    const mediaferry::failpoint::Step step = MF_COMMIT("secret.name");
    CHECK(step.before == nullptr);
    step.begins();
    step.ended();
    CHECK(MF_AROUND("secret.name", 2 + 2) == 4);
}
