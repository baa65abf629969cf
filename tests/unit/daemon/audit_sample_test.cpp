// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_sample.h"

#include <catch2/catch.hpp>
#include <set>

using namespace mediaferry;
using daemon::AuditSample;

namespace {

std::string month_of(std::int64_t id) { return "2024/" + std::to_string(id % 40); }

std::set<std::int64_t> drawn(int percent, std::uint64_t seed, std::int64_t files) {
    AuditSample sample{percent, seed};
    for (std::int64_t id = 1; id <= files; ++id) sample.tell(month_of(id), MediaId{id});
    std::set<std::int64_t> chosen;
    for (std::int64_t id = 1; id <= files; ++id)
        if (sample.chosen(month_of(id), MediaId{id})) chosen.insert(id);
    return chosen;
}

}  // namespace

TEST_CASE("a sample reads at least one file of every folder", "[audit]") {
    const auto chosen = drawn(1, 7, 200);
    std::set<std::string> months;
    for (const auto id : chosen) months.insert(month_of(id));
    CHECK(months.size() == 40);
    CHECK(chosen.size() < 60);
}

TEST_CASE("a sample is about as large as it was asked for, and all is all", "[audit]") {
    const auto tenth = drawn(10, 7, 20'000).size();
    CHECK(tenth > 1'800);
    CHECK(tenth < 2'300);
    CHECK(drawn(100, 7, 500).size() == 500);
    CHECK(drawn(0, 7, 500).empty());
}

TEST_CASE("the same seed draws the same files, another one others", "[audit]") {
    CHECK(drawn(10, 7, 2'000) == drawn(10, 7, 2'000));
    CHECK(drawn(10, 7, 2'000) != drawn(10, 8, 2'000));
}
