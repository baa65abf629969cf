// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>

#include "common/clock/cron.h"

using namespace mediaferry;

namespace {

/// Local time as a home in Berlin has it: one hour is skipped on 2025-03-30, one comes twice on 2025-10-26.
struct Berlin {
    Berlin() { set("Europe/Berlin"); }
    ~Berlin() { set("UTC"); }
    static void set(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }
};

Timestamp at(const char* text) { return from_iso(text).value(); }
std::string next(const char* expression, const char* after) { return to_iso(Cron::from_text(expression).value().next(at(after))); }

}  // namespace

TEST_CASE("a cron expression says when it comes next", "[cron]") {
    Berlin::set("UTC");
    const auto [expression, after, then] = GENERATE(table<const char*, const char*, const char*>({
        {"0 2 * * *", "2025-01-15T01:59:59Z", "2025-01-15T02:00:00Z"},
        {"0 2 * * *", "2025-01-15T02:00:00Z", "2025-01-16T02:00:00Z"},
        {"*/15 * * * *", "2025-01-15T10:44:00Z", "2025-01-15T10:45:00Z"},
        {"5-10/5 8,20 * * *", "2025-01-15T08:05:00Z", "2025-01-15T08:10:00Z"},
        {"0 9 * * mon-fri", "2025-01-17T09:00:00Z", "2025-01-20T09:00:00Z"},
        {"0 9 * * 7", "2025-01-15T09:00:00Z", "2025-01-19T09:00:00Z"},
        {"0 0 1 Jan *", "2025-01-15T00:00:00Z", "2026-01-01T00:00:00Z"},
        {"0 0 29 2 *", "2025-01-15T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 13 * fri", "2025-01-15T00:00:00Z", "2025-01-17T00:00:00Z"},  // the 13th or a Friday
        {"44 20 3 7 */7", "2023-11-14T22:13:20Z", "2033-07-03T20:44:00Z"},  // a 3 July that is a Sunday
        {"0 0 29 2 */7", "2088-02-29T00:00:00Z", "2128-02-29T00:00:00Z"},   // 29 February and a Sunday, over 2100
        {"@daily", "2025-01-15T12:00:00Z", "2025-01-16T00:00:00Z"},
        {"30 1/6 * * *", "2025-01-15T08:00:00Z", "2025-01-15T13:30:00Z"},
    }));
    CHECK(next(expression, after) == then);
}

TEST_CASE("what is no cron expression is refused", "[cron]") {
    const auto* text = GENERATE("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *",
                                "a * * * *", "0 0 30 2 *", "* * * * * *", "@reboot", "1- * * * *", "*/60 * * * *", "1/2147483647 * * * *");
    CAPTURE(text);
    CHECK_FALSE(Cron::from_text(text).has_value());
}

TEST_CASE("a time that the clock skips in spring comes at the jump", "[cron]") {
    const Berlin berlin;
    CHECK(next("30 2 * * *", "2025-03-29T12:00:00Z") == "2025-03-30T01:00:00Z");  // 03:00 local, there is no 02:30
    CHECK(next("30 2 * * *", "2025-03-30T01:00:00Z") == "2025-03-31T00:30:00Z");
    CHECK(next("30 3 * * *", "2025-03-29T12:00:00Z") == "2025-03-30T01:30:00Z");
    CHECK(next("*/30 * * * *", "2025-03-30T00:30:00Z") == "2025-03-30T01:00:00Z");
}

TEST_CASE("a time that comes twice in autumn comes once, unless it is every hour", "[cron]") {
    const Berlin berlin;
    CHECK(next("30 2 * * *", "2025-10-25T12:00:00Z") == "2025-10-26T00:30:00Z");
    CHECK(next("30 2 * * *", "2025-10-26T00:30:00Z") == "2025-10-27T01:30:00Z");
    CHECK(next("30 * * * *", "2025-10-26T00:30:00Z") == "2025-10-26T01:30:00Z");
}

TEST_CASE("a window may reach over midnight", "[window]") {
    Berlin::set("UTC");
    const auto night = Window::from_text("22:00-06:00").value();
    CHECK(night.contains(at("2025-01-15T22:00:00Z")));
    CHECK(night.contains(at("2025-01-15T03:00:00Z")));
    CHECK_FALSE(night.contains(at("2025-01-15T06:00:00Z")));
    CHECK_FALSE(night.contains(at("2025-01-15T12:00:00Z")));
    CHECK(to_iso(next_open({night}, at("2025-01-15T12:00:30Z"))) == "2025-01-15T22:00:00Z");
    CHECK(to_iso(next_open({night}, at("2025-01-15T23:00:30Z"))) == "2025-01-15T23:00:30Z");
    CHECK(to_iso(next_open({}, at("2025-01-15T12:00:30Z"))) == "2025-01-15T12:00:30Z");
}

TEST_CASE("what is no window is refused", "[window]") {
    const auto* text = GENERATE("", "22:00", "22-6", "25:00-06:00", "35791395:00-06:00", "22:60-06:00", "06:00-06:00", "a:00-b:00");
    CAPTURE(text);
    CHECK_FALSE(Window::from_text(text).has_value());
}
