// SPDX-License-Identifier: GPL-3.0-or-later
// soak: years of a family's life, night by night, with a clock of its own.
//   soak [--years N] [--photos N a year] [--days N from night to night] [--begin YYYY-MM-DD] [--seed N] [--quiet NIGHTS]
// One line of JSON a year, and two at the end: before and after nights in which nothing happens.
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "common/log/log.h"
#include "tests/property/soak/family.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;

int main(int argc, char** argv) {
    soak::Wanted wanted;
    wanted.begin = from_iso("2036-02-01T12:00:00Z").value();  // a leap day, and the end of 32-bit time two years on
    int quiet = 40;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string word = argv[i];
        const auto number = std::atoi(argv[i + 1]);
        if (word == "--years")
            wanted.years = number;
        else if (word == "--photos")
            wanted.photos_a_year = number;
        else if (word == "--days")
            wanted.days = number;
        else if (word == "--begin")
            wanted.begin = from_iso(std::string(argv[i + 1]) + "T12:00:00Z").value();
        else if (word == "--seed")
            wanted.seed = static_cast<std::uint64_t>(number);
        else if (word == "--quiet")
            quiet = number;
        else
            return std::cerr << "soak: what is " << word << "?\n", 64;
    }
    const char* level = std::getenv("MEDIAFERRY_LOG_LEVEL");
    log::init(log::level_from_text(level ? level : "error"), log::Format::logfmt);
    const test::TempDir place;
    lying::Port port{place.path()};
    soak::Family family{port, wanted};
    for (int year = 1; year <= wanted.years && family.violations.empty(); ++year) {
        for (int day = 0; day < 365 + (year % 4 == 0 ? 1 : 0) && family.violations.empty(); day += wanted.days) family.night(false);
        std::cout << family.look("year " + std::to_string(year)).dump() << std::endl;
    }
    constexpr int kToRest = 30;  // keep_days, the phone's turn, the runs that are kept: with five days from night to night
    for (int night = 0; night < kToRest && family.violations.empty(); ++night) family.night(true);
    std::cout << family.look("at rest").dump() << std::endl;
    for (int night = 0; night < quiet && family.violations.empty(); ++night) family.night(true);
    std::cout << family.look("after nights of nothing").dump() << std::endl;
    return family.violations.empty() ? 0 : 1;
}
