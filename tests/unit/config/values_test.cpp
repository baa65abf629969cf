// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/values.h"

#include <catch2/catch.hpp>

using namespace mediaferry;
using namespace mediaferry::config;

TEST_CASE("a duration is a number with a unit, larger units first", "[config]") {
    const auto [text, expected] = GENERATE(table<std::string, std::int64_t>({{"0s", 0},
                                                                             {"90s", 90},
                                                                             {"1h 30m", 5400},
                                                                             {"1h30m", 5400},
                                                                             {"48h", 172800},
                                                                             {"30d", 2592000},
                                                                             {"2w", 1209600},
                                                                             {"1y", 31536000},
                                                                             {"1 y", 31536000},
                                                                             {"1y 1d", 31622400}}));
    CAPTURE(text);
    REQUIRE(duration_from_text(text));
    CHECK(duration_from_text(text)->count() == expected);
}

TEST_CASE("what is no duration is refused", "[config]") {
    const auto text = GENERATE(as<std::string>{}, "", "30", "d", "-1d", "1.5h", "30 days", "1m 1h", "1h 1h", "1h,30m", "99999999999y",
                               "99999999999999999999s", "1M");
    CAPTURE(text);
    CHECK_FALSE(duration_from_text(text));
}

TEST_CASE("durations and sizes are shown so that they read back the same", "[config]") {
    CHECK(duration_to_text(seconds{0}) == "0s");
    CHECK(duration_to_text(seconds{90}) == "90s");
    CHECK(duration_to_text(seconds{5400}) == "90m");
    CHECK(duration_to_text(std::chrono::hours{48}) == "2d");
    CHECK(duration_to_text(std::chrono::hours{24 * 365}) == "1y");
    CHECK(size_to_text(Bytes{4ULL << 30}) == "4 GiB");
    CHECK(size_to_text(Bytes{64 << 10}) == "64 KiB");
    CHECK(size_to_text(Bytes{1000}) == "1000");
    CHECK(size_to_text(Bytes{0}) == "0");
}

TEST_CASE("a size takes binary and decimal units", "[config]") {
    const auto [text, expected] = GENERATE(table<std::string, std::uint64_t>({{"1024", 1024},
                                                                              {"20 MiB", 20971520},
                                                                              {"3 kB", 3000},
                                                                              {"4GiB", 4294967296},
                                                                              {"1.5 KiB", 1536},
                                                                              {"7 B", 7},
                                                                              {"2 TB", 2000000000000},
                                                                              {"0", 0}}));
    CAPTURE(text);
    REQUIRE(bytes_from_text(text));
    CHECK(bytes_from_text(text)->count == expected);
}

TEST_CASE("what is no size is refused", "[config]") {
    const auto text = GENERATE(as<std::string>{}, "", "lots", "-1", "4 G", "1.5", "4 GiB each", "99999999 TiB", "nan", "inf MB", "1e3");
    CAPTURE(text);
    CHECK_FALSE(bytes_from_text(text));
}

TEST_CASE("a schedule is five cron fields, a nickname or every D", "[config]") {
    const auto good = GENERATE(as<std::string>{}, "0 2 * * *", "*/15 * * * *", "0,30 8-18 * * mon-fri", "5/15 * * * *", "0 0 1 jan 0", "0 0 29 2 *",
                               "0 0 31 2 mon", "@daily", "every 10m", "every 1h 30m");
    CAPTURE(good);
    CHECK(schedule_is_valid(good));
}

TEST_CASE("a schedule that says nothing or never comes is refused", "[config]") {
    const auto bad = GENERATE(as<std::string>{}, "", "daily", "0 2 * *", "0 2 * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
                              "* * * * 8", "*/0 * * * *", "5-1 * * * *", "0 0 30 2 *", "0 0 31 4,6 *", "every", "every 0s", "every 10", "every day",
                              "1- * * * *", "a * * * *", "-1 * * * *");
    CAPTURE(bad);
    CHECK_FALSE(schedule_is_valid(bad));
}

TEST_CASE("a window is two times of day", "[config]") {
    const auto [text, valid] = GENERATE(table<std::string, bool>({{"22:00-06:00", true},
                                                                  {"6:30-07:00", true},
                                                                  {"00:00-24:00", true},
                                                                  {"22-6", false},
                                                                  {"22:00", false},
                                                                  {"25:00-26:00", false},
                                                                  {"35791395:00-06:00", false},  // in minutes more than an int holds
                                                                  {"22:60-23:00", false},
                                                                  {"22:16-0:-0", false},
                                                                  {"10:00-10:00", false},
                                                                  {"22:00-06:00-08:00", false}}));
    CAPTURE(text);
    CHECK(window_is_valid(text) == valid);
}

TEST_CASE("an address to listen on has a host and a port", "[config]") {
    const auto [text, valid] = GENERATE(table<std::string, bool>({{"127.0.0.1:8787", true},
                                                                  {"[::1]:0", true},
                                                                  {"localhost:80", true},
                                                                  {"8787", false},
                                                                  {":8787", false},
                                                                  {"127.0.0.1:", false},
                                                                  {"127.0.0.1:65536", false},
                                                                  {"::1:80", false},
                                                                  {"http://x:80", false}}));
    CAPTURE(text);
    CHECK(listen_is_valid(text) == valid);
}

TEST_CASE("a URL has a scheme we speak and a host", "[config]") {
    const auto [text, valid] = GENERATE(table<std::string, bool>({{"http://127.0.0.1:8384", true},
                                                                  {"https://nas.local/x?y", true},
                                                                  {"http://[::1]:8384/", true},
                                                                  {"http://user:pw@host:1", true},
                                                                  {"127.0.0.1:8384", false},
                                                                  {"ftp://host", false},
                                                                  {"http://", false},
                                                                  {"http://host:0", false},
                                                                  {"http://host:port", false},
                                                                  {"http://a b", false},
                                                                  {"http://::1", false}}));
    CAPTURE(text);
    CHECK(url_is_valid(text, "http https") == valid);
}

TEST_CASE("what is secret in a URL is not shown", "[config]") {
    CHECK(without_user("http://me:pw@proxy:3128/") == "http://***@proxy:3128/");
    CHECK(without_user("http://proxy:3128") == "http://proxy:3128");
    CHECK(user_of("http://me:p@w@proxy") == "me:p@w");
    CHECK(without_path("https://hooks.example.com/T00/B00/XXXX") == "https://hooks.example.com/***");
    CHECK(without_path("https://me:pw@hooks.example.com/x") == "https://***@hooks.example.com/***");
    CHECK(without_path("https://example.com/") == "https://example.com/");
}

TEST_CASE("an archive layout stays in the archive and keeps the file's name", "[config]") {
    const auto [text, valid] = GENERATE(table<std::string, bool>({{"{filename}.bak", false},
                                                                  {"{year}/{month}/{filename}", true},
                                                                  {"{filename}", true},
                                                                  {"photos/{account}/{year}-{month}-{day}/{kind}/{filename}", true},
                                                                  {"{year}/{day}_{filename}", true},
                                                                  {"", false},
                                                                  {"/{year}/{filename}", false},
                                                                  {"{year}/{month}", false},
                                                                  {"{filename}/{year}", false},
                                                                  {"../{filename}", false},
                                                                  {"{year}//{filename}", false},
                                                                  {"{week}/{filename}", false},
                                                                  {"{filename}{filename}", false}}));
    CAPTURE(text);
    CHECK(layout_is_valid(text) == valid);
}
